//! A tool call as it stands at the end of its block.

use serde::Serialize;

use crate::json::Json;
use crate::request::tool::ToolUseType;

/// A tool call whose block has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The call's id, to be repeated in the answer.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Who runs it, as the service says; the caller where absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ToolUseType>,
    /// What the model calls it with.
    pub input: ToolInput,
}

impl ToolCall {
    pub(crate) const fn open(id: String, name: String, kind: Option<ToolUseType>) -> Self {
        Self {
            id,
            name,
            kind,
            input: ToolInput::Cut(String::new()),
        }
    }

    /// Whether the service runs the tool itself, so that nothing is to be answered.
    #[must_use]
    pub fn is_hosted(&self) -> bool {
        self.kind == Some(ToolUseType::ServerToolUse)
    }
}

/// What a model calls a tool with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ToolInput {
    /// Whole; the empty object where the model wrote nothing and the message went on or ended in order.
    Complete(Json),
    /// Cut: the JSON, or the message, or the stream ended too early. What had come of it.
    Cut(String),
    /// Not JSON. What came.
    Invalid(String),
}

impl ToolInput {
    /// The input, where it is whole.
    #[must_use]
    pub const fn json(&self) -> Option<&Json> {
        match self {
            Self::Complete(json) => Some(json),
            _ => None,
        }
    }

    /// The text, whole or not.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Complete(json) => json.as_str(),
            Self::Cut(text) | Self::Invalid(text) => text,
        }
    }

    pub(crate) fn push(&mut self, fragment: &str) {
        if let Self::Cut(text) = self {
            text.push_str(fragment);
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Cut(text) if text.trim().is_empty())
    }

    /// Judges the text at the end of its block; a blank one is left as it is.
    pub(crate) fn end(&mut self) {
        let Self::Cut(text) = self else { return };
        if text.trim().is_empty() {
            return;
        }
        match serde_json::from_str(text) {
            Ok(json) => *self = Self::Complete(json),
            Err(error) if error.is_eof() => {}
            Err(_) => *self = Self::Invalid(core::mem::take(text)),
        }
    }
}
