//! A ConverseStream response written in order: blocks close themselves, and there is no end without `messageStop`.

use std::error::Error;
use std::fmt;

use bedrock_wire::ServiceError;
use bytes::{Bytes, BytesMut};
use eventstream_codec::EncodeError;
use serde::Serialize;

use crate::egress::{encode_event, encode_exception};
use crate::event::metadata::Metadata;
use crate::event::stop::MessageStop;
use crate::event::{BlockStart, Event, ImagePart};
use crate::request::citation::Citation;
use crate::request::media::ImageFormat;
use crate::request::message::Role;
use crate::request::tool::{ToolResultContent, ToolResultStatus, ToolUseType};

/// Writes the frames of one response, for gateways and emulators.
///
/// Blocks get their indexes here. A text, reasoning or picture block ends when another block begins; tool blocks stay
/// open, so that they can be interleaved, until [`end_tool`](Self::end_tool). [`stop`](Self::stop) closes whatever is
/// open, and only it leads to [`Stopped::finish`]. A writer that is dropped leaves a stream that readers see as cut.
///
/// ```
/// use converse_stream::{MessageStop, Metadata, Role, StopReason, Usage, Writer, collect_body};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut writer = Writer::begin(Role::Assistant)?;
/// writer.text("One moment.")?;
/// let call = writer.tool_use("tooluse_1", "clock")?;
/// writer.tool_input(&call, r#"{"zone":"#)?;
/// let first = writer.take(); // send what there is
/// writer.tool_input(&call, r#""Lima"}"#)?;
/// let last = writer
///     .stop(MessageStop::new(StopReason::ToolUse))?
///     .metadata(&Metadata::with_usage(Usage::new(12, 7)))?
///     .finish();
///
/// let reply = collect_body([first, last])?;
/// assert_eq!(reply.tool_calls().next().unwrap().input.text(), r#"{"zone":"Lima"}"#);
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// # use converse_stream::{Role, Writer};
/// let mut writer = Writer::begin(Role::Assistant).unwrap();
/// writer.text("no end").unwrap();
/// writer.finish(); // there is no such thing before `stop`
/// ```
#[derive(Debug)]
#[must_use = "a response without `stop` is cut"]
pub struct Writer {
    out: BytesMut,
    /// The block that ends when another begins.
    flow: Option<(u32, Flow)>,
    /// Open tool blocks.
    tools: Vec<u32>,
    next: u32,
}

/// Kinds of blocks that end when another begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Text,
    Reasoning,
    Image,
}

/// An open tool block of a [`Writer`].
#[derive(Debug, PartialEq, Eq)]
pub struct ToolBlock {
    index: u32,
}

impl Writer {
    /// Begins a response with its `messageStart`.
    ///
    /// # Errors
    /// As all methods here: where a frame would be longer than the format allows. What was written before stands.
    pub fn begin(role: Role) -> Result<Self, WriteError> {
        let mut writer = Self {
            out: BytesMut::new(),
            flow: None,
            tools: Vec::new(),
            next: 0,
        };
        writer.put(&Event::MessageStart { role })?;
        Ok(writer)
    }

    /// Writes text, to the open text block or a new one.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn text(&mut self, text: impl Into<String>) -> Result<(), WriteError> {
        let (index, text) = (self.flow(Flow::Text)?, text.into());
        self.put(&Event::Text { index, text })
    }

    /// Writes a source of the open text block, or of a new one.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn citation(&mut self, citation: Citation) -> Result<(), WriteError> {
        let (index, citation) = (self.flow(Flow::Text)?, Box::new(citation));
        self.put(&Event::Citation { index, citation })
    }

    /// Writes reasoning, to the open reasoning block or a new one.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn reasoning(&mut self, text: impl Into<String>) -> Result<(), WriteError> {
        let (index, text) = (self.flow(Flow::Reasoning)?, text.into());
        self.put(&Event::Reasoning { index, text })
    }

    /// Writes the signature of the open reasoning block, or of a new one.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn signature(&mut self, signature: impl Into<String>) -> Result<(), WriteError> {
        let (index, signature) = (self.flow(Flow::Reasoning)?, signature.into());
        self.put(&Event::Signature { index, signature })
    }

    /// Writes encrypted reasoning, to the open reasoning block or a new one.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn redacted_reasoning(&mut self, data: impl Into<Bytes>) -> Result<(), WriteError> {
        let (index, data) = (self.flow(Flow::Reasoning)?, data.into());
        self.put(&Event::RedactedReasoning { index, data })
    }

    /// Writes a picture as a block of its own.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn image(&mut self, format: ImageFormat, data: impl Into<Bytes>) -> Result<(), WriteError> {
        self.end_flow()?;
        let (index, part) = (self.new_index(), ImagePart::Bytes(data.into()));
        let format = Some(format);
        self.put(&Event::BlockStart {
            index,
            block: BlockStart::Image { format },
        })?;
        self.flow = Some((index, Flow::Image));
        self.put(&Event::Image { index, part })
    }

    /// Begins a tool call that the reader of the stream must answer.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn tool_use(&mut self, id: &str, name: &str) -> Result<ToolBlock, WriteError> {
        self.call(id, name, None)
    }

    /// Begins a call of a tool that the service runs itself.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn hosted_tool_use(&mut self, id: &str, name: &str) -> Result<ToolBlock, WriteError> {
        self.call(id, name, Some(ToolUseType::ServerToolUse))
    }

    /// Writes a fragment of a call's input.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and where the block is not an open one of this writer.
    pub fn tool_input(&mut self, block: &ToolBlock, fragment: &str) -> Result<(), WriteError> {
        let (index, fragment) = (self.opened(block)?, fragment.to_owned());
        self.put(&Event::ToolInput { index, fragment })
    }

    /// Begins a hosted tool's answer. `kind` is for example `nova_code_interpreter_result`.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn tool_result(
        &mut self,
        id: &str,
        kind: Option<&str>,
        status: Option<ToolResultStatus>,
    ) -> Result<ToolBlock, WriteError> {
        self.tool_block(BlockStart::ToolResult {
            tool_use_id: id.to_owned(),
            kind: kind.map(str::to_owned),
            status,
        })
    }

    /// Writes a part of a hosted tool's answer.
    ///
    /// # Errors
    /// As [`tool_input`](Self::tool_input).
    pub fn tool_result_part(
        &mut self,
        block: &ToolBlock,
        content: ToolResultContent,
    ) -> Result<(), WriteError> {
        let (index, content) = (self.opened(block)?, Box::new(content));
        self.put(&Event::ToolResult { index, content })
    }

    /// Ends a tool block.
    ///
    /// # Errors
    /// As [`tool_input`](Self::tool_input).
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the block can then not be written to again"
    )]
    pub fn end_tool(&mut self, block: ToolBlock) -> Result<(), WriteError> {
        let index = self.opened(&block)?;
        self.put(&Event::BlockStop { index })?;
        self.tools.retain(|open| *open != index);
        Ok(())
    }

    /// What was written since the last time, to be sent.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
        self.out.split().freeze()
    }

    /// Closes what is open and ends the message.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn stop(mut self, stop: MessageStop) -> Result<Stopped, WriteError> {
        self.end_flow()?;
        for index in core::mem::take(&mut self.tools) {
            self.put(&Event::BlockStop { index })?;
        }
        self.put(&Event::MessageStop(Box::new(stop)))?;
        Ok(Stopped { out: self.out })
    }

    /// Ends the stream with an error of the service, as an exception frame, and gives what is to be sent. Nothing is
    /// closed: what was cut is not whole.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn fail(mut self, error: &ServiceError) -> Result<Bytes, WriteError> {
        let body = Exception {
            message: error.message(),
            original_message: error.original_message(),
            original_status_code: error.original_status(),
        };
        let mut code = error.code().chars();
        let lower_camel: String = code.next().map_or_else(
            || "internalServerException".to_owned(),
            |first| first.to_lowercase().chain(code).collect(),
        );
        encode_exception(&lower_camel, &body, &mut self.out)?;
        Ok(self.out.freeze())
    }

    fn call(
        &mut self,
        id: &str,
        name: &str,
        kind: Option<ToolUseType>,
    ) -> Result<ToolBlock, WriteError> {
        self.tool_block(BlockStart::ToolUse {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
        })
    }

    fn tool_block(&mut self, block: BlockStart) -> Result<ToolBlock, WriteError> {
        self.end_flow()?;
        let index = self.new_index();
        self.put(&Event::BlockStart { index, block })?;
        self.tools.push(index);
        Ok(ToolBlock { index })
    }

    /// The open block of this kind; one of another kind ends.
    fn flow(&mut self, kind: Flow) -> Result<u32, WriteError> {
        if let Some((index, _)) = self.flow.filter(|(_, open)| *open == kind) {
            return Ok(index);
        }
        self.end_flow()?;
        let index = self.new_index();
        self.flow = Some((index, kind));
        Ok(index)
    }

    fn end_flow(&mut self) -> Result<(), WriteError> {
        match self.flow.take() {
            Some((index, _)) => self.put(&Event::BlockStop { index }),
            None => Ok(()),
        }
    }

    fn opened(&self, block: &ToolBlock) -> Result<u32, WriteError> {
        let open = self.tools.contains(&block.index);
        open.then_some(block.index).ok_or(WriteError::NotOpen)
    }

    fn new_index(&mut self) -> u32 {
        let index = self.next;
        self.next += 1;
        index
    }

    fn put(&mut self, event: &Event) -> Result<(), WriteError> {
        Ok(encode_event(event, &mut self.out)?)
    }
}

/// A response whose message has ended.
#[derive(Debug)]
#[must_use = "what is written last is given out by `finish`"]
pub struct Stopped {
    out: BytesMut,
}

impl Stopped {
    /// Writes usage and the rest.
    ///
    /// # Errors
    /// As [`Writer::begin`].
    pub fn metadata(mut self, metadata: &Metadata) -> Result<Self, WriteError> {
        let event = Event::Metadata(Box::new(metadata.clone()));
        encode_event(&event, &mut self.out)?;
        Ok(self)
    }

    /// What was written since the last [`Writer::take`]: the end of the body.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.out.freeze()
    }
}

/// Why something could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// A frame would be longer than the format allows.
    Encode(EncodeError),
    /// The tool block is not an open one of this writer.
    NotOpen,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::NotOpen => f.write_str("the tool block is not open in this response"),
        }
    }
}

impl Error for WriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            Self::NotOpen => None,
        }
    }
}

impl From<EncodeError> for WriteError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exception<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_status_code: Option<u16>,
}
