//! What the server tells whoever watches it. No audio, no text of prompts, no secret.

use std::fmt;

use crate::operation::Operation;
use crate::service_error::ServiceError;
use crate::verify::Refusal;

/// Something that happened on one call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A call was accepted.
    Opened {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
        /// The operation.
        operation: Operation,
        /// The model, percent-decoded.
        model_id: String,
    },
    /// A signature was refused.
    Refused {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
        /// Which part differs.
        refusal: Refusal,
    },
    /// Something looked wrong and was let through, because nobody knows what the service does with it.
    Warning {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
        /// What it was.
        what: String,
    },
    /// The call was ended with an error.
    Failed {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
        /// The error, as the client sees it.
        error: ServiceError,
    },
    /// The call ended in order.
    Completed {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
    },
    /// The client went away.
    Aborted {
        /// The `x-amzn-requestid` of the answer.
        request_id: String,
        /// How the transport put it.
        how: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened {
                request_id,
                operation,
                model_id,
            } => {
                write!(
                    f,
                    "{request_id} opened: {} on {model_id:?}",
                    operation.name()
                )
            }
            Self::Refused {
                request_id,
                refusal,
            } => write!(f, "{request_id} refused: {refusal}"),
            Self::Warning { request_id, what } => write!(f, "{request_id} warning: {what}"),
            Self::Failed { request_id, error } => write!(f, "{request_id} failed: {error}"),
            Self::Completed { request_id } => write!(f, "{request_id} completed"),
            Self::Aborted { request_id, how } => write!(f, "{request_id} aborted: {how}"),
        }
    }
}
