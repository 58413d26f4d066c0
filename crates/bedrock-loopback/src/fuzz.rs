//! The bodies of the fuzz targets: ordinary functions, which `cargo test` replays over the committed corpus.
//!
//! Each panics where a promise of the server is broken; whatever the bytes are, none may.

mod chain;
mod frames;
mod grammar;
mod head;

pub use chain::chain;
pub use frames::frames;
pub use grammar::grammar;
pub use head::head;

use crate::verify::Refusal;

/// The key of the targets.
const SECRET: &str = crate::credentials::EXAMPLE_SECRET_ACCESS_KEY;

/// A refusal says what is wrong, and never shows the secret.
fn check_words(refusal: &Refusal) {
    let shown = format!("{refusal} {refusal:?}");
    assert!(!shown.contains(SECRET), "the secret is shown");
    assert!(refusal.status() >= 400 && !refusal.code().is_empty());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Files that a corpus holds at least; an empty folder would prove nothing.
    const LEAST: usize = 4;

    fn replay(target: &str, body: fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let folder = corpus.join(target);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            // Cut here and there and with any byte changed it must hold as well.
            for cut in (0..data.len()).step_by(7).chain([data.len()]) {
                body(&data[..cut]);
            }
            for at in 0..data.len() {
                let mut data = data.clone();
                data[at] = data[at].wrapping_add(97);
                body(&data);
            }
            count += 1;
        }
        assert!(count >= LEAST, "{}: {count} files", folder.display());
    }

    #[test]
    fn head() {
        replay("head", super::head);
    }

    #[test]
    fn frames() {
        replay("frames", super::frames);
    }

    #[test]
    fn chain() {
        replay("chain", super::chain);
    }

    #[test]
    fn grammar() {
        replay("grammar", super::grammar);
    }
}
