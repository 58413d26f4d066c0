//! What goes to the model: the start of a connection, audio, messages.

use nova_sonic::{HistoryRole, ToolResult, ToolSpec};
use serde_json::Value;

use crate::strands::error::BidiError;

/// What a connection is started with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// What the model should be and do.
    pub system_prompt: String,
    /// What the model may call.
    pub tools: Vec<ToolSpec>,
    /// What was said before, oldest first.
    pub messages: Vec<(HistoryRole, String)>,
}

/// What is sent to the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Audio of the user: little-endian PCM16, mono, at the configured rate.
    Audio(bytes::Bytes),
    /// A whole message. Its texts are one turn of the user; results go to the tools that asked for them.
    Message(Vec<Block>),
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Block {
    /// Text of the user.
    Text(String),
    /// The result of a tool.
    ToolResult {
        /// Which call.
        tool_use_id: String,
        /// Blocks of the form `{"text": …}` or `{"json": …}`.
        content: Vec<Value>,
    },
}

/// One block stands for itself, several become `{"content": […]}`.
pub(super) fn tool_result(mut content: Vec<Value>) -> Result<ToolResult, BidiError> {
    let known = |block: &Value| block.get("text").is_some() || block.get("json").is_some();
    if !content.iter().all(known) {
        return Err(BidiError::Unsupported {
            what: "a tool result that is neither text nor JSON",
        });
    }
    match content.len() {
        1 => Ok(content
            .pop()
            .map_or_else(|| ToolResult::json(Value::Null), ToolResult::json)),
        _ => Ok(ToolResult::blocks(content)),
    }
}
