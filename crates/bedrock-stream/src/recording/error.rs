//! Why a recording cannot be read.

use std::fmt;
use std::sync::Arc;

/// Why a recording cannot be read. A file that was cut is no error: [`Transcript::is_closed`](super::Transcript::is_closed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file.
    Io(Arc<std::io::Error>),
    /// The first line is not that of a recording.
    NoRecording,
    /// A version that this reader does not know.
    Version(u64),
    /// A line, counted from 1, that is not the last and is not what it should be.
    Line {
        /// The line.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl ReadError {
    pub(super) fn line(number: usize, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Line { number, why }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the recording: {error}"),
            Self::NoRecording => {
                f.write_str("this is no recording: its first line does not say so")
            }
            Self::Version(version) => write!(
                f,
                "the recording has version {version}, and this reader knows up to {}",
                super::VERSION
            ),
            Self::Line { number, why } => write!(f, "line {number} of the recording: {why}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
