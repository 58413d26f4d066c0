//! Blocks by index: opened when their first part comes, closed when the message ends, folded into the reply.
//!
//! What a wire format says in its own shapes is said to the [`Assembler`] in these calls; the events come from here.

use bedrock_wire::{Missing, Outcome};
use bytes::Bytes;
use eventstream_codec::TransportEnd;

use crate::error::StreamError;
use crate::event::metadata::Metadata;
use crate::event::stop::MessageStop;
use crate::event::tool_call::ToolInput;
use crate::event::{BlockStart, Event, ImagePart, Unknown};
use crate::json::Json;
use crate::reply::{Reply, ReplyBlock, ReplyContent};
use crate::request::citation::Citation;
use crate::request::message::Role;
use crate::request::tool::ToolResultContent;

/// The state of one message: which blocks are open, and all that was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembler {
    reply: Reply,
    open: Vec<Open>,
    /// A tool call whose block ended without input: whole or cut, what comes next tells. Its position in the reply.
    blank: Option<usize>,
}

/// An open block.
#[derive(Clone, Copy, Debug)]
struct Open {
    index: u32,
    /// Its position in the reply; `None` where its start named no kind and no part has come.
    at: Option<usize>,
}

/// A part of a block, to be put where it belongs.
pub(crate) enum Part {
    Text(String),
    Citation(Box<Citation>),
    Reasoning(String),
    Signature(String),
    Redacted(Bytes),
    ToolInput(String),
    ToolResult(Box<ToolResultContent>),
    Image(ImagePart),
}

impl Assembler {
    pub(crate) fn set_request_id(&mut self, id: String) {
        self.reply.request_id = Some(id);
    }

    pub(crate) const fn reply(&self) -> &Reply {
        &self.reply
    }

    pub(crate) fn message_start(
        &mut self,
        role: Role,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        self.before_stop("messageStart", None)?;
        self.reply.role = Some(role.clone());
        sink(Event::MessageStart { role });
        Ok(())
    }

    /// A block starts; `None` where its start names no kind.
    pub(crate) fn block_start(
        &mut self,
        index: u32,
        start: Option<BlockStart>,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        self.before_stop("contentBlockStart", Some(index))?;
        self.settle_blank(false, sink);
        if self.open.iter().any(|open| open.index == index) {
            self.close(index, sink);
            self.settle_blank(false, sink);
        }
        match start {
            Some(start) => {
                self.open_block(index, start, sink);
            }
            None => self.open.push(Open { index, at: None }),
        }
        Ok(())
    }

    pub(crate) fn part(
        &mut self,
        index: u32,
        part: Part,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        self.before_stop("contentBlockDelta", Some(index))?;
        self.settle_blank(false, sink);
        let at = self.block_for(index, &part, sink)?;
        let Some(block) = self.reply.blocks.get_mut(at) else {
            return Ok(());
        };
        sink(block.content.take(index, part));
        Ok(())
    }

    pub(crate) fn block_stop(
        &mut self,
        index: u32,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        self.before_stop("contentBlockStop", Some(index))?;
        self.settle_blank(false, sink);
        if !self.open.iter().any(|open| open.index == index) {
            self.open.push(Open { index, at: None });
        }
        self.close(index, sink);
        Ok(())
    }

    pub(crate) fn message_stop(
        &mut self,
        mut stop: MessageStop,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        self.before_stop("messageStop", None)?;
        let cut = stop.reason.cuts_short();
        self.settle_blank(cut, sink);
        while let Some(open) = self.open.first().copied() {
            self.close(open.index, sink);
            self.settle_blank(cut, sink);
        }
        stop.has_tool_use = self.reply.tool_calls().next().is_some();
        self.reply.stop = Some(stop.clone());
        sink(Event::MessageStop(Box::new(stop)));
        Ok(())
    }

    pub(crate) fn metadata(&mut self, metadata: Metadata, sink: &mut impl FnMut(Event)) {
        match &mut self.reply.metadata {
            Some(had) => had.merge(metadata.clone()),
            none => *none = Some(metadata.clone()),
        }
        sink(Event::Metadata(Box::new(metadata)));
    }

    pub(crate) fn unknown(&mut self, unknown: Unknown, sink: &mut impl FnMut(Event)) {
        self.reply.unknown.push(unknown.clone());
        sink(Event::Unknown(unknown));
    }

    /// The verdict; `mark` is what the wire calls the message's end. An open block stays open: a stream that was cut closes
    /// nothing.
    pub(crate) fn finish(
        &mut self,
        end: TransportEnd,
        failed: Option<StreamError>,
        mark: &'static str,
    ) -> Outcome<Reply, StreamError> {
        let received = core::mem::take(&mut self.reply);
        if let Some(error) = failed {
            return Outcome::Failed { error, received };
        }
        let missing = match (&received.stop, end) {
            (None, _) => Missing::Event(mark),
            (Some(_), TransportEnd::Clean) => return Outcome::Complete(received),
            (Some(_), _) => Missing::CleanEnd,
        };
        Outcome::Incomplete { missing, received }
    }

    /// Content after the end of the message would be lost on whoever stopped reading there.
    fn before_stop(&self, event: &'static str, index: Option<u32>) -> Result<(), StreamError> {
        if self.reply.stop.is_none() {
            return Ok(());
        }
        let rule = "the message has ended";
        Err(StreamError::Order { event, index, rule })
    }

    /// The position of the open block that `part` belongs to. Text, reasoning and pictures open one where there is none;
    /// tool input and answers need the start, which has the call's id.
    fn block_for(
        &mut self,
        index: u32,
        part: &Part,
        sink: &mut impl FnMut(Event),
    ) -> Result<usize, StreamError> {
        let open = self.open.iter().find(|open| open.index == index);
        let at = open.and_then(|open| open.at);
        let content = at
            .and_then(|at| self.reply.blocks.get(at))
            .map(|block| &block.content);
        if let (Some(at), true) = (at, content.is_some_and(|content| content.takes(part))) {
            return Ok(at);
        }
        let order = |rule| StreamError::Order {
            event: "contentBlockDelta",
            index: Some(index),
            rule,
        };
        let start = part
            .start()
            .ok_or(order("it needs the start of its block"))?;
        if let Some(content) = content {
            if !content.is_lazy() {
                return Err(order("its block is of another kind"));
            }
            self.close(index, sink);
        }
        Ok(self.open_block(index, start, sink))
    }

    fn open_block(&mut self, index: u32, start: BlockStart, sink: &mut impl FnMut(Event)) -> usize {
        let at = self.reply.blocks.len();
        self.reply.blocks.push(ReplyBlock {
            index,
            ended: false,
            content: ReplyContent::open(start.clone()),
        });
        match self.open.iter_mut().find(|open| open.index == index) {
            Some(open) => open.at = Some(at),
            None => self.open.push(Open {
                index,
                at: Some(at),
            }),
        }
        sink(Event::BlockStart {
            index,
            block: start,
        });
        at
    }

    /// Closes an open block. A tool call without input is left to [`settle_blank`](Self::settle_blank).
    fn close(&mut self, index: u32, sink: &mut impl FnMut(Event)) {
        let Some(position) = self.open.iter().position(|open| open.index == index) else {
            return;
        };
        let at = match self.open.get(position).and_then(|open| open.at) {
            Some(at) => at,
            None => self.open_block(index, BlockStart::Text, sink),
        };
        self.open.remove(position);
        let Some(block) = self.reply.blocks.get_mut(at) else {
            return;
        };
        if let ReplyContent::ToolUse(call) = &mut block.content {
            if call.input.is_blank() {
                self.blank = Some(at);
                return;
            }
            call.input.end();
            let call = Box::new(call.clone());
            sink(Event::ToolCall { index, call });
        }
        block.ended = true;
        sink(Event::BlockStop { index });
    }

    /// Says what became of a call that ended without input: cut where the message was cut short right after it, else `{}`.
    fn settle_blank(&mut self, cut: bool, sink: &mut impl FnMut(Event)) {
        let Some(block) = self
            .blank
            .take()
            .and_then(|at| self.reply.blocks.get_mut(at))
        else {
            return;
        };
        let index = block.index;
        block.ended = true;
        if let ReplyContent::ToolUse(call) = &mut block.content {
            if !cut {
                call.input = ToolInput::Complete(Json::empty_object());
            }
            let call = Box::new(call.clone());
            sink(Event::ToolCall { index, call });
        }
        sink(Event::BlockStop { index });
    }
}

impl Part {
    /// The start of a block that this part may open.
    const fn start(&self) -> Option<BlockStart> {
        match self {
            Self::Text(_) | Self::Citation(_) => Some(BlockStart::Text),
            Self::Reasoning(_) | Self::Signature(_) | Self::Redacted(_) => {
                Some(BlockStart::Reasoning)
            }
            Self::Image(_) => Some(BlockStart::Image { format: None }),
            Self::ToolInput(_) | Self::ToolResult(_) => None,
        }
    }
}

impl ReplyContent {
    const fn takes(&self, part: &Part) -> bool {
        match part {
            Part::Text(_) | Part::Citation(_) => matches!(self, Self::Text { .. }),
            Part::Reasoning(_) | Part::Signature(_) | Part::Redacted(_) => {
                matches!(self, Self::Reasoning { .. })
            }
            Part::ToolInput(_) => matches!(self, Self::ToolUse(_)),
            Part::ToolResult(_) => matches!(self, Self::ToolResult { .. }),
            Part::Image(_) => matches!(self, Self::Image { .. }),
        }
    }

    /// Whether the wire gives such a block no start (or one that is not known), so that another kind under its index is another block.
    const fn is_lazy(&self) -> bool {
        matches!(
            self,
            Self::Text { .. } | Self::Reasoning { .. } | Self::Unknown { .. }
        )
    }

    /// Folds a part that [`takes`](Self::takes) has accepted, and makes its event.
    fn take(&mut self, index: u32, part: Part) -> Event {
        match part {
            Part::Text(more) => {
                if let Self::Text { text, .. } = self {
                    text.push_str(&more);
                }
                Event::Text { index, text: more }
            }
            Part::Citation(citation) => {
                if let Self::Text { citations, .. } = self {
                    citations.push((*citation).clone());
                }
                Event::Citation { index, citation }
            }
            Part::Reasoning(more) => {
                if let Self::Reasoning { text, .. } = self {
                    text.push_str(&more);
                }
                Event::Reasoning { index, text: more }
            }
            Part::Signature(more) => {
                if let Self::Reasoning { signature, .. } = self {
                    signature.get_or_insert_default().push_str(&more);
                }
                Event::Signature {
                    index,
                    signature: more,
                }
            }
            Part::Redacted(data) => {
                if let Self::Reasoning { redacted, .. } = self {
                    redacted.extend_from_slice(&data);
                }
                Event::RedactedReasoning { index, data }
            }
            Part::ToolInput(fragment) => {
                if let Self::ToolUse(call) = self {
                    call.input.push(&fragment);
                }
                Event::ToolInput { index, fragment }
            }
            Part::ToolResult(part) => {
                if let Self::ToolResult { content, .. } = self {
                    content.push((*part).clone());
                }
                Event::ToolResult {
                    index,
                    content: part,
                }
            }
            Part::Image(part) => {
                if let Self::Image {
                    data,
                    location,
                    error,
                    ..
                } = self
                {
                    match &part {
                        ImagePart::Bytes(more) => data.extend_from_slice(more),
                        ImagePart::S3(place) => *location = Some(place.clone()),
                        ImagePart::Error(why) => *error = Some(why.clone()),
                    }
                }
                Event::Image { index, part }
            }
        }
    }
}
