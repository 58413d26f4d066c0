//! Model families as arguments.

use converse_stream::family::Family;

/// The family of this name.
///
/// # Errors
/// Where there is none; the text names all.
pub(crate) fn named(name: &str) -> Result<Family, String> {
    Family::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = Family::all().map(Family::name).collect();
        format!("one of {}", names.join(", "))
    })
}
