//! Inwards: frames to typed events, and the verdict on how the stream ended.

mod advice;
mod chunks;
mod error;
mod event;
mod fields;
mod json;
mod raw;
mod reader;
mod repeats;
mod to_json;
mod usage;

pub use advice::SONIC_ADVICE;
pub use error::ReadError;
pub use event::{
    AudioOutput, CompletionEnd, CompletionStart, ContentEnd, ContentKind, ContentStart, EventIds,
    Extra, Role, ServerEvent, Stage, StopReason, TextOutput, ToolUse, Unknown, UnknownFrame,
    UserSpeechEnd, UserSpeechStart,
};
pub use raw::RawReader;
pub use reader::{Reader, Received};
pub use usage::{TokenCount, TokenUsage, UsageEvent};
