//! ConverseStream's frames to events.

use bedrock_wire::{Outcome, ServiceError};
use bytes::Bytes;
use eventstream_codec::{Frame, Inbound, MessageKind, TransportEnd};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::assemble::{Assembler, Part};
use crate::error::StreamError;
use crate::event::metadata::{Metadata, open, set};
use crate::event::stop::StopReason;
use crate::event::{BlockStart, Event, ImagePart, Unknown};
use crate::json::Members;
use crate::payload::{self, Malformed, leftover, try_leftover};
use crate::reply::Reply;
use crate::request::media::{MediaError, S3Location};
use crate::request::message::Role;

/// Reads the frames of one ConverseStream response.
///
/// ```
/// use bytes::BytesMut;
/// use converse_stream::{Event, Mapper, MessageStop, Role, StopReason, Writer};
/// use eventstream_codec::{Decoder, Inbound, TransportEnd};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut writer = Writer::begin(Role::Assistant)?;
/// writer.text("Lima")?;
/// let body = writer.stop(MessageStop::new(StopReason::EndTurn))?.finish();
///
/// let (mut decoder, mut mapper) = (Decoder::new(), Mapper::new());
/// decoder.feed(body);
/// while let Some(frame) = decoder.next_frame()? {
///     mapper.read(frame, &mut |event| {
///         if let Event::Text { text, .. } = event {
///             assert_eq!(text, "Lima");
///         }
///     })?;
/// }
/// let outcome = mapper.finish(TransportEnd::Clean, &mut |_| {});
/// assert!(outcome.is_complete());
/// assert_eq!(outcome.received().text(), "Lima");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapper {
    message: Assembler,
    /// The block that was spoken of last: what an event without an index is about.
    last: Option<u32>,
    failed: Option<StreamError>,
}

impl Mapper {
    /// A mapper for one response.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been said so far.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        self.message.reply()
    }

    /// Says that the stream has failed outside the frames that were read: the bytes are damaged, for example. The first
    /// failure stands.
    pub fn fail(&mut self, error: impl Into<StreamError>) {
        self.failed.get_or_insert_with(|| error.into());
    }

    /// Why the stream has failed, if it has.
    #[must_use]
    pub const fn failure(&self) -> Option<&StreamError> {
        self.failed.as_ref()
    }

    fn read_event(
        &mut self,
        event_type: &str,
        payload: &[u8],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        let event = match event_type {
            "contentBlockDelta" => "contentBlockDelta",
            "contentBlockStart" => "contentBlockStart",
            "contentBlockStop" => "contentBlockStop",
            "messageStart" => "messageStart",
            "messageStop" => "messageStop",
            "metadata" => "metadata",
            _ => {
                self.message.unknown(unknown(event_type, payload), sink);
                return Ok(());
            }
        };
        let faulty = |fault: Malformed| StreamError::Payload {
            event,
            expected: fault.what,
            column: fault.column,
        };
        let json = core::str::from_utf8(payload).map_err(|_| faulty(Malformed::new("UTF-8")))?;
        let rest = match event {
            "contentBlockDelta" => {
                let block = BlockPayload::read(json, "delta").map_err(faulty)?;
                let index = self.index(block.index);
                let mut parts = Parts::default();
                let rest = match block.union {
                    Some(delta) => parts.read(delta).map_err(faulty)?,
                    None => Members::default(),
                };
                for part in parts.0.into_iter().flatten() {
                    self.message.part(index, part, sink)?;
                }
                for part in parts.1 {
                    self.message.part(index, part, sink)?;
                }
                block.rest(index, &rest)
            }
            "contentBlockStart" => {
                let block = BlockPayload::read(json, "start").map_err(faulty)?;
                let index = self.index(block.index);
                let mut start = None;
                let rest = match block.union {
                    Some(union) => read_start(union, &mut start).map_err(faulty)?,
                    None => Members::default(),
                };
                self.message.block_start(index, start, sink)?;
                block.rest(index, &rest)
            }
            "contentBlockStop" => {
                let block = BlockPayload::read(json, "").map_err(faulty)?;
                let index = self.index(block.index);
                self.message.block_stop(index, sink)?;
                block.rest(index, &Members::default())
            }
            "messageStart" => {
                let mut role = None;
                let rest = leftover(json, |name, value| match name {
                    "p" => true,
                    "role" => set(&mut role, open(value)),
                    _ => false,
                })
                .map_err(faulty)?;
                self.message
                    .message_start(role.unwrap_or(Role::Assistant), sink)?;
                rest
            }
            "messageStop" => {
                let (mut reason, mut fields) = (None, None);
                let rest = leftover(json, |name, value| match name {
                    "p" => true,
                    "stopReason" => set(&mut reason, open(value)),
                    "additionalModelResponseFields" => set(&mut fields, Some(value.into())),
                    _ => false,
                })
                .map_err(faulty)?;
                let reason = reason.unwrap_or_else(|| StopReason::from(""));
                self.message.message_stop(reason, fields, sink)?;
                rest
            }
            _ => {
                self.message
                    .metadata(Metadata::read(json).map_err(faulty)?, sink);
                return Ok(());
            }
        };
        if !rest.is_empty() {
            let payload = Bytes::from(rest.to_json().as_str().to_owned());
            let event_type = event.into();
            self.message.unknown(
                Unknown {
                    event_type,
                    payload,
                },
                sink,
            );
        }
        Ok(())
    }

    /// The block that an event is about. One without an index goes on with the block before it.
    fn index(&mut self, index: Option<u32>) -> u32 {
        *self.last.insert(index.or(self.last).unwrap_or(0))
    }
}

impl Inbound for Mapper {
    type Event = Event;
    type Error = StreamError;
    type Outcome = Outcome<Reply, StreamError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let read = match frame.kind() {
            MessageKind::Event { event_type } => self.read_event(event_type, frame.payload(), sink),
            _ => {
                if let Some(error) = ServiceError::from_frame(&frame) {
                    Err(error.into())
                } else {
                    self.message.unknown(unknown("", frame.payload()), sink);
                    Ok(())
                }
            }
        };
        if let Err(error) = &read {
            self.failed = Some(error.clone());
        }
        read
    }

    /// To be called once. Gives no further event: what was cut is not closed.
    fn finish(&mut self, end: TransportEnd, _sink: &mut impl FnMut(Event)) -> Self::Outcome {
        self.message.finish(end, self.failed.clone())
    }
}

/// An unknown event, without its padding.
fn unknown(event_type: &str, payload: &[u8]) -> Unknown {
    let stripped = core::str::from_utf8(payload)
        .ok()
        .and_then(|json| leftover(json, |name, _| name == "p").ok())
        .map(|members| Bytes::from(members.to_json().as_str().to_owned()));
    Unknown {
        event_type: event_type.into(),
        payload: stripped.unwrap_or_else(|| Bytes::copy_from_slice(payload)),
    }
}

/// The payload of an event about a block: its index, the union that it carries, and what is not known.
struct BlockPayload<'a> {
    index: Option<u32>,
    union_name: &'static str,
    union: Option<&'a RawValue>,
    rest: Members,
}

impl<'a> BlockPayload<'a> {
    fn read(json: &'a str, union_name: &'static str) -> Result<Self, Malformed> {
        let (mut index, mut union) = (None, None);
        let rest = try_leftover(json, |name, value| {
            match name {
                "p" => {}
                "contentBlockIndex" => index = Some(payload::index(value)?),
                _ if name == union_name => union = Some(value),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Self {
            index,
            union_name,
            union,
            rest,
        })
    }

    /// What is not known, of the event and of its union, with the index of the block.
    fn rest(self, index: u32, union: &Members) -> Members {
        let mut rest = self.rest;
        if !union.is_empty() {
            rest.set(self.union_name, union.to_json());
        }
        if !rest.is_empty() {
            rest.set("contentBlockIndex", Value::from(index).into());
        }
        rest
    }
}

/// What a delta holds: one part by the model, as many as come. The list allocates only for hosted tools' answers.
#[derive(Default)]
struct Parts([Option<Part>; 4], Vec<Part>);

impl Parts {
    /// Reads a delta and gives back what is not known of it.
    fn read(&mut self, delta: &RawValue) -> Result<Members, Malformed> {
        let mut nested = Members::default();
        let mut rest = try_leftover(delta.get(), |name, value| {
            let unknown = match name {
                "text" => {
                    self.push(Part::Text(payload::text(value)?));
                    return Ok(true);
                }
                "citation" => {
                    let citation = serde_json::from_str(value.get())
                        .map_err(|_| Malformed::new("a citation"))?;
                    self.push(Part::Citation(Box::new(citation)));
                    return Ok(true);
                }
                "toolResult" => {
                    payload::elements(value, |element| {
                        let content = serde_json::from_str(element.get())
                            .map_err(|_| Malformed::new("a part of a tool's answer"))?;
                        self.1.push(Part::ToolResult(Box::new(content)));
                        Ok(())
                    })?;
                    return Ok(true);
                }
                "toolUse" => try_leftover(value.get(), |name, value| {
                    if name == "input" {
                        self.push(Part::ToolInput(payload::text(value)?));
                    }
                    Ok(name == "input")
                })?,
                "reasoningContent" => try_leftover(value.get(), |name, value| {
                    self.push(match name {
                        "text" => Part::Reasoning(payload::text(value)?),
                        "signature" => Part::Signature(payload::text(value)?),
                        "redactedContent" => Part::Redacted(payload::base64(value)?),
                        _ => return Ok(false),
                    });
                    Ok(true)
                })?,
                "image" => self.read_image(value)?,
                _ => return Ok(false),
            };
            if !unknown.is_empty() {
                nested.set(name, unknown.to_json());
            }
            Ok(true)
        })?;
        rest.merge(nested);
        Ok(rest)
    }

    fn read_image(&mut self, image: &RawValue) -> Result<Members, Malformed> {
        let mut source_rest = Members::default();
        let mut rest = try_leftover(image.get(), |name, value| {
            match name {
                "source" => {
                    source_rest = try_leftover(value.get(), |name, value| {
                        self.push(Part::Image(match name {
                            "bytes" => ImagePart::Bytes(payload::base64(value)?),
                            "s3Location" => ImagePart::S3(
                                serde_json::from_str::<S3Location>(value.get())
                                    .map_err(|_| Malformed::new("a place in S3"))?,
                            ),
                            _ => return Ok(false),
                        }));
                        Ok(true)
                    })?;
                }
                "error" => {
                    let error = serde_json::from_str::<MediaError>(value.get())
                        .map_err(|_| Malformed::new("an image error"))?;
                    self.push(Part::Image(ImagePart::Error(error)));
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if !source_rest.is_empty() {
            rest.set("source", source_rest.to_json());
        }
        Ok(rest)
    }

    fn push(&mut self, part: Part) {
        match self.0.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(part),
            None => self.1.push(part),
        }
    }
}

/// Reads a start's union and gives back what is not known of it; an unknown kind is a kind too.
fn read_start(union: &RawValue, start: &mut Option<BlockStart>) -> Result<Members, Malformed> {
    let mut nested = Members::default();
    let mut rest = try_leftover(union.get(), |name, value| {
        let unknown = match name {
            "toolUse" => {
                let (mut id, mut tool, mut kind) = (None, None, None);
                let unknown = leftover(value.get(), |name, value| match name {
                    "toolUseId" => set(&mut id, payload::text(value).ok()),
                    "name" => set(&mut tool, payload::text(value).ok()),
                    "type" => set(&mut kind, open(value)),
                    _ => false,
                })?;
                *start = Some(BlockStart::ToolUse {
                    id: id.ok_or(Malformed::new("a tool call with `toolUseId`"))?,
                    name: tool.ok_or(Malformed::new("a tool call with `name`"))?,
                    kind,
                });
                unknown
            }
            "toolResult" => {
                let (mut id, mut kind, mut status) = (None, None, None);
                let unknown = leftover(value.get(), |name, value| match name {
                    "toolUseId" => set(&mut id, payload::text(value).ok()),
                    "type" => set(&mut kind, payload::text(value).ok()),
                    "status" => set(&mut status, open(value)),
                    _ => false,
                })?;
                *start = Some(BlockStart::ToolResult {
                    tool_use_id: id.ok_or(Malformed::new("a tool's answer with `toolUseId`"))?,
                    kind,
                    status,
                });
                unknown
            }
            "image" => {
                let mut format = None;
                let unknown = leftover(value.get(), |name, value| {
                    name == "format" && set(&mut format, open(value))
                })?;
                *start = Some(BlockStart::Image { format });
                unknown
            }
            _ => {
                if start.is_none() {
                    *start = Some(BlockStart::Unknown {
                        name: name.to_owned(),
                    });
                }
                return Ok(false);
            }
        };
        if !unknown.is_empty() {
            nested.set(name, unknown.to_json());
        }
        Ok(true)
    })?;
    rest.merge(nested);
    Ok(rest)
}
