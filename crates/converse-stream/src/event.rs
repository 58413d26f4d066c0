//! What a stream says, one thing at a time.

pub(crate) mod guardrail;
pub(crate) mod metadata;
pub(crate) mod stop;
pub(crate) mod tool_call;
pub(crate) mod usage;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::json::Json;
use crate::request::citation::Citation;
use crate::request::media::{ImageFormat, MediaError, S3Location};
use crate::request::message::Role;
use crate::request::tool::{ToolResultContent, ToolResultStatus, ToolUseType};
use metadata::Metadata;
use stop::MessageStop;
use tool_call::ToolCall;

/// One thing that a stream says.
///
/// A message is [`MessageStart`](Self::MessageStart), blocks, [`MessageStop`](Self::MessageStop), then mostly
/// [`Metadata`](Self::Metadata). Every block begins with [`BlockStart`](Self::BlockStart), also where the wire leaves it
/// out (it does for text and reasoning), and ends with [`BlockStop`](Self::BlockStop) before the message does, also where
/// the wire forgets it. Blocks may be interleaved: go by `index`. A stream that is cut ends without closing anything.
///
/// Serializes to one JSON object with `type` (docs/converse-stream.md has the form); bytes as base64.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Event {
    /// The message begins.
    MessageStart {
        /// Whose it is.
        role: Role,
    },
    /// A block begins.
    BlockStart {
        /// Which.
        index: u32,
        /// Of what kind.
        block: BlockStart,
    },
    /// More text; may be empty.
    Text {
        /// Of which block.
        index: u32,
        /// The text.
        text: String,
    },
    /// More reasoning.
    Reasoning {
        /// Of which block.
        index: u32,
        /// The text.
        text: String,
    },
    /// The signature of a block's reasoning, which may have no text at all.
    Signature {
        /// Of which block.
        index: u32,
        /// The signature.
        signature: String,
    },
    /// More reasoning, encrypted.
    RedactedReasoning {
        /// Of which block.
        index: u32,
        /// The bytes, out of their base64.
        #[serde(serialize_with = "crate::blob::base64")]
        data: Bytes,
    },
    /// More of a tool call's input: a fragment of JSON text.
    ToolInput {
        /// Of which block.
        index: u32,
        /// The fragment.
        fragment: String,
    },
    /// A tool call is whole, or is known to be cut. Stands before its block's stop.
    ToolCall {
        /// Of which block.
        index: u32,
        /// The call.
        call: Box<ToolCall>,
    },
    /// More of a hosted tool's answer.
    ToolResult {
        /// Of which block.
        index: u32,
        /// The part.
        content: Box<ToolResultContent>,
    },
    /// A source of the block's text.
    Citation {
        /// Of which block.
        index: u32,
        /// The source.
        citation: Box<Citation>,
    },
    /// More of a picture.
    Image {
        /// Of which block.
        index: u32,
        /// The part.
        part: ImagePart,
    },
    /// A block has ended.
    BlockStop {
        /// Which.
        index: u32,
    },
    /// The message has ended. Usage may still follow.
    MessageStop(Box<MessageStop>),
    /// Tokens, latency, guardrail, tier.
    Metadata(Box<Metadata>),
    /// What this version does not know: a whole event, or the unknown members of a known one.
    Unknown(Unknown),
}

/// The kind of a block, with what is known at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum BlockStart {
    /// Text, which may have citations.
    Text,
    /// Reasoning: text, a signature, encrypted bytes.
    Reasoning,
    /// A tool call.
    ToolUse {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Who runs it; the caller where absent. Only `server_tool_use` is the service's own.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        kind: Option<ToolUseType>,
    },
    /// A hosted tool's answer.
    ToolResult {
        /// The id of the call.
        tool_use_id: String,
        /// The kind of answer, `nova_code_interpreter_result` for example.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// How the call went.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<ToolResultStatus>,
    },
    /// A picture.
    Image {
        /// How it is encoded; `None` where the service did not say.
        format: Option<ImageFormat>,
    },
    /// A kind that this version does not know; [`Event::Unknown`] follows with all of it.
    Unknown {
        /// The member's name on the wire.
        name: String,
    },
}

/// A part of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ImagePart {
    /// More bytes of it, out of their base64.
    Bytes(#[serde(serialize_with = "crate::blob::base64")] Bytes),
    /// It lies in S3.
    S3(S3Location),
    /// There is none.
    Error(MediaError),
}

/// What this version does not know. Padding (`p`) is gone, all else is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// The event's type; empty for a frame that is not an event.
    pub event_type: Box<str>,
    /// The payload of an unknown event, or an object of the unknown members of a known one (with its
    /// `contentBlockIndex`, where it has one).
    pub payload: Bytes,
    /// Whether the rest of the event was known, and was said by an event of its own.
    pub partial: bool,
}

impl Unknown {
    /// The payload, where it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Json> {
        Json::parse(core::str::from_utf8(&self.payload).ok()?).ok()
    }
}

impl Serialize for Unknown {
    /// `eventType`, `payload` or, where that is not JSON, `payloadBase64`, and `partial` where it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("eventType", &self.event_type)?;
        if let Some(json) = self.json() {
            map.serialize_entry("payload", &json)?;
        } else {
            map.serialize_entry("payloadBase64", &crate::Blob::from(self.payload.clone()))?;
        }
        if self.partial {
            map.serialize_entry("partial", &true)?;
        }
        map.end()
    }
}
