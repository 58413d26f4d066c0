//! Inwards: frames to typed events, and the verdict on how the stream ended.

mod advice;
mod error;
mod event;
mod fields;
mod json;
mod reader;
mod usage;

pub use advice::SONIC_ADVICE;
pub use error::ReadError;
pub use event::{
    AudioOutput, CompletionEnd, CompletionStart, ContentEnd, ContentKind, ContentStart, EventIds,
    Extra, Role, ServerEvent, Stage, StopReason, TextOutput, ToolUse, Unknown, UnknownFrame,
    UserSpeechEnd, UserSpeechStart,
};
pub use reader::{Reader, Received};
pub use usage::{TokenCount, TokenUsage, UsageEvent};
