//! Events to frames, one by one.

use std::io;

use bytes::BytesMut;
use eventstream_codec::{EncodeError, FrameWriter, HeaderValue, PayloadWriter};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::event::{BlockStart, Event, ImagePart};
use crate::json::Json;
use crate::request::media::MediaSource;
use crate::request::tool::{ToolResultStatus, ToolUseType};

/// Appends the frame that says `event` on the wire, headers in the service's order, without padding.
///
/// Events that the wire has no frame for append nothing: the start of a text or reasoning block, a whole
/// [`Event::ToolCall`], unknown members of a known event (a relay that must keep those hands the raw frames on). The order
/// of events is the caller's; [`Writer`](crate::Writer) keeps it by itself.
///
/// # Errors
/// Where the payload is over 24 MiB, or an unknown event's type is longer than a header may be; `out` is then as it was.
pub fn encode_event(event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
    match event {
        Event::MessageStart { role } => frame("messageStart", &Member("role", role), out),
        Event::BlockStart { index, block } => encode_start(*index, block, out),
        Event::Text { index, text } => delta(*index, Member("text", text), out),
        Event::Reasoning { index, text } => reasoning(*index, Member("text", text), out),
        Event::Signature { index, signature } => {
            reasoning(*index, Member("signature", signature), out)
        }
        Event::RedactedReasoning { index, data } => {
            let data = base64_simd::STANDARD.encode_to_string(data);
            reasoning(*index, Member("redactedContent", data), out)
        }
        Event::ToolInput { index, fragment } => {
            delta(*index, Member("toolUse", Member("input", fragment)), out)
        }
        Event::ToolCall { .. } => Ok(()),
        Event::ToolResult { index, content } => delta(*index, Member("toolResult", [content]), out),
        Event::Citation { index, citation } => delta(*index, Member("citation", citation), out),
        Event::Image { index, part } => match part {
            ImagePart::Bytes(data) => {
                image_source(*index, MediaSource::Bytes(data.clone().into()), out)
            }
            ImagePart::S3(place) => image_source(*index, MediaSource::S3(place.clone()), out),
            ImagePart::Error(error) => delta(*index, Member("image", Member("error", error)), out),
        },
        Event::BlockStop { index } => {
            frame("contentBlockStop", &Member("contentBlockIndex", index), out)
        }
        Event::MessageStop(stop) => {
            let stop = Stop {
                additional_model_response_fields: stop.additional_fields.as_ref(),
                stop_reason: stop.reason.as_str(),
            };
            frame("messageStop", &stop, out)
        }
        Event::Metadata(metadata) => frame("metadata", metadata, out),
        Event::Unknown(unknown) if unknown.partial => Ok(()),
        Event::Unknown(unknown) => {
            let mut body = begin(&unknown.event_type, out)?;
            body.put_slice(&unknown.payload);
            body.finish()
        }
    }
}

/// Appends an exception frame: an error of the service's model, in lower camel case as the service sends it.
pub(crate) fn encode_exception(
    exception_type: &str,
    body: &impl Serialize,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let mut frame = FrameWriter::begin(out);
    frame.header(":exception-type", HeaderValue::String(exception_type))?;
    frame.header(":content-type", HeaderValue::String("application/json"))?;
    frame.header(":message-type", HeaderValue::String("exception"))?;
    write(frame.payload(), body)
}

fn encode_start(index: u32, block: &BlockStart, out: &mut BytesMut) -> Result<(), EncodeError> {
    match block {
        BlockStart::Text
        | BlockStart::Reasoning
        | BlockStart::Image { format: None }
        | BlockStart::Unknown { .. } => Ok(()),
        BlockStart::ToolUse { id, name, kind } => {
            let start = ToolUseStart {
                name,
                tool_use_id: id,
                kind: kind.as_ref().map(ToolUseType::as_str),
            };
            block_start(index, Member("toolUse", start), out)
        }
        BlockStart::ToolResult {
            tool_use_id,
            kind,
            status,
        } => {
            let start = ToolResultStart {
                status: status.as_ref().map(ToolResultStatus::as_str),
                tool_use_id,
                kind: kind.as_deref(),
            };
            block_start(index, Member("toolResult", start), out)
        }
        BlockStart::Image {
            format: Some(format),
        } => block_start(index, Member("image", Member("format", format)), out),
    }
}

fn block_start(index: u32, start: impl Serialize, out: &mut BytesMut) -> Result<(), EncodeError> {
    let content_block_index = index;
    frame(
        "contentBlockStart",
        &Start {
            content_block_index,
            start,
        },
        out,
    )
}

fn delta(index: u32, delta: impl Serialize, out: &mut BytesMut) -> Result<(), EncodeError> {
    let content_block_index = index;
    frame(
        "contentBlockDelta",
        &Delta {
            content_block_index,
            delta,
        },
        out,
    )
}

fn reasoning(index: u32, part: impl Serialize, out: &mut BytesMut) -> Result<(), EncodeError> {
    delta(index, Member("reasoningContent", part), out)
}

fn image_source(index: u32, source: MediaSource, out: &mut BytesMut) -> Result<(), EncodeError> {
    delta(index, Member("image", Member("source", source)), out)
}

fn frame(event_type: &str, body: &impl Serialize, out: &mut BytesMut) -> Result<(), EncodeError> {
    write(begin(event_type, out)?, body)
}

fn begin<'b>(event_type: &str, out: &'b mut BytesMut) -> Result<PayloadWriter<'b>, EncodeError> {
    let mut frame = FrameWriter::begin(out);
    frame.header(":event-type", HeaderValue::String(event_type))?;
    frame.header(":content-type", HeaderValue::String("application/json"))?;
    frame.header(":message-type", HeaderValue::String("event"))?;
    Ok(frame.payload())
}

fn write(mut payload: PayloadWriter<'_>, body: &impl Serialize) -> Result<(), EncodeError> {
    // Nothing that is written here has keys other than strings, so that serde cannot fail.
    let _ = serde_json::to_writer(Sink(&mut payload), body);
    payload.finish()
}

/// A payload as something that can be written to.
struct Sink<'p, 'b>(&'p mut PayloadWriter<'b>);

impl io::Write for Sink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.put_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An object of one member.
struct Member<T>(&'static str, T);

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<T> {
    content_block_index: u32,
    start: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delta<T> {
    content_block_index: u32,
    delta: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolUseStart<'a> {
    name: &'a str,
    tool_use_id: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolResultStart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    tool_use_id: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_response_fields: Option<&'a Json>,
    stop_reason: &'a str,
}
