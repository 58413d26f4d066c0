//! What a conversation's observer is told.

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::read::{ServerEvent, TokenUsage, ToolUse};

/// A turn of the user or an answer of the model, counted through the whole conversation, legs and all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TurnId(pub(super) u32);

impl TurnId {
    /// The turn's number, from 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One connection's life within a conversation that may span several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Leg(pub u32);

impl Leg {
    /// The first, and in a conversation without renewal the only one.
    pub const FIRST: Self = Self(0);
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// How sure a text of the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextStage {
    /// What the model is about to say.
    Speculative,
    /// What it said, by its own account.
    Final,
    /// What it was about to say, taken for said: its own account never came.
    Promoted,
}

/// A conversation as it happens.
///
/// Of each answer there is one [`ResponseStarted`](Self::ResponseStarted), at most one [`TurnEnded`](Self::TurnEnded), at
/// most one [`Interrupted`](Self::Interrupted) (which may follow the end, while the speech is still being played), and no
/// [`Audio`](Self::Audio) after the interruption.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The service has begun to answer.
    Started,
    /// The user has begun to speak.
    UserSpeechStarted {
        /// The user's turn.
        turn: TurnId,
        /// Where in the input audio, in ms from its start.
        offset_ms: Option<u64>,
    },
    /// The user has stopped speaking.
    UserSpeechEnded {
        /// The user's turn.
        turn: TurnId,
        /// Where in the input audio, in ms from its start.
        offset_ms: Option<u64>,
        /// Where in the input audio the service was sure of it, in ms from its start.
        detected_ms: Option<u64>,
    },
    /// What the user said, as the service heard it. Never empty.
    UserText {
        /// The user's turn; it may get several texts.
        turn: TurnId,
        /// The text.
        text: String,
    },
    /// The model has begun an answer.
    ResponseStarted {
        /// The answer.
        turn: TurnId,
    },
    /// Text of the model.
    AssistantText {
        /// The answer.
        turn: TurnId,
        /// Which sentence or so of the answer, from 0; its planned and its final text have the same number.
        block: usize,
        /// The text.
        text: String,
        /// Planned, final, or taken for final.
        stage: TextStage,
    },
    /// Speech of the model, at the rate of the prompt. Comes faster than it plays.
    Audio {
        /// The answer.
        turn: TurnId,
        /// 16-bit little-endian mono PCM; in JSON base64.
        #[serde(serialize_with = "base64")]
        pcm: Bytes,
    },
    /// The user spoke over the model: stop playing this answer now.
    Interrupted {
        /// The answer.
        turn: TurnId,
    },
    /// The model calls a tool.
    ToolCall {
        /// The answer in which it does.
        turn: TurnId,
        /// The call.
        #[serde(serialize_with = "call_json")]
        call: ToolUse,
    },
    /// All speech of an answer has arrived (not: has been played).
    TurnEnded {
        /// The answer.
        turn: TurnId,
    },
    /// Tokens used.
    Usage {
        /// Since the last such event.
        delta: TokenUsage,
        /// In the whole conversation.
        total: TokenUsage,
    },
    /// The service has ended the session.
    Ended,
    /// An event that this crate does not know.
    Other {
        /// The event, whole.
        event: ServerEvent,
    },
}

fn base64<S: Serializer>(pcm: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&base64_simd::STANDARD.encode_to_string(pcm))
}

fn call_json<S: Serializer>(call: &ToolUse, to: S) -> Result<S::Ok, S::Error> {
    let json = serde_json::json!({
        "toolUseId": &*call.tool_use_id,
        "toolName": call.tool_name,
        "arguments": call.arguments,
    });
    json.serialize(to)
}
