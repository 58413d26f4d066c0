//! Why a stream failed.

use std::error::Error;
use std::fmt;

use bedrock_wire::{Advice, ServiceError};
use eventstream_codec::DecodeError;

/// Why a stream failed. Nothing follows it. Cheap to clone; holds nothing of what the model wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The service reported it, by an exception or an error frame.
    Service(ServiceError),
    /// The bytes are not frames.
    Decode(DecodeError),
    /// An event's payload is not what its type says.
    Payload {
        /// The event's type.
        event: &'static str,
        /// What was expected.
        expected: &'static str,
        /// Where in the payload, in bytes from 1, if known.
        column: Option<usize>,
    },
    /// An event stands where it must not.
    Order {
        /// The event's type.
        event: &'static str,
        /// Its block, if it has one.
        index: Option<u32>,
        /// The rule that it breaks.
        rule: &'static str,
    },
}

impl StreamError {
    /// What to do. Nothing is retried by itself once an event has come.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Service(error) => error.advice(),
            Self::Decode(_) => Advice::Now,
            Self::Payload { .. } | Self::Order { .. } => Advice::Never,
        }
    }

    /// The service's error, where it is one.
    #[must_use]
    pub const fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Decode(error) => write!(f, "the stream is damaged: {error}"),
            Self::Payload {
                event,
                expected,
                column,
            } => {
                write!(
                    f,
                    "the payload of `{event}` is not as it should be: expected {expected}"
                )?;
                column.map_or(Ok(()), |column| write!(f, " (column {column})"))
            }
            Self::Order { event, index, rule } => {
                write!(f, "`{event}` out of order")?;
                if let Some(index) = index {
                    write!(f, " in block {index}")?;
                }
                write!(f, ": {rule}")
            }
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Payload { .. } | Self::Order { .. } => None,
        }
    }
}

impl From<ServiceError> for StreamError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<DecodeError> for StreamError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
