//! Why a session's output could not be read, or what the service reported in it.

use std::fmt;

use bedrock_wire::{Advice, PartError, ServiceError};

/// What ended the reading. Cheap to clone; holds nothing of what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The service reported an error. The session is over; nothing of it can be resumed.
    Service(ServiceError),
    /// A frame's payload is not a payload part.
    Part(PartError),
    /// A chunk is not JSON.
    Json {
        /// The column, in bytes from 1, where it goes wrong.
        at: usize,
    },
    /// Speech that is not base64.
    Audio {
        /// Characters of the text.
        len: usize,
    },
}

impl ReadError {
    /// The error that the service reported.
    #[must_use]
    pub const fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error),
            _ => None,
        }
    }

    /// What to do: the service's errors by the table, a damaged stream in a new session.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Service(error) => error.advice(),
            _ => Advice::NewSession,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Part(error) => error.fmt(f),
            Self::Json { at } => write!(f, "a chunk is not JSON (column {at})"),
            Self::Audio { len } => write!(f, "speech of {len} characters is not base64"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Service(error) => Some(error),
            Self::Part(error) => Some(error),
            _ => None,
        }
    }
}
