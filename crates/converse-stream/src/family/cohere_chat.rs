//! Cohere Command R and R+: events by `event_type`, from `stream-start` to `stream-end`.

use super::adapter::Adapter;
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::stop::{MessageStop, StopReason};
use crate::event::usage::Usage;
use crate::payload::Malformed;
use bedrock_wire::ServiceError;

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("event_type").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct CohereChat;

impl Adapter for CohereChat {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let event_type = chunk.word("event_type").unwrap_or_default();
        chunk.flag("is_finished");
        match event_type.as_str() {
            "stream-start" => {
                to.describe_all(&mut chunk, &["generation_id"]);
                to.start(crate::Role::Assistant)?;
            }
            "text-generation" => {
                if let Some(text) = chunk.text("text").map_err(malformed)? {
                    to.text(0, text)?;
                }
            }
            "tool-calls-chunk" => read_call_delta(&mut chunk, to)?,
            "tool-calls-generation" => {
                let plan = chunk.text("text").map_err(malformed)?;
                if let Some(plan) = plan.filter(|_| !to.has_blocks()) {
                    to.text(0, plan)?;
                }
                read_calls(&mut chunk, to)?;
            }
            "stream-end" => return read_end(chunk, to),
            _ => {
                let members = chunk.into_rest();
                if event_type.is_empty() && members.is_empty() {
                    return Ok(());
                }
                to.unknown(&event_type, &members, false);
                return Ok(());
            }
        }
        to.rest(&event_type, chunk);
        Ok(())
    }
}

/// A piece of the plan, the begin of a call, or more of its parameters.
fn read_call_delta<S: FnMut(Event)>(
    chunk: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    if let Some(plan) = chunk.text("text").map_err(malformed)? {
        to.text(0, plan)?;
    }
    let Some(mut delta) = chunk.object("tool_call_delta").map_err(malformed)? else {
        return Ok(());
    };
    if let Some(plan) = delta.text("text").map_err(malformed)? {
        to.text(0, plan)?;
    }
    let number = delta.index("index").map_err(malformed)?.unwrap_or(0);
    let known = to.call(0, number).map(|(index, _)| index);
    let index = match (delta.word("name"), known) {
        (Some(name), None) => Some(to.call_start(0, number, None, name)?),
        (_, known) => known,
    };
    if let Some(fragment) = delta.text("parameters").map_err(malformed)? {
        let index = index.ok_or(malformed(Malformed::new("a tool call with `name`")))?;
        to.tool_input(index, fragment)?;
    }
    chunk.keep("tool_call_delta", delta);
    Ok(())
}

/// Calls that come whole; those that came in pieces before are not told twice.
fn read_calls<S: FnMut(Event)>(
    chunk: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let mut rest = Vec::new();
    for (number, call) in (0..).zip(chunk.list("tool_calls").map_err(malformed)?) {
        let mut call = Fields::read(call.get()).map_err(malformed)?;
        let (name, parameters) = (call.word("name"), call.json("parameters"));
        if to.call(0, number).is_none() {
            let name = name.ok_or(malformed(Malformed::new("a tool call with `name`")))?;
            let index = to.call_start(0, number, None, name)?;
            if let Some(parameters) = parameters {
                to.tool_input(index, parameters.as_str().to_owned())?;
            }
        }
        rest.push(call.into_rest());
    }
    chunk.keep_list("tool_calls", &rest);
    Ok(())
}

/// The end repeats the whole reply; only what did not come before is taken from there.
fn read_end<S: FnMut(Event)>(
    mut chunk: Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let mut reason = chunk.word("finish_reason");
    if let Some(mut response) = chunk.object("response").map_err(malformed)? {
        let text = response.text("text").map_err(malformed)?;
        if let Some(text) = text.filter(|_| !to.has_blocks()) {
            to.text(0, text)?;
        }
        read_calls(&mut response, to)?;
        let repeated = response.word("finish_reason");
        reason = reason.or(repeated);
        let told = [
            "chat_history",
            "citations",
            "documents",
            "search_queries",
            "search_results",
        ];
        for name in told {
            response.take(name);
        }
        to.describe_all(&mut response, &["generation_id", "response_id"]);
        if let Some(mut meta) = response.object("meta").map_err(malformed)? {
            read_meta(&mut meta, to)?;
            response.keep("meta", meta);
        }
        chunk.keep("response", response);
    }
    to.rest("stream-end", chunk);
    to.stop(finish(reason.as_deref().unwrap_or_default())?)
}

/// Tokens; where they are missing, those that are billed.
fn read_meta<S: FnMut(Event)>(
    meta: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    to.describe_all(meta, &["api_version"]);
    let mut usage = Usage::default();
    for name in ["billed_units", "tokens"] {
        let Some(mut counts) = meta.object(name).map_err(malformed)? else {
            continue;
        };
        let (input, output) = (counts.count("input_tokens"), counts.count("output_tokens"));
        usage.input_tokens = input.or(usage.input_tokens);
        usage.output_tokens = output.or(usage.output_tokens);
        meta.keep(name, counts);
    }
    to.usage(usage);
    Ok(())
}

/// Why a Cohere model stopped.
///
/// # Errors
/// Where it stopped because it failed.
pub(super) fn finish(raw: &str) -> Result<MessageStop, StreamError> {
    let reason = match raw {
        "COMPLETE" | "<EOS_TOKEN>" => StopReason::EndTurn,
        "MAX_TOKENS" => StopReason::MaxTokens,
        "STOP_SEQUENCE" => StopReason::StopSequence,
        "TOOL_CALL" => StopReason::ToolUse,
        "ERROR_LIMIT" => StopReason::ModelContextWindowExceeded,
        "ERROR_TOXIC" => StopReason::ContentFiltered,
        "ERROR" => {
            let message = "the model ended its stream with `finish_reason` `ERROR`";
            return Err(ServiceError::new("ModelStreamErrorException", message).into());
        }
        other => other.into(),
    };
    Ok(MessageStop::translated(reason, raw))
}
