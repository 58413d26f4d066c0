//! The rules of the protocol, as the reasons for which an operation is refused.

use std::fmt;

/// The rule that an operation would have broken. Nothing was written.
///
/// Each of these would have ended the session, or made the service deaf, with a message that seldom names the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The session has not been started.
    SessionNotStarted,
    /// A session starts once.
    SessionStartedTwice,
    /// Nothing may follow `sessionEnd`.
    SessionClosed,
    /// There is no open prompt (of that name).
    PromptNotOpen,
    /// A prompt is open already.
    PromptStartedTwice,
    /// The first content is the SYSTEM block.
    SystemMissing,
    /// There is one SYSTEM block, and it is the first.
    SystemTwice,
    /// The `SYSTEM_SPEECH` block stands once, right behind the SYSTEM block.
    SystemSpeechMisplaced,
    /// History is complete before the audio begins.
    HistoryAfterAudio,
    /// History is sent once.
    HistoryTwice,
    /// History begins with the user.
    HistoryStartsWithAssistant,
    /// Turns of the user and of the assistant alternate in the history.
    HistoryNotAlternating,
    /// History is not interactive: the model would answer old lines.
    HistoryInteractive,
    /// The audio block has not been opened.
    AudioNotOpen,
    /// There is one audio block for the whole session.
    AudioOpenedTwice,
    /// The audio block needs audio (at least 100 ms) before text turns are heard, and some before it is closed.
    AudioNotFed,
    /// No audio inside a TEXT or TOOL block.
    AudioInsideBlock,
    /// A TEXT or TOOL block is finished before the next begins.
    BlockInsideBlock,
    /// Audio comes in whole samples of two bytes.
    HalfSample {
        /// Bytes given.
        len: usize,
    },
    /// Only 8, 16 and 24 kHz.
    SampleRate {
        /// The rate given, in Hz.
        hz: u64,
    },
    /// A text turn needs the open audio block.
    TextBeforeAudio,
    /// A `textInput` holds at most 1,024 bytes.
    TextTooLong {
        /// Bytes given.
        len: usize,
    },
    /// The content block is not open, or is of another type.
    ContentNotOpen,
    /// A block is ended with data in it.
    ContentEmpty,
    /// A name names one prompt or one block, for ever, and is not empty.
    NameReused,
    /// All blocks are ended before the prompt.
    ContentsOpen,
    /// The prompt is ended before the session.
    PromptOpen,
    /// A prompt has at least one audio block.
    PromptWithoutAudio,
    /// The model has not called a tool by this id in this session.
    ToolUseUnknown,
    /// One result for each tool use.
    ToolResultTwice,
    /// A tool result is a JSON object.
    ToolResultNotObject,
    /// An inference setting is out of range.
    InferenceOutOfRange {
        /// Its name on the wire.
        setting: &'static str,
    },
    /// Two tools have the same name, or the chosen tool is not among them.
    Tools {
        /// The name.
        name: String,
    },
    /// The model of the first generation has no such thing.
    NotInV1 {
        /// What it lacks.
        what: &'static str,
    },
    /// Endpointing sensitivity stands in `turnDetectionConfiguration`; models since Nova 2 refuse the flat form.
    FlatEndpointing,
    /// An event holds at most 1,000,000 bytes.
    EventTooLong {
        /// Bytes of the event.
        len: usize,
    },
    /// A raw event is `{"event": {"<name>": {…}}}`.
    NotAnEvent,
    /// The conversation was begun without renewal.
    RenewalOff,
    /// The event is none that a client may send.
    UnknownEvent {
        /// Its name.
        name: String,
    },
}

impl Refusal {
    /// The rule's name, the same in code, logs and tests.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::SessionNotStarted => "SessionNotStarted",
            Self::SessionStartedTwice => "SessionStartedTwice",
            Self::SessionClosed => "SessionClosed",
            Self::PromptNotOpen => "PromptNotOpen",
            Self::PromptStartedTwice => "PromptStartedTwice",
            Self::SystemMissing => "SystemMissing",
            Self::SystemTwice => "SystemTwice",
            Self::SystemSpeechMisplaced => "SystemSpeechMisplaced",
            Self::HistoryAfterAudio => "HistoryAfterAudio",
            Self::HistoryTwice => "HistoryTwice",
            Self::HistoryStartsWithAssistant => "HistoryStartsWithAssistant",
            Self::HistoryNotAlternating => "HistoryNotAlternating",
            Self::HistoryInteractive => "HistoryInteractive",
            Self::AudioNotOpen => "AudioNotOpen",
            Self::AudioOpenedTwice => "AudioOpenedTwice",
            Self::AudioNotFed => "AudioNotFed",
            Self::AudioInsideBlock => "AudioInsideBlock",
            Self::BlockInsideBlock => "BlockInsideBlock",
            Self::HalfSample { .. } => "HalfSample",
            Self::SampleRate { .. } => "SampleRate",
            Self::TextBeforeAudio => "TextBeforeAudio",
            Self::TextTooLong { .. } => "TextTooLong",
            Self::ContentNotOpen => "ContentNotOpen",
            Self::ContentEmpty => "ContentEmpty",
            Self::NameReused => "NameReused",
            Self::ContentsOpen => "ContentsOpen",
            Self::PromptOpen => "PromptOpen",
            Self::PromptWithoutAudio => "PromptWithoutAudio",
            Self::ToolUseUnknown => "ToolUseUnknown",
            Self::ToolResultTwice => "ToolResultTwice",
            Self::ToolResultNotObject => "ToolResultNotObject",
            Self::InferenceOutOfRange { .. } => "InferenceOutOfRange",
            Self::Tools { .. } => "Tools",
            Self::NotInV1 { .. } => "NotInV1",
            Self::FlatEndpointing => "FlatEndpointing",
            Self::EventTooLong { .. } => "EventTooLong",
            Self::NotAnEvent => "NotAnEvent",
            Self::RenewalOff => "RenewalOff",
            Self::UnknownEvent { .. } => "UnknownEvent",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused: ")?;
        match self {
            Self::SessionNotStarted => f.write_str("the session has not been started"),
            Self::SessionStartedTwice => f.write_str("the session has been started already"),
            Self::SessionClosed => f.write_str("the session has been closed"),
            Self::PromptNotOpen => f.write_str("there is no open prompt of that name"),
            Self::PromptStartedTwice => f.write_str("a prompt is open already"),
            Self::SystemMissing => f.write_str("the first content must be the SYSTEM block"),
            Self::SystemTwice => f.write_str("there can be only one SYSTEM block in a prompt"),
            Self::SystemSpeechMisplaced => {
                f.write_str("the SYSTEM_SPEECH block stands once, right behind the SYSTEM block")
            }
            Self::HistoryAfterAudio => {
                f.write_str("history must be complete before the audio block is opened")
            }
            Self::HistoryTwice => f.write_str("the history has been sent already"),
            Self::HistoryStartsWithAssistant => {
                f.write_str("history must begin with a turn of the user")
            }
            Self::HistoryNotAlternating => {
                f.write_str("turns of user and assistant must alternate in the history")
            }
            Self::HistoryInteractive => f.write_str("history must not be interactive"),
            Self::AudioNotOpen => f.write_str("the audio block is not open"),
            Self::AudioOpenedTwice => f.write_str(
                "there is one audio block for the whole session, and it was opened before",
            ),
            Self::AudioNotFed => {
                f.write_str("the audio block has not had its first audio (100 ms for a text turn)")
            }
            Self::AudioInsideBlock => {
                f.write_str("audio cannot be sent while a TEXT or TOOL block is open")
            }
            Self::BlockInsideBlock => f.write_str("a TEXT or TOOL block is still open"),
            Self::HalfSample { len } => {
                write!(f, "{len} bytes are not whole 16-bit samples")
            }
            Self::SampleRate { hz } => {
                write!(f, "audio must be at 8000, 16000 or 24000 Hz, not {hz} Hz")
            }
            Self::TextBeforeAudio => f.write_str("a text turn needs the audio block to be open"),
            Self::TextTooLong { len } => {
                write!(f, "a textInput holds at most 1024 bytes, not {len}")
            }
            Self::ContentNotOpen => f.write_str("no content block of that name and type is open"),
            Self::ContentEmpty => f.write_str("a content block cannot be ended without data"),
            Self::NameReused => f.write_str("a name must be new and not empty"),
            Self::ContentsOpen => f.write_str("all content blocks must be ended before the prompt"),
            Self::PromptOpen => f.write_str("the prompt must be ended before the session"),
            Self::PromptWithoutAudio => f.write_str("a prompt must have an audio block"),
            Self::ToolUseUnknown => {
                f.write_str("the model has not called a tool by this id in this session")
            }
            Self::ToolResultTwice => f.write_str("this tool use has had its result"),
            Self::ToolResultNotObject => f.write_str("a tool result must be a JSON object"),
            Self::InferenceOutOfRange { setting } => write!(f, "{setting} is out of range"),
            Self::Tools { name } => {
                write!(
                    f,
                    "the tool {name:?} stands twice, or is chosen but not given"
                )
            }
            Self::NotInV1 { what } => {
                write!(f, "models of the first generation have no {what}")
            }
            Self::FlatEndpointing => {
                f.write_str("endpointingSensitivity belongs into turnDetectionConfiguration")
            }
            Self::EventTooLong { len } => {
                write!(f, "an event holds at most 1000000 bytes, not {len}")
            }
            Self::NotAnEvent => f.write_str(r#"a raw event must be {"event": {"<name>": {…}}}"#),
            Self::RenewalOff => f.write_str("the conversation was begun without renewal"),
            Self::UnknownEvent { name } => write!(f, "{name:?} is no event that a client sends"),
        }
    }
}

impl std::error::Error for Refusal {}
