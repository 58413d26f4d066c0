//! Why a leg ended, why a conversation did, and what a restart by hand needs.

use std::fmt;
use std::sync::Arc;

use bedrock_wire::{Advice, AdviceTable, ServiceError};

use crate::read::ReadError;
use crate::session::{PendingTool, TurnId};
use crate::write::HistoryRole;

/// Why a leg could not be opened or ended early. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LegFault {
    advice: Advice,
    service: Option<ServiceError>,
    text: Arc<str>,
}

impl LegFault {
    /// A fault of the transport, the credentials or whatever else is not the service's word. `text` is one line without
    /// anything of what was said.
    #[must_use]
    pub fn new(advice: Advice, text: impl Into<Arc<str>>) -> Self {
        Self {
            advice,
            service: None,
            text: text.into(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        self.advice
    }

    /// The error that the service reported, with its raw text.
    #[must_use]
    pub const fn service_error(&self) -> Option<&ServiceError> {
        self.service.as_ref()
    }

    /// A service error is judged by the conversation's own table, whatever judged it before.
    pub(super) fn judged_by(self, table: &AdviceTable) -> Self {
        match self.service {
            Some(error) => Self::from(error.advised_by(table)),
            None => self,
        }
    }

    /// Whether the history was longer than the service takes: the next leg gets half of it.
    pub(super) fn is_history_over_limit(&self) -> bool {
        let over = |error: &ServiceError| error.message().contains("history is over max limit");
        self.service.as_ref().is_some_and(over)
    }
}

impl From<ServiceError> for LegFault {
    fn from(error: ServiceError) -> Self {
        Self {
            advice: error.advice(),
            text: error.to_string().into(),
            service: Some(error),
        }
    }
}

impl From<&ReadError> for LegFault {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::Service(error) => error.clone().into(),
            other => Self::new(other.advice(), other.to_string()),
        }
    }
}

impl fmt::Display for LegFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for LegFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.service.as_ref().map(|error| error as _)
    }
}

/// Why a conversation ended before it was closed.
#[derive(Clone, Debug)]
pub struct ConversationError {
    pub(super) fault: LegFault,
    pub(super) attempts: u32,
}

impl ConversationError {
    /// What ended the last leg, or kept the next from being opened.
    #[must_use]
    pub const fn fault(&self) -> &LegFault {
        &self.fault
    }

    /// Legs that failed in a row, without a whole answer between them; 1 where nothing was tried again.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl fmt::Display for ConversationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            0 | 1 => write!(f, "the conversation was lost: {}", self.fault),
            n => write!(
                f,
                "the conversation was lost after {n} attempts: {}",
                self.fault
            ),
        }
    }
}

impl std::error::Error for ConversationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

/// What whoever starts again by hand needs of a conversation, as it stands now.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Restart {
    /// What was said, oldest first, for [`ConversationConfig::history`](super::ConversationConfig::history).
    pub history: Vec<(HistoryRole, String)>,
    /// Tool uses without a result: their results go in as text ([`PendingTool::carried_over`]).
    pub pending_tools: Vec<PendingTool>,
    /// Turns of the user that had no answer.
    pub unanswered: Vec<TurnId>,
}
