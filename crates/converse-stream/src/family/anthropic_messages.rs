//! Anthropic Messages (`bedrock-2023-05-31`): events by `type`, from `message_start` to `message_stop`.

use bedrock_wire::ServiceError;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::adapter::Adapter;
use super::anthropic_citation::read_citation;
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::assemble::Part;
use crate::error::StreamError;
use crate::event::stop::MessageStop;
use crate::event::usage::{CacheDetail, Usage};
use crate::event::{BlockStart, Event};
use crate::payload::Malformed;
use crate::request::message::{CacheTtl, Role};
use crate::request::tool::{ToolResultContent, ToolUseType};

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("type").is_some() && chunk.get("completion").is_none()
}

/// Why the message ends comes one event before its end.
#[derive(Clone, Debug, Default)]
pub(super) struct AnthropicMessages {
    stop: Option<MessageStop>,
}

impl Adapter for AnthropicMessages {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        // Metrics may come in a chunk of their own, of which nothing is left here.
        if chunk.is_empty() {
            return Ok(());
        }
        let event = chunk.word("type").unwrap_or_default();
        match event.as_str() {
            "content_block_delta" => return read_delta(chunk, to),
            "content_block_start" => return read_block_start(chunk, to),
            "content_block_stop" => {
                let index = block_index(&mut chunk)?;
                to.block_stop(index)?;
            }
            "message_start" => read_message_start(&mut chunk, to)?,
            "message_delta" => self.read_message_delta(&mut chunk, to)?,
            "message_stop" => {
                let stop = self.stop.take();
                to.stop(stop.unwrap_or_else(|| MessageStop::new("".into())))?;
            }
            "ping" => {}
            "error" => return Err(error(&mut chunk)?.into()),
            _ => {
                to.unknown(&event, &chunk.into_rest(), false);
                return Ok(());
            }
        }
        to.rest(&event, chunk);
        Ok(())
    }
}

impl AnthropicMessages {
    fn read_message_delta<S: FnMut(Event)>(
        &mut self,
        chunk: &mut Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        if let Some(mut delta) = chunk.object("delta").map_err(malformed)? {
            let reason = delta.word("stop_reason");
            // The stop sequence, and what newer models say of their end.
            let rest = delta.into_rest();
            if reason.is_some() || !rest.is_empty() {
                let reason = reason.as_deref().unwrap_or_default();
                let stop = self.stop.insert(MessageStop::new(reason.into()));
                stop.additional_fields = (!rest.is_empty()).then(|| rest.to_json());
            }
        }
        read_usage(chunk, to)
    }
}

fn read_message_start<S: FnMut(Event)>(
    chunk: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let Some(mut message) = chunk.object("message").map_err(malformed)? else {
        return to.start(Role::Assistant);
    };
    message.take("type");
    let role = message.word("role");
    to.start(role.as_deref().map_or(Role::Assistant, Role::from))?;
    to.describe_all(&mut message, &["id", "model"]);
    read_usage(&mut message, to)?;
    if message.get("content").is_some_and(is_empty_list) {
        message.take("content");
    }
    chunk.keep("message", message);
    Ok(())
}

fn read_block_start<S: FnMut(Event)>(
    mut chunk: Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let index = block_index(&mut chunk)?;
    let block = chunk.object("content_block").map_err(malformed)?;
    let mut block = block.ok_or(malformed(Malformed::new("`content_block`")))?;
    let kind = block.word("type").unwrap_or_default();
    match kind.as_str() {
        "text" => {
            to.block_start(index, Some(BlockStart::Text))?;
            first(&mut block, "text", index, Part::Text, to)?;
            if block.get("citations").is_some_and(is_empty_list) {
                block.take("citations");
            }
        }
        "thinking" => {
            to.block_start(index, Some(BlockStart::Reasoning))?;
            first(&mut block, "thinking", index, Part::Reasoning, to)?;
            first(&mut block, "signature", index, Part::Signature, to)?;
        }
        "redacted_thinking" => {
            to.block_start(index, Some(BlockStart::Reasoning))?;
            let redacted = |data: String| Part::Redacted(Bytes::from(data));
            first(&mut block, "data", index, redacted, to)?;
        }
        "tool_use" | "server_tool_use" => {
            let id = block.word("id");
            let name = block.word("name");
            let name = name.ok_or(malformed(Malformed::new("a tool call with `name`")))?;
            let hosted = (kind == "server_tool_use").then_some(ToolUseType::ServerToolUse);
            to.numbered_call(index, id, name, hosted)?;
            let input = block.take("input").map(|input| input.get().to_owned());
            if let Some(input) = input.filter(|input| input != "{}") {
                to.part(index, Part::ToolInput(input))?;
            }
        }
        _ if kind.ends_with("_tool_result") => {
            let start = BlockStart::ToolResult {
                tool_use_id: block.word("tool_use_id").unwrap_or_default(),
                kind: Some(kind.clone()),
                status: None,
            };
            to.block_start(index, Some(start))?;
            if let Some(content) = block.json("content") {
                let content = Box::new(ToolResultContent::Json(content));
                to.part(index, Part::ToolResult(content))?;
            }
        }
        _ => {
            block.put_back("type", &kind);
            to.block_start(index, Some(BlockStart::Unknown { name: kind }))?;
            chunk.keep("content_block", block);
            leftover("content_block_start", index, chunk, false, to);
            return Ok(());
        }
    }
    chunk.keep("content_block", block);
    leftover("content_block_start", index, chunk, true, to);
    Ok(())
}

fn read_delta<S: FnMut(Event)>(
    mut chunk: Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let index = block_index(&mut chunk)?;
    let delta = chunk.object("delta").map_err(malformed)?;
    let mut delta = delta.ok_or(malformed(Malformed::new("`delta`")))?;
    let kind = delta.word("type").unwrap_or_default();
    let mut text = |name| delta.text(name).map_err(malformed);
    let part = match kind.as_str() {
        "text_delta" => text("text")?.map(Part::Text),
        "input_json_delta" => text("partial_json")?.map(Part::ToolInput),
        "thinking_delta" => text("thinking")?.map(Part::Reasoning),
        "signature_delta" => text("signature")?.map(Part::Signature),
        "citations_delta" => {
            let citation = delta.object("citation").map_err(malformed)?;
            citation.map(|citation| Part::Citation(Box::new(read_citation(citation))))
        }
        _ => {
            delta.put_back("type", &kind);
            None
        }
    };
    let known = part.is_some();
    if let Some(part) = part {
        to.part(index, part)?;
    }
    chunk.keep("delta", delta);
    leftover("content_block_delta", index, chunk, known, to);
    Ok(())
}

/// Tells what stands in the start of a block already.
fn first<S: FnMut(Event)>(
    block: &mut Fields<'_>,
    name: &str,
    index: u32,
    part: impl FnOnce(String) -> Part,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    match block.text(name).map_err(malformed)? {
        Some(text) if !text.is_empty() => to.part(index, part(text)),
        _ => Ok(()),
    }
}

/// Hands on what is not known of an event about a block, with the block.
fn leftover<S: FnMut(Event)>(
    event: &str,
    index: u32,
    chunk: Fields<'_>,
    partial: bool,
    to: &mut Telling<'_, S>,
) {
    if !chunk.is_empty() {
        let mut rest = chunk.into_rest();
        rest.set("index", Value::from(index).into());
        to.unknown(event, &rest, partial);
    }
}

fn block_index(chunk: &mut Fields<'_>) -> Result<u32, StreamError> {
    let index = chunk.index("index").map_err(malformed)?;
    index.ok_or(malformed(Malformed::new("a content block index")))
}

fn is_empty_list(json: &RawValue) -> bool {
    json.get() == "[]"
}

/// The counts of an event, which go on from those before them.
fn read_usage<S: FnMut(Event)>(
    event: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let Some(mut counts) = event.object("usage").map_err(malformed)? else {
        return Ok(());
    };
    let mut usage = Usage {
        input_tokens: counts.count("input_tokens"),
        output_tokens: counts.count("output_tokens"),
        cache_read_input_tokens: counts.count("cache_read_input_tokens"),
        cache_write_input_tokens: counts.count("cache_creation_input_tokens"),
        ..Usage::default()
    };
    if let Some(mut written) = counts.object("cache_creation").map_err(malformed)? {
        let lives = [
            (CacheTtl::FiveMinutes, "ephemeral_5m_input_tokens"),
            (CacheTtl::OneHour, "ephemeral_1h_input_tokens"),
        ];
        for (ttl, name) in lives {
            let tokens = written.count(name).filter(|tokens| *tokens > 0);
            usage
                .cache_details
                .extend(tokens.map(|tokens| CacheDetail::new(ttl, tokens)));
        }
        counts.keep("cache_creation", written);
    }
    usage.other = counts.into_rest();
    to.usage(usage);
    Ok(())
}

/// An error inside the stream, under the code that the service has for it.
fn error(chunk: &mut Fields<'_>) -> Result<ServiceError, StreamError> {
    let error = chunk.object("error").map_err(malformed)?;
    let mut error = error.unwrap_or_default();
    let kind = error.word("type").unwrap_or_default();
    let message = error.word("message").unwrap_or_default();
    let code = match kind.as_str() {
        "overloaded_error" => "ServiceUnavailableException",
        "rate_limit_error" => "ThrottlingException",
        "api_error" => "InternalServerException",
        "timeout_error" => "ModelTimeoutException",
        "invalid_request_error" => "ValidationException",
        "authentication_error" | "permission_error" => "AccessDeniedException",
        "not_found_error" => "ResourceNotFoundException",
        _ => "ModelStreamErrorException",
    };
    Ok(ServiceError::new(code, format!("{kind}: {message}")))
}
