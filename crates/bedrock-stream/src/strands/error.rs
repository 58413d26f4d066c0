//! What can go wrong, in the order of Strands' errors.

use std::error::Error as StdError;
use std::fmt;

use bedrock_wire::ServiceErrorKind;

use crate::error::Error;
use crate::strands::input::Start;

/// Why an operation of a [`BidiModel`](crate::strands::BidiModel) failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BidiError {
    /// It is started: stop it before starting it again.
    AlreadyStarted,
    /// It is not started.
    NotStarted {
        /// What needs a connection.
        operation: &'static str,
    },
    /// Nova Sonic takes no such thing.
    Unsupported {
        /// What.
        what: &'static str,
    },
    /// The service's time is up: eight minutes, or long silence. Give `restart` to
    /// [`restart`](crate::strands::BidiModel::restart), and the conversation goes on.
    Timeout {
        /// What the service said.
        error: Error,
        /// What the next connection needs.
        restart: Box<Start>,
    },
    /// Anything else that ends a connection, or refuses an operation.
    Failed(Error),
}

impl BidiError {
    /// Whether the service has ended the connection for its age or the user's silence.
    pub(super) fn is_timeout(error: &Error) -> bool {
        error.service().is_some_and(|service| match service.kind() {
            ServiceErrorKind::ModelTimeout => true,
            ServiceErrorKind::Validation => service.message().contains("InternalErrorCode=531"),
            _ => false,
        })
    }
}

impl From<Error> for BidiError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for BidiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => {
                f.write_str("the model is started already: stop it before starting it again")
            }
            Self::NotStarted { operation } => {
                write!(f, "the model is not started: start it before {operation}")
            }
            Self::Unsupported { what } => write!(f, "Nova Sonic does not take {what}"),
            Self::Timeout { error, .. } => write!(f, "the connection's time is up: {error}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl StdError for BidiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Timeout { error, .. } | Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// A step of [`stop`](crate::strands::BidiModel::stop).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopStep {
    /// The closing events and the signed end.
    Close,
    /// Waiting for the service to end the call.
    Drain,
}

/// Steps of [`stop`](crate::strands::BidiModel::stop) that failed. All of them ran, and the connection is gone.
#[derive(Clone, Debug)]
pub struct StopError {
    failures: Vec<(StopStep, Error)>,
}

impl StopError {
    /// Nothing, where nothing failed.
    pub(super) fn of(failures: Vec<(StopStep, Error)>) -> Result<(), Self> {
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Self { failures })
        }
    }

    /// What failed, in the order of the steps.
    #[must_use]
    pub fn failures(&self) -> &[(StopStep, Error)] {
        &self.failures
    }
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection did not stop in order")?;
        for (step, error) in &self.failures {
            write!(f, "; {step:?}: {error}")?;
        }
        Ok(())
    }
}

impl StdError for StopError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failures.first().map(|(_, error)| error as _)
    }
}
