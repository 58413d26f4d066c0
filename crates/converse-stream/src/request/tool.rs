//! Tools: which there are, how the model calls them, what they answer.

use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::request::media::{DocumentBlock, ImageBlock, SearchResultBlock, VideoBlock};
use crate::request::message::CachePoint;
use crate::wire::{open_enum, union};

/// The tools of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolConfig {
    /// The tools, at least one.
    pub tools: Vec<Tool>,
    /// Whether the model must call one; it decides where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
}

impl ToolConfig {
    /// These tools, called as the model sees fit.
    #[must_use]
    pub fn new(tools: Vec<Tool>) -> Self {
        Self {
            tools,
            tool_choice: None,
        }
    }
}

union! {
    /// A tool, or a cache point among the tools.
    Tool {
        /// A tool of the caller's.
        Spec(ToolSpec) = "toolSpec",
        /// A tool that the service runs.
        System(NamedTool) = "systemTool",
        /// Marks that the tools before it should be cached.
        CachePoint(CachePoint) = "cachePoint",
    }
}

/// A tool of the caller's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolSpec {
    /// Its name: 1 to 64 letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its input.
    pub input_schema: ToolInputSchema,
    /// Whether the input must keep to the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ToolSpec {
    /// A tool with the JSON schema of its input.
    #[must_use]
    pub fn new(name: impl Into<String>, schema: impl Into<Json>) -> Self {
        Self {
            name: name.into(),
            description: None,
            input_schema: ToolInputSchema::Json(schema.into()),
            strict: None,
        }
    }

    /// The same with a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

union! {
    /// How a tool's input is described.
    ToolInputSchema {
        /// As a JSON schema.
        Json(Json) = "json",
    }
}

/// A tool by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamedTool {
    /// The name.
    pub name: String,
}

impl NamedTool {
    /// The tool of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

union! {
    /// Whether the model must call a tool. The service has no choice "none".
    ToolChoice {
        /// The model decides.
        Auto(NoMembers) = "auto",
        /// It must call one.
        Any(NoMembers) = "any",
        /// It must call this one.
        Tool(NamedTool) = "tool",
    }
}

/// An object without members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NoMembers {}

impl ToolChoice {
    /// The model decides.
    #[must_use]
    pub const fn auto() -> Self {
        Self::Auto(NoMembers {})
    }

    /// The model must call a tool.
    #[must_use]
    pub const fn any() -> Self {
        Self::Any(NoMembers {})
    }

    /// The model must call the tool of this name.
    #[must_use]
    pub fn tool(name: impl Into<String>) -> Self {
        Self::Tool(NamedTool::new(name))
    }
}

open_enum! {
    /// Who runs a call.
    ToolUseType {
        /// The service has run it itself: nothing is to be answered.
        ServerToolUse = "server_tool_use",
        /// The caller runs it. Nova 2 sends this, though the service model has no such value.
        ToolUse = "tool_use",
    }
}

/// The model's call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolUseBlock {
    /// The call's id, to be repeated in the answer.
    pub tool_use_id: String,
    /// The tool's name.
    pub name: String,
    /// What the model calls it with.
    pub input: Json,
    /// Who runs it; the caller where absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ToolUseType>,
}

impl ToolUseBlock {
    /// A call that the caller runs.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, input: impl Into<Json>) -> Self {
        Self {
            tool_use_id: id.into(),
            name: name.into(),
            input: input.into(),
            kind: None,
        }
    }
}

open_enum! {
    /// How a call went.
    ToolResultStatus {
        /// Well.
        Success = "success",
        /// Not well.
        Error = "error",
    }
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolResultBlock {
    /// The id of the call.
    pub tool_use_id: String,
    /// What came of it.
    pub content: Vec<ToolResultContent>,
    /// How it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ToolResultStatus>,
    /// The kind of a hosted tool's answer, `nova_code_interpreter_result` for example.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl ToolResultBlock {
    /// An answer of these parts.
    #[must_use]
    pub fn new(id: impl Into<String>, content: Vec<ToolResultContent>) -> Self {
        Self {
            tool_use_id: id.into(),
            content,
            status: None,
            kind: None,
        }
    }

    /// An answer in text.
    #[must_use]
    pub fn text(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(id, vec![ToolResultContent::Text(text.into())])
    }

    /// An answer in JSON.
    #[must_use]
    pub fn json(id: impl Into<String>, json: impl Into<Json>) -> Self {
        Self::new(id, vec![ToolResultContent::Json(json.into())])
    }

    /// The same with its status.
    #[must_use]
    pub fn with_status(mut self, status: ToolResultStatus) -> Self {
        self.status = Some(status);
        self
    }
}

union! {
    /// A part of a tool's answer.
    ToolResultContent {
        /// JSON.
        Json(Json) = "json",
        /// Text.
        Text(String) = "text",
        /// A picture.
        Image(ImageBlock) = "image",
        /// A document.
        Document(DocumentBlock) = "document",
        /// A video.
        Video(VideoBlock) = "video",
        /// A hit of a search.
        SearchResult(SearchResultBlock) = "searchResult",
    }
}

/// A tool that is added or removed within the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolChange {
    /// Which tool.
    pub tool: ToolReference,
}

impl ToolChange {
    /// A change to this tool.
    #[must_use]
    pub fn new(tool: ToolReference) -> Self {
        Self { tool }
    }
}

/// Names a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolReference {
    /// Its kind, 1 to 64 characters.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name, 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The server that has it, 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}
