//! Why a check could not pass, as one line for a person.

use std::error::Error;
use std::fmt::{self, Display};
use std::path::Path;

/// A failed check, or a check that could not be made; nobody matches on it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// A fault met while `doing` something to `path`.
    pub(crate) fn at(path: &Path, doing: &str, cause: impl Display) -> Self {
        Self::new(format!("{doing} {}: {cause}", path.display()))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}
