//! Why a message ended.

use serde::Serialize;

use crate::json::Json;
use crate::wire::open_enum;

open_enum! {
    /// Why the model stopped, as the service says it. It may err: see [`MessageStop::has_tool_use`].
    StopReason {
        /// It had said all.
        EndTurn = "end_turn",
        /// It waits for the answers of its tool calls.
        ToolUse = "tool_use",
        /// It reached the request's limit of tokens.
        MaxTokens = "max_tokens",
        /// It wrote one of the request's stop sequences.
        StopSequence = "stop_sequence",
        /// A guardrail stepped in.
        GuardrailIntervened = "guardrail_intervened",
        /// Its reply was filtered.
        ContentFiltered = "content_filtered",
        /// What it wrote could not be read.
        MalformedModelOutput = "malformed_model_output",
        /// A tool call that it wrote could not be read.
        MalformedToolUse = "malformed_tool_use",
        /// It reached the end of its context.
        ModelContextWindowExceeded = "model_context_window_exceeded",
    }
}

impl StopReason {
    /// Whether the model was stopped before it had said all, so that its last block may be cut.
    #[must_use]
    pub const fn cuts_short(&self) -> bool {
        match self {
            Self::MaxTokens
            | Self::GuardrailIntervened
            | Self::ContentFiltered
            | Self::MalformedModelOutput
            | Self::MalformedToolUse
            | Self::ModelContextWindowExceeded => true,
            Self::EndTurn | Self::ToolUse | Self::StopSequence | Self::Unknown(_) => false,
        }
    }
}

/// The end of the message. Usage may still follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageStop {
    /// Why the model stopped; `Unknown("")` where the service gave no reason.
    pub reason: StopReason,
    /// The model's own word for it, where that is another than Converse's: `FINISH`, `length`, `COMPLETE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<str>>,
    /// Whether the message holds a call that the caller must answer. Claude has stopped with `end_turn` after one, and
    /// models with `tool_use` without one: go by this.
    pub has_tool_use: bool,
    /// What the request's `additionalModelResponseFieldPaths` asked for; of a model's own stream, what it said of its end
    /// beside the reason (`stop_sequence`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_fields: Option<Json>,
}

impl MessageStop {
    /// An end for a reason that the model's own format has another word for.
    pub(crate) fn translated(reason: StopReason, raw: &str) -> Self {
        Self {
            raw: (reason.as_str() != raw).then(|| raw.into()),
            ..Self::new(reason)
        }
    }

    /// An end for this reason.
    #[must_use]
    pub const fn new(reason: StopReason) -> Self {
        Self {
            reason,
            raw: None,
            has_tool_use: false,
            additional_fields: None,
        }
    }
}
