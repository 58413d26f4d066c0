//! The output events, typed. What is not known here is kept in `extra` or as [`Unknown`].

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::interrupted::is_interruption_marker;
use crate::read::usage::UsageEvent;

/// Members of an event that this crate does not know, or that are not of the type it knows them by.
pub type Extra = Map<String, Value>;

/// An event from the service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The session has begun to answer; once a session.
    CompletionStart(CompletionStart),
    /// The user has begun to speak: the earliest sign of a barge-in. Not documented by AWS.
    UserSpeechStart(UserSpeechStart),
    /// The user has stopped speaking. Not documented by AWS.
    UserSpeechEnd(UserSpeechEnd),
    /// A content block begins.
    ContentStart(ContentStart),
    /// Text: what the user said, what the model is about to say, or what it did say.
    TextOutput(TextOutput),
    /// Speech of the model.
    AudioOutput(AudioOutput),
    /// The model calls a tool.
    ToolUse(ToolUse),
    /// A content block ends.
    ContentEnd(ContentEnd),
    /// Tokens used.
    Usage(UsageEvent),
    /// The prompt has been answered to its end; comes after `promptEnd`, if at all.
    CompletionEnd(CompletionEnd),
    /// An event of another name, whole.
    Unknown(Unknown),
    /// A frame of another type than `chunk`, whole.
    UnknownFrame(UnknownFrame),
}

impl ServerEvent {
    /// The event's name on the wire; a frame's event type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::CompletionStart(_) => "completionStart",
            Self::UserSpeechStart(_) => "userSpeechStart",
            Self::UserSpeechEnd(_) => "userSpeechEnd",
            Self::ContentStart(_) => "contentStart",
            Self::TextOutput(_) => "textOutput",
            Self::AudioOutput(_) => "audioOutput",
            Self::ToolUse(_) => "toolUse",
            Self::ContentEnd(_) => "contentEnd",
            Self::Usage(_) => "usageEvent",
            Self::CompletionEnd(_) => "completionEnd",
            Self::Unknown(event) => &event.name,
            Self::UnknownFrame(frame) => &frame.event_type,
        }
    }
}

/// The ids that every event carries; any may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventIds {
    /// The service's id of the session.
    pub session_id: Option<Arc<str>>,
    /// The client's name of the prompt.
    pub prompt_name: Option<Arc<str>>,
    /// The service's id of the completion: one a prompt, not one a turn.
    pub completion_id: Option<Arc<str>>,
}

/// `completionStart`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CompletionStart {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// Further members.
    pub extra: Extra,
}

/// `userSpeechStart`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UserSpeechStart {
    /// Session, prompt, completion (which may be absent on the first).
    pub ids: EventIds,
    /// Where in the input audio speech began, in ms from its start.
    pub input_audio_offset_ms: Option<u64>,
    /// Further members.
    pub extra: Extra,
}

/// `userSpeechEnd`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UserSpeechEnd {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// Where in the input audio speech ended, in ms from its start.
    pub input_audio_offset_ms: Option<u64>,
    /// Where in the input audio the service was sure of it, in ms from its start.
    pub input_audio_detection_offset_ms: Option<u64>,
    /// Further members.
    pub extra: Extra,
}

/// `contentStart`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContentStart {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// The service's id of the block, not a name of the client's.
    pub content_id: Arc<str>,
    /// What the block holds.
    pub kind: ContentKind,
    /// Who speaks in it.
    pub role: Role,
    /// Whether a text is planned or was spoken; on TEXT only.
    pub stage: Option<Stage>,
    /// Rate of the speech in the block, in Hz; on AUDIO only.
    pub sample_rate_hz: Option<u32>,
    /// Further members.
    pub extra: Extra,
}

/// `textOutput`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextOutput {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// The block.
    pub content_id: Arc<str>,
    /// Who speaks.
    pub role: Role,
    /// The text.
    pub content: String,
    /// Further members.
    pub extra: Extra,
}

impl TextOutput {
    /// Whether this is no text but the sign that the model was interrupted (`{ "interrupted" : true }`, in any spacing).
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        is_interruption_marker(&self.content)
    }
}

/// `audioOutput`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioOutput {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// The block.
    pub content_id: Arc<str>,
    /// Who speaks.
    pub role: Role,
    /// 16-bit little-endian mono PCM at the rate of `promptStart`.
    pub pcm: Bytes,
    /// Further members.
    pub extra: Extra,
}

impl fmt::Debug for AudioOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioOutput")
            .field("ids", &self.ids)
            .field("content_id", &self.content_id)
            .field("role", &self.role)
            .field("pcm_len", &self.pcm.len())
            .field("extra", &self.extra)
            .finish()
    }
}

/// `toolUse`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolUse {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// The block.
    pub content_id: Arc<str>,
    /// Which call: the result goes to this id.
    pub tool_use_id: Arc<str>,
    /// Which tool.
    pub tool_name: String,
    /// The arguments: an object as a rule; a string where the model did not write JSON.
    pub arguments: Value,
    /// The arguments as they came: JSON text, sometimes JSON text within JSON text.
    pub raw_arguments: String,
    /// Further members.
    pub extra: Extra,
}

/// `contentEnd`. It does not say whose block it was: that stood in its [`ContentStart`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContentEnd {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// The block.
    pub content_id: Arc<str>,
    /// What the block held; not always said.
    pub kind: Option<ContentKind>,
    /// Why it ended.
    pub stop_reason: Option<StopReason>,
    /// Further members.
    pub extra: Extra,
}

/// `completionEnd`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CompletionEnd {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// Why it ended; `END_TURN`.
    pub stop_reason: Option<StopReason>,
    /// Further members.
    pub extra: Extra,
}

/// An event of a name that this crate does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unknown {
    /// Its name; empty where the JSON is not `{"event": {"<name>": …}}` at all, and `json` then holds the whole of it.
    pub name: String,
    /// Its body.
    pub json: Value,
}

/// A frame of an event type other than `chunk`, or of a message type other than `event`, `exception` and `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFrame {
    /// `:event-type`; empty where the frame is no event.
    pub event_type: String,
    /// The payload.
    pub payload: Bytes,
}

/// Declares an enum of names on the wire with an arm for names to come.
macro_rules! wire_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$arm_doc:meta])* $arm:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$arm_doc])* $arm,)+
            /// Another name.
            Other(String),
        }

        impl $name {
            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$arm => $text,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($text => Self::$arm,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

wire_names! {
    /// What a block holds.
    ContentKind {
        /// Text.
        Text = "TEXT",
        /// Speech.
        Audio = "AUDIO",
        /// A tool use.
        Tool = "TOOL",
    }
}

wire_names! {
    /// Who speaks.
    Role {
        /// The user.
        User = "USER",
        /// The model.
        Assistant = "ASSISTANT",
        /// The model, to a tool.
        Tool = "TOOL",
        /// The application.
        System = "SYSTEM",
    }
}

wire_names! {
    /// Whether a text is planned or was spoken (`generationStage`).
    Stage {
        /// What the model is about to say.
        Speculative = "SPECULATIVE",
        /// What the model did say, shortened where it was interrupted; all text of the user.
        Final = "FINAL",
    }
}

wire_names! {
    /// Why a block ended.
    StopReason {
        /// More of the turn follows.
        PartialTurn = "PARTIAL_TURN",
        /// On AUDIO: the turn is over. On TEXT it delimits nothing.
        EndTurn = "END_TURN",
        /// The user spoke over the model.
        Interrupted = "INTERRUPTED",
        /// The block was a tool use.
        ToolUse = "TOOL_USE",
    }
}
