//! ConverseStream's frames to events.

pub(crate) mod block;
mod plain;

use bedrock_wire::{Outcome, ServiceError};
use bytes::Bytes;
use eventstream_codec::{Frame, Inbound, MessageKind, TransportEnd};

use crate::assemble::Assembler;
use crate::error::StreamError;
use crate::event::metadata::{Metadata, open, set};
use crate::event::stop::{MessageStop, StopReason};
use crate::event::{BlockStart, Event, Unknown};
use crate::json::Members;
use crate::payload::{Malformed, leftover};
use crate::reply::Reply;
use crate::request::message::Role;
use block::{BlockPayload, Parts, read_start};

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

    /// The same with the request id of the response (`x-amzn-requestid`), for the reply and the service's errors.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.message.set_request_id(id.into());
        self
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
        match event_type {
            "contentBlockDelta" => self.delta(text("contentBlockDelta", payload)?, sink),
            "contentBlockStart" => self.block_start(text("contentBlockStart", payload)?, sink),
            "contentBlockStop" => self.block_stop(text("contentBlockStop", payload)?, sink),
            "messageStart" => self.message_start(text("messageStart", payload)?, sink),
            "messageStop" => self.message_stop(text("messageStop", payload)?, sink),
            "metadata" => {
                let json = text("metadata", payload)?;
                let metadata = Metadata::read(json).map_err(malformed("metadata"))?;
                self.message.metadata(metadata, sink);
                Ok(())
            }
            _ => {
                self.message.unknown(unknown(event_type, payload), sink);
                Ok(())
            }
        }
    }

    fn delta(&mut self, json: &str, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        const EVENT: &str = "contentBlockDelta";
        if let Some((index, part)) = plain::read(json) {
            let index = self.index(Some(index));
            return self.message.part(index, part, sink);
        }
        let block = BlockPayload::read(json, "delta").map_err(malformed(EVENT))?;
        let index = self.index(block.index);
        let mut parts = Parts::default();
        let rest = match block.union {
            Some(delta) => parts.read(delta).map_err(malformed(EVENT))?,
            None => Members::default(),
        };
        let partial = !parts.is_empty();
        for part in parts {
            self.message.part(index, part, sink)?;
        }
        self.leftover(EVENT, &block.rest(index, &rest), partial, sink);
        Ok(())
    }

    fn block_start(&mut self, json: &str, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        const EVENT: &str = "contentBlockStart";
        let block = BlockPayload::read(json, "start").map_err(malformed(EVENT))?;
        let index = self.index(block.index);
        let mut start = None;
        let rest = match block.union {
            Some(union) => read_start(union, &mut start).map_err(malformed(EVENT))?,
            None => Members::default(),
        };
        let partial = !matches!(start, Some(BlockStart::Unknown { .. }));
        self.message.block_start(index, start, sink)?;
        self.leftover(EVENT, &block.rest(index, &rest), partial, sink);
        Ok(())
    }

    fn block_stop(&mut self, json: &str, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        const EVENT: &str = "contentBlockStop";
        let block = BlockPayload::read(json, "").map_err(malformed(EVENT))?;
        let index = self.index(block.index);
        self.message.block_stop(index, sink)?;
        self.leftover(EVENT, &block.rest(index, &Members::default()), true, sink);
        Ok(())
    }

    fn message_start(
        &mut self,
        json: &str,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        const EVENT: &str = "messageStart";
        let mut role = None;
        let rest = leftover(json, |name, value| match name {
            "p" => true,
            "role" => set(&mut role, open(value)),
            _ => false,
        })
        .map_err(malformed(EVENT))?;
        self.message
            .message_start(role.unwrap_or(Role::Assistant), sink)?;
        self.leftover(EVENT, &rest, true, sink);
        Ok(())
    }

    fn message_stop(
        &mut self,
        json: &str,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        const EVENT: &str = "messageStop";
        let (mut reason, mut fields) = (None, None);
        let rest = leftover(json, |name, value| match name {
            "p" => true,
            "stopReason" => set(&mut reason, open(value)),
            "additionalModelResponseFields" => set(&mut fields, Some(value.into())),
            _ => false,
        })
        .map_err(malformed(EVENT))?;
        let reason = reason.unwrap_or_else(|| StopReason::from(""));
        let mut stop = MessageStop::new(reason);
        stop.additional_fields = fields;
        self.message.message_stop(stop, sink)?;
        self.leftover(EVENT, &rest, true, sink);
        Ok(())
    }

    /// Hands on what is not known of a known event; `partial` where the rest of it was known.
    fn leftover(
        &mut self,
        event: &str,
        rest: &Members,
        partial: bool,
        sink: &mut impl FnMut(Event),
    ) {
        if rest.is_empty() {
            return;
        }
        let unknown = Unknown {
            event_type: event.into(),
            payload: Bytes::from(rest.to_json().as_str().to_owned()),
            partial,
        };
        self.message.unknown(unknown, sink);
    }

    fn with_id(&self, error: ServiceError) -> ServiceError {
        match &self.message.reply().request_id {
            Some(id) => error.with_request_id(id),
            None => error,
        }
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
                    Err(self.with_id(error).into())
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
        self.message.finish(end, self.failed.clone(), "messageStop")
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
        partial: false,
    }
}

fn text<'a>(event: &'static str, payload: &'a [u8]) -> Result<&'a str, StreamError> {
    core::str::from_utf8(payload).map_err(|_| malformed(event)(Malformed::new("UTF-8")))
}

fn malformed(event: &'static str) -> impl Fn(Malformed) -> StreamError {
    move |fault| StreamError::Payload {
        event,
        expected: fault.what,
        column: fault.column,
    }
}
