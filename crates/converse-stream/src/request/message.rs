//! A message of the conversation and the blocks that it is made of.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::request::citation::CitationsContent;
use crate::request::media::{AudioBlock, DocumentBlock, ImageBlock, SearchResultBlock, VideoBlock};
use crate::request::tool::{ToolChange, ToolResultBlock, ToolUseBlock};
use crate::wire::{open_enum, union};

open_enum! {
    /// Who speaks.
    Role {
        /// The person, and tools that answer for it.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// Changes to the set of tools within the conversation.
        System = "system",
    }
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<ContentBlock>,
}

impl Message {
    /// A message of these blocks.
    #[must_use]
    pub fn new(role: Role, content: Vec<ContentBlock>) -> Self {
        Self { role, content }
    }

    /// A user's message; text, a block, or a list of blocks.
    #[must_use]
    pub fn user(content: impl IntoContent) -> Self {
        Self::new(Role::User, content.into_content())
    }

    /// A model's message; text, a block, or a list of blocks.
    #[must_use]
    pub fn assistant(content: impl IntoContent) -> Self {
        Self::new(Role::Assistant, content.into_content())
    }
}

/// What can stand as the content of a [`Message`].
pub trait IntoContent {
    /// The blocks.
    fn into_content(self) -> Vec<ContentBlock>;
}

impl<T: Into<ContentBlock>> IntoContent for T {
    fn into_content(self) -> Vec<ContentBlock> {
        vec![self.into()]
    }
}

impl IntoContent for Vec<ContentBlock> {
    fn into_content(self) -> Vec<ContentBlock> {
        self
    }
}

impl<const N: usize> IntoContent for [ContentBlock; N] {
    fn into_content(self) -> Vec<ContentBlock> {
        self.into()
    }
}

union! {
    /// A block of a message.
    ContentBlock {
        /// Text; must not be blank.
        Text(String) = "text",
        /// A picture, in a user's message or a model's.
        Image(ImageBlock) = "image",
        /// A document; needs a text block beside it.
        Document(DocumentBlock) = "document",
        /// A video.
        Video(VideoBlock) = "video",
        /// Sound.
        Audio(AudioBlock) = "audio",
        /// The model's call of a tool.
        ToolUse(ToolUseBlock) = "toolUse",
        /// The answer to a call.
        ToolResult(ToolResultBlock) = "toolResult",
        /// Content that a guardrail assesses.
        GuardContent(GuardContent) = "guardContent",
        /// Marks that what stands before it should be cached.
        CachePoint(CachePoint) = "cachePoint",
        /// The model's reasoning, to be handed back as it came.
        Reasoning(ReasoningContent) = "reasoningContent",
        /// Text with the sources that it cites.
        Citations(CitationsContent) = "citationsContent",
        /// A hit of a search, which the model can cite.
        SearchResult(SearchResultBlock) = "searchResult",
        /// A tool is added within the conversation (role `system`).
        ToolAddition(ToolChange) = "toolAddition",
        /// A tool is removed within the conversation (role `system`).
        ToolRemoval(ToolChange) = "toolRemoval",
    }
}

impl From<&str> for ContentBlock {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ContentBlock {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<ImageBlock> for ContentBlock {
    fn from(block: ImageBlock) -> Self {
        Self::Image(block)
    }
}

impl From<DocumentBlock> for ContentBlock {
    fn from(block: DocumentBlock) -> Self {
        Self::Document(block)
    }
}

impl From<ToolUseBlock> for ContentBlock {
    fn from(block: ToolUseBlock) -> Self {
        Self::ToolUse(block)
    }
}

impl From<ToolResultBlock> for ContentBlock {
    fn from(block: ToolResultBlock) -> Self {
        Self::ToolResult(block)
    }
}

impl From<CachePoint> for ContentBlock {
    fn from(block: CachePoint) -> Self {
        Self::CachePoint(block)
    }
}

union! {
    /// A model's reasoning. Requests nest what the stream sends flat.
    ReasoningContent {
        /// Reasoning that can be read.
        Text(ReasoningText) = "reasoningText",
        /// Reasoning that the provider has encrypted.
        Redacted(Blob) = "redactedContent",
    }
}

/// Reasoning that can be read, with the signature that proves it is the model's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReasoningText {
    /// The text; empty where the model sent a signature alone.
    pub text: String,
    /// The signature; Claude refuses its reasoning back without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl ReasoningText {
    /// Reasoning with its signature, where it has one.
    #[must_use]
    pub fn new(text: impl Into<String>, signature: Option<String>) -> Self {
        Self {
            text: text.into(),
            signature,
        }
    }
}

open_enum! {
    /// What kind of cache point stands here.
    CachePointType {
        /// The only one so far.
        Default = "default",
    }
}

open_enum! {
    /// How long a cached prefix lives.
    CacheTtl {
        /// Five minutes.
        FiveMinutes = "5m",
        /// An hour.
        OneHour = "1h",
    }
}

/// Marks that what stands before it should be cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CachePoint {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: CachePointType,
    /// How long it lives; the model's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<CacheTtl>,
}

impl CachePoint {
    /// A cache point that lives as long as `ttl` says, or as the model's default is.
    #[must_use]
    pub fn new(ttl: Option<CacheTtl>) -> Self {
        Self {
            kind: CachePointType::Default,
            ttl,
        }
    }
}

union! {
    /// Content that a guardrail assesses.
    GuardContent {
        /// Text.
        Text(GuardText) = "text",
        /// A picture.
        Image(GuardImage) = "image",
    }
}

open_enum! {
    /// What a guarded text is to the guardrail.
    GuardQualifier {
        /// A source that answers must be grounded in.
        GroundingSource = "grounding_source",
        /// The user's question.
        Query = "query",
        /// Content to be assessed.
        GuardContent = "guard_content",
    }
}

/// Text that a guardrail assesses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuardText {
    /// The text.
    pub text: String,
    /// What it is to the guardrail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualifiers: Vec<GuardQualifier>,
}

impl GuardText {
    /// A text with its qualifiers, if any.
    #[must_use]
    pub fn new(text: impl Into<String>, qualifiers: Vec<GuardQualifier>) -> Self {
        Self {
            text: text.into(),
            qualifiers,
        }
    }
}

/// A picture that a guardrail assesses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuardImage {
    /// `png` or `jpeg`.
    pub format: crate::request::media::ImageFormat,
    /// The picture.
    pub source: GuardImageSource,
}

impl GuardImage {
    /// A picture in the request itself.
    #[must_use]
    pub fn new(format: crate::request::media::ImageFormat, bytes: impl Into<Blob>) -> Self {
        Self {
            format,
            source: GuardImageSource::Bytes(bytes.into()),
        }
    }
}

union! {
    /// Where a guarded picture comes from.
    GuardImageSource {
        /// In the request itself.
        Bytes(Blob) = "bytes",
    }
}
