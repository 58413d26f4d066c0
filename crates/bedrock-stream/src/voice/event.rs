//! What the application hears of a conversation.

use nova_sonic::ConversationEvent;
use nova_sonic::SessionEvent;
use serde::{Serialize, Serializer};

use super::tool_call::ToolCall;

/// A conversation as it happens. As JSON one flat object with a `type`, whichever kind it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum VoiceEvent {
    /// What was said and heard. A [`SessionEvent::ToolCall`] in here is one that a registered function answers.
    Session(SessionEvent),
    /// The model calls a tool that no function was registered for.
    ToolCall(ToolCall),
    /// What became of the connections, of audio that was too much, of tools that were too slow. Never
    /// [`ConversationEvent::Session`].
    Conversation(ConversationEvent),
}

impl Serialize for VoiceEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Session(event) => event.serialize(serializer),
            Self::ToolCall(call) => call.event().serialize(serializer),
            Self::Conversation(event) => event.serialize(serializer),
        }
    }
}
