//! What Anthropic Messages takes: blocks by `type`, tools, cache points as `cache_control`.

use super::body::{BodyError, Limits, is_user, list, object, string, system};
use crate::blob::Blob;
use crate::json::{Json, Members};
use crate::request::citation::CitedText;
use crate::request::config::InferenceConfig;
use crate::request::media::{
    DocumentBlock, DocumentFormat, DocumentSource, ImageBlock, MediaSource,
};
use crate::request::message::{CachePoint, ContentBlock, GuardContent, ReasoningContent};
use crate::request::tool::{
    Tool, ToolChoice, ToolInputSchema, ToolResultBlock, ToolResultContent, ToolResultStatus,
    ToolUseType,
};
use crate::request::{ConverseRequest, SystemBlock};

const VERSION: &str = "bedrock-2023-05-31";
const LIMITS: Limits = Limits {
    max_tokens: "max_tokens",
    temperature: "temperature",
    top_p: "top_p",
    stop: "stop_sequences",
};

pub(super) fn body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let config = request.inference_config.as_ref();
    let tokens = config.and_then(|config: &InferenceConfig| config.max_tokens);
    tokens.ok_or(BodyError::Needs("`max_tokens`"))?;
    let mut body = object([("anthropic_version", string(VERSION))]);
    LIMITS.set(config, &mut body)?;
    if let Some(prompt) = system_prompt(request)? {
        body.set("system", prompt);
    }
    body.set("messages", messages(request)?);
    if let Some(tools) = &request.tool_config {
        body.set("tools", tool_list(&tools.tools)?);
        if let Some(choice) = &tools.tool_choice {
            body.set("tool_choice", tool_choice(choice)?);
        }
    }
    Ok(body)
}

/// A text, or blocks where cache points stand among them.
fn system_prompt(request: &ConverseRequest) -> Result<Option<Json>, BodyError> {
    let cached = |block: &SystemBlock| matches!(block, SystemBlock::CachePoint(_));
    if !request.system.iter().any(cached) {
        return Ok(system(request)?.as_deref().map(string));
    }
    let mut blocks = Vec::new();
    for block in &request.system {
        match block {
            SystemBlock::Text(text) => blocks.push(text_block(text)),
            SystemBlock::CachePoint(point) => cache(&mut blocks, point),
            _ => return Err(BodyError::Unsupported("a system block that is not text")),
        }
    }
    Ok(Some(list(blocks.iter().map(Members::to_json))))
}

pub(crate) fn messages(request: &ConverseRequest) -> Result<Json, BodyError> {
    if request.messages.is_empty() {
        return Err(BodyError::NoMessage);
    }
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        let role = if is_user(message)? {
            "user"
        } else {
            "assistant"
        };
        let content = blocks(&message.content)?;
        messages.push(object([("role", string(role)), ("content", content)]).to_json());
    }
    Ok(list(messages))
}

fn blocks(content: &[ContentBlock]) -> Result<Json, BodyError> {
    let mut blocks: Vec<Members> = Vec::with_capacity(content.len());
    for block in content {
        blocks.push(match block {
            ContentBlock::Text(text) => text_block(text),
            ContentBlock::GuardContent(GuardContent::Text(guarded)) => text_block(&guarded.text),
            ContentBlock::Image(image) => image_block(image)?,
            ContentBlock::Document(document) => document_block(document)?,
            ContentBlock::ToolUse(call) => {
                let hosted = call.kind == Some(ToolUseType::ServerToolUse);
                let kind = if hosted {
                    "server_tool_use"
                } else {
                    "tool_use"
                };
                object([
                    ("type", string(kind)),
                    ("id", string(&call.tool_use_id)),
                    ("name", string(&call.name)),
                    ("input", call.input.clone()),
                ])
            }
            ContentBlock::ToolResult(answer) => tool_result(answer)?,
            ContentBlock::Reasoning(ReasoningContent::Text(thought)) => {
                let mut block = object([
                    ("type", string("thinking")),
                    ("thinking", string(&thought.text)),
                ]);
                if let Some(signature) = &thought.signature {
                    block.set("signature", string(signature));
                }
                block
            }
            ContentBlock::Reasoning(ReasoningContent::Redacted(data)) => object([
                ("type", string("redacted_thinking")),
                ("data", string(&String::from_utf8_lossy(data.as_bytes()))),
            ]),
            ContentBlock::Citations(cited) => {
                let texts = cited.content.iter().map(|text| match text {
                    CitedText::Text(text) => Ok(text.as_str()),
                    CitedText::Unknown { .. } => {
                        Err(BodyError::Unsupported("a cited block that is not text"))
                    }
                });
                text_block(&texts.collect::<Result<String, _>>()?)
            }
            ContentBlock::CachePoint(point) => {
                cache(&mut blocks, point);
                continue;
            }
            _ => return Err(BodyError::Unsupported("a block of this kind")),
        });
    }
    Ok(list(blocks.iter().map(Members::to_json)))
}

/// Marks the block before a cache point; one at the very start has nothing to cache.
fn cache(blocks: &mut [Members], point: &CachePoint) {
    if let Some(block) = blocks.last_mut() {
        let mut control = object([("type", string("ephemeral"))]);
        if let Some(ttl) = &point.ttl {
            control.set("ttl", string(ttl.as_str()));
        }
        block.set("cache_control", control.to_json());
    }
}

fn text_block(text: &str) -> Members {
    object([("type", string("text")), ("text", string(text))])
}

fn image_block(image: &ImageBlock) -> Result<Members, BodyError> {
    let MediaSource::Bytes(data) = &image.source else {
        return Err(BodyError::Unsupported(
            "a picture that is not in the request itself",
        ));
    };
    let media_type = format!("image/{}", image.format);
    Ok(object([
        ("type", string("image")),
        ("source", base64_source(&media_type, data)),
    ]))
}

fn document_block(document: &DocumentBlock) -> Result<Members, BodyError> {
    let source = match (&document.source, &document.format) {
        (DocumentSource::Bytes(data), Some(DocumentFormat::Pdf)) => {
            base64_source("application/pdf", data)
        }
        (DocumentSource::Text(text), _) => object([
            ("type", string("text")),
            ("media_type", string("text/plain")),
            ("data", string(text)),
        ])
        .to_json(),
        _ => {
            return Err(BodyError::Unsupported(
                "a document that is neither a PDF in the request itself nor text",
            ));
        }
    };
    let mut block = object([
        ("type", string("document")),
        ("source", source),
        ("title", string(&document.name)),
    ]);
    if let Some(context) = &document.context {
        block.set("context", string(context));
    }
    if let Some(citations) = &document.citations {
        let enabled = serde_json::Value::from(citations.enabled);
        block.set("citations", object([("enabled", enabled.into())]).to_json());
    }
    Ok(block)
}

fn base64_source(media_type: &str, data: &Blob) -> Json {
    object([
        ("type", string("base64")),
        ("media_type", string(media_type)),
        (
            "data",
            Json::from_serialize(data).unwrap_or_else(|_| string("")),
        ),
    ])
    .to_json()
}

fn tool_result(answer: &ToolResultBlock) -> Result<Members, BodyError> {
    let mut content = Vec::new();
    for part in &answer.content {
        content.push(match part {
            ToolResultContent::Text(text) => text_block(text).to_json(),
            ToolResultContent::Json(json) => text_block(json.as_str()).to_json(),
            ToolResultContent::Image(image) => image_block(image)?.to_json(),
            ToolResultContent::Document(document) => document_block(document)?.to_json(),
            _ => {
                return Err(BodyError::Unsupported(
                    "a part of this kind in a tool's answer",
                ));
            }
        });
    }
    let mut block = object([
        ("type", string("tool_result")),
        ("tool_use_id", string(&answer.tool_use_id)),
        ("content", list(content)),
    ]);
    if answer.status == Some(ToolResultStatus::Error) {
        block.set("is_error", serde_json::Value::from(true).into());
    }
    Ok(block)
}

fn tool_list(tools: &[Tool]) -> Result<Json, BodyError> {
    let mut listed: Vec<Members> = Vec::with_capacity(tools.len());
    for tool in tools {
        match tool {
            Tool::Spec(spec) => {
                let ToolInputSchema::Json(schema) = &spec.input_schema else {
                    return Err(BodyError::Unsupported("a tool's schema of this kind"));
                };
                let mut tool = object([("name", string(&spec.name))]);
                if let Some(description) = &spec.description {
                    tool.set("description", string(description));
                }
                tool.set("input_schema", schema.clone());
                listed.push(tool);
            }
            Tool::CachePoint(point) => cache(&mut listed, point),
            _ => return Err(BodyError::Unsupported("a tool of this kind")),
        }
    }
    Ok(list(listed.iter().map(Members::to_json)))
}

fn tool_choice(choice: &ToolChoice) -> Result<Json, BodyError> {
    let choice = match choice {
        ToolChoice::Auto(_) => object([("type", string("auto"))]),
        ToolChoice::Any(_) => object([("type", string("any"))]),
        ToolChoice::Tool(tool) => object([("type", string("tool")), ("name", string(&tool.name))]),
        ToolChoice::Unknown { .. } => {
            return Err(BodyError::Unsupported("a choice of tools of this kind"));
        }
    };
    Ok(choice.to_json())
}
