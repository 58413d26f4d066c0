//! How a stream ended, and what had arrived by then.

use std::fmt;

/// The verdict on a stream: complete, cut, or failed. What was received is never lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome<R, E> {
    /// All that the protocol asks of an end was there.
    Complete(R),
    /// The stream stopped before its end, and nobody said why.
    Incomplete {
        /// What the end lacks.
        missing: Missing,
        /// What had arrived.
        received: R,
    },
    /// The stream ended with an error.
    Failed {
        /// The error.
        error: E,
        /// What had arrived.
        received: R,
    },
}

impl<R, E> Outcome<R, E> {
    /// Whether the stream reached its end in order.
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }

    /// `complete`, `incomplete` or `failed`, as in JSON output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Complete(_) => "complete",
            Self::Incomplete { .. } => "incomplete",
            Self::Failed { .. } => "failed",
        }
    }

    /// What had arrived.
    pub const fn received(&self) -> &R {
        match self {
            Self::Complete(received)
            | Self::Incomplete { received, .. }
            | Self::Failed { received, .. } => received,
        }
    }

    /// What had arrived, taken out.
    pub fn into_received(self) -> R {
        match self {
            Self::Complete(received)
            | Self::Incomplete { received, .. }
            | Self::Failed { received, .. } => received,
        }
    }

    /// The error of a failed stream.
    pub const fn error(&self) -> Option<&E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The same verdict with another account of what was received.
    pub fn map<T>(self, with: impl FnOnce(R) -> T) -> Outcome<T, E> {
        match self {
            Self::Complete(received) => Outcome::Complete(with(received)),
            Self::Incomplete { missing, received } => Outcome::Incomplete {
                missing,
                received: with(received),
            },
            Self::Failed { error, received } => Outcome::Failed {
                error,
                received: with(received),
            },
        }
    }

    /// The same verdict with another error type.
    pub fn map_err<F>(self, with: impl FnOnce(E) -> F) -> Outcome<R, F> {
        match self {
            Self::Complete(received) => Outcome::Complete(received),
            Self::Incomplete { missing, received } => Outcome::Incomplete { missing, received },
            Self::Failed { error, received } => Outcome::Failed {
                error: with(error),
                received,
            },
        }
    }
}

/// What a stream lacks to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missing {
    /// The transport did not end in order: a reset, a lost connection, a cut inside a frame.
    CleanEnd,
    /// The event that ends such a stream, by its name on the wire (`messageStop`).
    Event(&'static str),
    /// The stream ended in order, but neither side had closed the session.
    SessionClose,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CleanEnd => f.write_str("the transport was cut before the end of the stream"),
            Self::Event(name) => write!(f, "the stream ended without `{name}`"),
            Self::SessionClose => {
                f.write_str("the stream ended before either side closed the session")
            }
        }
    }
}
