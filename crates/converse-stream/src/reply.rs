//! The message that a stream's events fold into, and back into the next request.

use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::event::metadata::Metadata;
use crate::event::stop::MessageStop;
use crate::event::tool_call::{ToolCall, ToolInput};
use crate::event::usage::Usage;
use crate::event::{BlockStart, Unknown};
use crate::request::citation::{Citation, CitationsContent, CitedText};
use crate::request::media::{ImageBlock, ImageFormat, MediaError, MediaSource, S3Location};
use crate::request::message::{ContentBlock, Message, ReasoningContent, ReasoningText, Role};
use crate::request::tool::{
    ToolResultBlock, ToolResultContent, ToolResultStatus, ToolUseBlock, ToolUseType,
};

/// What a stream has said so far, or in all.
///
/// Serializes to one JSON object (docs/converse-stream.md has the form); bytes as base64.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reply {
    /// The id of the response, where the mapper was told.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whose message it is; `None` where the stream did not begin with that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Its blocks in the order in which they began.
    pub blocks: Vec<ReplyBlock>,
    /// Why it ended; `None` where it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<MessageStop>,
    /// Usage and the rest, merged; `None` where none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// What this version does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
}

/// A block of a reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplyBlock {
    /// Its index on the wire.
    pub index: u32,
    /// Whether its end has come. A tool call without input ends only when it is known whether it was cut.
    pub ended: bool,
    /// What it holds.
    #[serde(flatten)]
    pub content: ReplyContent,
}

/// What a block of a reply holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ReplyContent {
    /// Text and its sources.
    Text {
        /// The text.
        text: String,
        /// The sources.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Citation>,
    },
    /// Reasoning.
    Reasoning {
        /// What can be read of it.
        text: String,
        /// Its signature.
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// What is encrypted.
        #[serde(
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "crate::blob::base64"
        )]
        redacted: Vec<u8>,
    },
    /// A tool call, the caller's to answer or hosted.
    ToolUse(ToolCall),
    /// A hosted tool's answer.
    ToolResult {
        /// The id of the call.
        tool_use_id: String,
        /// The kind of answer.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// How the call went.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<ToolResultStatus>,
        /// The answer's parts as they came.
        content: Vec<ToolResultContent>,
    },
    /// A picture.
    Image {
        /// How it is encoded.
        format: Option<ImageFormat>,
        /// Its bytes.
        #[serde(
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "crate::blob::base64"
        )]
        data: Vec<u8>,
        /// Where it lies, if in S3.
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<S3Location>,
        /// Why there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<MediaError>,
    },
    /// A kind that this version does not know; what came of it is in [`Reply::unknown`].
    Unknown {
        /// The kind's name on the wire.
        name: String,
    },
}

impl Reply {
    /// The text of all blocks.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match &block.content {
            ReplyContent::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The calls that the caller must answer, whole or cut.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        let calls = self.blocks.iter().filter_map(|block| match &block.content {
            ReplyContent::ToolUse(call) => Some(call),
            _ => None,
        });
        calls.filter(|call| !call.is_hosted())
    }

    /// Tokens, where the service has counted them.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.metadata.as_ref()?.usage.as_ref()
    }

    /// The message as the next request must hand it back: text, reasoning with its signature, redacted bytes, tool input
    /// and answers byte for byte.
    ///
    /// Blocks without content are left out, since the service refuses them (gpt-oss begins with an empty text block). The
    /// type `tool_use`, which is not in the service's model, is left out too.
    ///
    /// # Errors
    /// Where a block cannot be handed back: a cut or invalid tool input, a picture without format or bytes, a kind of block
    /// that this version does not know; and where nothing would be left.
    pub fn to_message(&self) -> Result<Message, NotReplayable> {
        let mut content = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            block.content.append_to(block.index, &mut content)?;
        }
        if content.is_empty() {
            return Err(NotReplayable::Empty);
        }
        let role = self.role.clone().unwrap_or(Role::Assistant);
        Ok(Message::new(role, content))
    }
}

impl ReplyContent {
    pub(crate) fn open(start: BlockStart) -> Self {
        match start {
            BlockStart::Text => Self::text(),
            BlockStart::Reasoning => Self::reasoning(),
            BlockStart::ToolUse { id, name, kind } => Self::ToolUse(ToolCall::open(id, name, kind)),
            BlockStart::ToolResult {
                tool_use_id,
                kind,
                status,
            } => Self::ToolResult {
                tool_use_id,
                kind,
                status,
                content: Vec::new(),
            },
            BlockStart::Image { format } => Self::Image {
                format,
                data: Vec::new(),
                location: None,
                error: None,
            },
            BlockStart::Unknown { name } => Self::Unknown { name },
        }
    }

    pub(crate) const fn text() -> Self {
        Self::Text {
            text: String::new(),
            citations: Vec::new(),
        }
    }

    pub(crate) const fn reasoning() -> Self {
        Self::Reasoning {
            text: String::new(),
            signature: None,
            redacted: Vec::new(),
        }
    }

    fn append_to(&self, index: u32, blocks: &mut Vec<ContentBlock>) -> Result<(), NotReplayable> {
        match self {
            Self::Text { text, citations } if !citations.is_empty() => {
                let content = vec![CitedText::Text(text.clone())];
                let cited = CitationsContent::new(content, citations.clone());
                blocks.push(ContentBlock::Citations(cited));
            }
            Self::Text { text, .. } => {
                if !text.trim().is_empty() {
                    blocks.push(ContentBlock::Text(text.clone()));
                }
            }
            Self::Reasoning {
                text,
                signature,
                redacted,
            } => {
                if !text.is_empty() || signature.is_some() {
                    let text = ReasoningText::new(text.clone(), signature.clone());
                    blocks.push(ContentBlock::Reasoning(ReasoningContent::Text(text)));
                }
                if !redacted.is_empty() {
                    let redacted = ReasoningContent::Redacted(redacted.clone().into());
                    blocks.push(ContentBlock::Reasoning(redacted));
                }
            }
            Self::ToolUse(call) => blocks.push(ContentBlock::ToolUse(replay_call(call, index)?)),
            Self::ToolResult {
                tool_use_id,
                kind,
                status,
                content,
            } => blocks.push(ContentBlock::ToolResult(ToolResultBlock {
                tool_use_id: tool_use_id.clone(),
                content: content.clone(),
                status: status.clone(),
                kind: kind.clone(),
            })),
            Self::Image {
                format,
                data,
                location,
                ..
            } => {
                let format = format.clone().ok_or(NotReplayable::Image { index })?;
                let source = match location {
                    Some(location) => MediaSource::S3(location.clone()),
                    None if data.is_empty() => return Err(NotReplayable::Image { index }),
                    None => MediaSource::Bytes(data.clone().into()),
                };
                blocks.push(ContentBlock::Image(ImageBlock::new(format, source)));
            }
            Self::Unknown { .. } => return Err(NotReplayable::UnknownBlock { index }),
        }
        Ok(())
    }
}

fn replay_call(call: &ToolCall, index: u32) -> Result<ToolUseBlock, NotReplayable> {
    let input = match &call.input {
        ToolInput::Complete(json) => json.clone(),
        ToolInput::Cut(_) => return Err(NotReplayable::CutToolInput { index }),
        ToolInput::Invalid(_) => return Err(NotReplayable::InvalidToolInput { index }),
    };
    let kind = call
        .kind
        .clone()
        .filter(|kind| *kind != ToolUseType::ToolUse);
    Ok(ToolUseBlock {
        kind,
        ..ToolUseBlock::new(call.id.as_str(), call.name.as_str(), input)
    })
}

/// Why a reply cannot be handed back in the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplayable {
    /// A tool call's input was cut.
    CutToolInput {
        /// The block.
        index: u32,
    },
    /// A tool call's input is not JSON.
    InvalidToolInput {
        /// The block.
        index: u32,
    },
    /// A picture has no format, or neither bytes nor a place.
    Image {
        /// The block.
        index: u32,
    },
    /// A block is of a kind that this version does not know.
    UnknownBlock {
        /// The block.
        index: u32,
    },
    /// No block holds anything.
    Empty,
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, what) = match self {
            Self::CutToolInput { index } => (index, "the input of its tool call was cut"),
            Self::InvalidToolInput { index } => (index, "the input of its tool call is not JSON"),
            Self::Image { index } => (index, "its picture lacks a format, or bytes and place"),
            Self::UnknownBlock { index } => (index, "its kind is not known"),
            Self::Empty => return f.write_str("the reply holds nothing to hand back"),
        };
        write!(f, "block {index} cannot be handed back: {what}")
    }
}

impl Error for NotReplayable {}
