//! The events of a message: ConverseStream's, and those that a model family's chunks are read into.

use std::marker::PhantomData;

use bedrock_wire::ServiceError;
use converse_stream::{BlockStart, Event, ImagePart, MessageMapper, Reply, StreamError, ToolInput};
use serde_json::Value;

use super::View;
use crate::frames::payload::Printable;

/// The view of what a mapper reads.
pub(super) struct Messages<M>(PhantomData<M>);

impl<M: MessageMapper> View for Messages<M> {
    type Reader = M;
    type Received = Reply;
    const RECEIVED: &'static str = "reply";

    fn event_as_json(event: &Event) -> Value {
        serde_json::to_value(event).unwrap_or_default()
    }

    fn event_as_text(event: &Event) -> String {
        text(event)
    }

    fn received_as_json(reply: &Reply) -> Value {
        serde_json::to_value(reply).unwrap_or_default()
    }

    fn service_error(error: &StreamError) -> Option<&ServiceError> {
        error.service()
    }
}

/// An event in one line for people; text that the model wrote in quotes, its control characters escaped.
fn text(event: &Event) -> String {
    match event {
        Event::MessageStart { role } => format!("message of {role}"),
        Event::BlockStart { index, block } => format!("{index}: begins: {}", start(block)),
        Event::Text { index, text } => format!("{index}: text {text:?}"),
        Event::Reasoning { index, text } => format!("{index}: reasoning {text:?}"),
        Event::Signature { index, signature } => {
            format!("{index}: signature, {} characters", signature.len())
        }
        Event::RedactedReasoning { index, data } => {
            format!("{index}: redacted reasoning, {} bytes", data.len())
        }
        Event::ToolInput { index, fragment } => format!("{index}: input {fragment:?}"),
        Event::ToolCall { index, call } => {
            let how = match &call.input {
                ToolInput::Complete(_) => "",
                ToolInput::Cut(_) => ", its input cut",
                _ => ", its input no JSON",
            };
            let (name, input) = (Printable(&call.name), Printable(call.input.text()));
            format!("{index}: call {name}({input}){how}")
        }
        Event::ToolResult { index, content } => format!("{index}: result {}", json(content)),
        Event::Citation { index, citation } => format!("{index}: citation {}", json(citation)),
        Event::Image { index, part } => match part {
            ImagePart::Bytes(data) => format!("{index}: picture, {} bytes", data.len()),
            part => format!("{index}: picture {}", json(part)),
        },
        Event::BlockStop { index } => format!("{index}: ends"),
        Event::MessageStop(stop) => {
            let calls = if stop.has_tool_use {
                ", with calls"
            } else {
                ""
            };
            format!("message ends: {}{calls}", Printable(stop.reason.as_str()))
        }
        Event::Metadata(metadata) => format!("metadata: {}", json(metadata)),
        Event::Unknown(unknown) => format!("unknown: {}", json(unknown)),
        other => json(other),
    }
}

fn start(block: &BlockStart) -> String {
    match block {
        BlockStart::Text => "text".to_owned(),
        BlockStart::Reasoning => "reasoning".to_owned(),
        BlockStart::ToolUse { id, name, kind } => {
            let by = match kind {
                Some(kind) => format!(", {}", Printable(kind.as_str())),
                None => String::new(),
            };
            format!("call of {} ({}{by})", Printable(name), Printable(id))
        }
        BlockStart::ToolResult { tool_use_id, .. } => {
            format!("result of {}", Printable(tool_use_id))
        }
        BlockStart::Image {
            format: Some(format),
        } => format!("picture, {}", Printable(format.as_str())),
        BlockStart::Image { format: None } => "picture".to_owned(),
        other => json(other),
    }
}

/// JSON text has its control characters escaped, but for DEL and those above ASCII.
fn json(value: &impl serde::Serialize) -> String {
    Printable(&serde_json::to_string(value).unwrap_or_default()).to_string()
}
