//! The verdict on a stream, as it is printed.

use std::error::Error;

use bedrock_wire::{ErrorSource, Missing, ServiceError};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::frames::print::Fault;

/// The verdict on a stream, as it is printed.
pub(super) enum Verdict {
    Complete,
    Incomplete(Missing),
    Failed { error: Value, text: String },
}

impl Verdict {
    /// The frames are damaged.
    pub(super) fn damaged(fault: &Fault) -> Self {
        let Fault {
            kind,
            offset,
            message,
        } = fault;
        Self::Failed {
            error: json!({"kind": kind, "offset": offset, "message": message}),
            text: format!("{kind}: {message}"),
        }
    }

    /// The reader has failed; `service` where the service reported it.
    pub(super) fn failed(error: &impl Error, service: Option<&ServiceError>) -> Self {
        let text = error.to_string();
        let error = match service {
            Some(service) => of_service(service),
            None => json!({"kind": "protocol", "message": text}),
        };
        Self::Failed { error, text }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete(_) => "incomplete",
            Self::Failed { .. } => "failed",
        }
    }

    /// `outcome`, and `missing` or `error`.
    pub(super) fn as_json(&self) -> Map<String, Value> {
        let mut last = Map::new();
        last.insert("outcome".to_owned(), self.name().into());
        match self {
            Self::Complete => {}
            Self::Incomplete(missing) => {
                let name = match missing {
                    Missing::CleanEnd => "cleanEnd".to_owned(),
                    Missing::Event(name) => (*name).to_owned(),
                    Missing::SessionClose => "sessionClose".to_owned(),
                    other => other.to_string(),
                };
                last.insert("missing".to_owned(), name.into());
            }
            Self::Failed { error, .. } => {
                last.insert("error".to_owned(), error.clone());
            }
        }
        last
    }

    /// A line for people where it is not complete.
    pub(super) fn why(&self) -> Option<String> {
        match self {
            Self::Complete => None,
            Self::Incomplete(missing) => Some(missing.to_string()),
            Self::Failed { text, .. } => Some(text.clone()),
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Complete => Exit::Complete,
            Self::Incomplete(_) => Exit::Incomplete,
            Self::Failed { .. } => Exit::Failed,
        }
    }
}

/// What the service reported, in the form of docs/converse-stream.md.
fn of_service(error: &ServiceError) -> Value {
    let kind = match error.reported_in() {
        ErrorSource::Exception => "exception",
        _ => "error",
    };
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    add("kind", kind.into());
    add("code", error.code().into());
    add("message", error.message().into());
    if let Some(status) = error.original_status() {
        add("originalStatus", status.into());
    }
    if let Some(message) = error.original_message() {
        add("originalMessage", message.into());
    }
    members.into()
}
