//! Models whose chunks are OpenAI's or nearly so, under `choices`: Qwen, gpt-oss, DeepSeek, Mistral chat, Jamba, Writer,
//! Kimi, GLM, MiniMax.

use bedrock_wire::ServiceError;
use serde_json::value::RawValue;

use super::adapter::Adapter;
use super::fields::Fields;
use super::reasoning_tag::{Piece, ReasoningTag};
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::metadata::Metadata;
use crate::event::stop::{MessageStop, StopReason};
use crate::event::usage::Usage;
use crate::json::Members;
use crate::payload::{self, Malformed};
use crate::request::message::Role;

/// Any of these models.
pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("choices").is_some()
}

/// Mistral chat and DeepSeek R1 name what a choice holds otherwise: `message`, `text`.
pub(super) fn fits_message(chunk: &Fields<'_>) -> bool {
    has_in_choice(chunk, "message")
}

pub(super) fn fits_text(chunk: &Fields<'_>) -> bool {
    has_in_choice(chunk, "text")
}

/// Writer's Palmyra streams text completions and says so.
pub(super) fn fits_text_completion(chunk: &Fields<'_>) -> bool {
    let object = chunk.get("object").map(RawValue::get);
    fits(chunk) && object == Some("\"text_completion\"")
}

fn has_in_choice(chunk: &Fields<'_>, name: &str) -> bool {
    let choices = chunk.get("choices").map_or("", RawValue::get);
    let choices: Vec<&RawValue> = serde_json::from_str(choices).unwrap_or_default();
    let has = |choice: &&RawValue| {
        Fields::read(choice.get()).is_ok_and(|choice| choice.get(name).is_some())
    };
    choices.first().is_some_and(has)
}

/// Chunks with `choices` that end with the last choice's reason.
pub(super) type OpenAi = Choices<false>;
/// The same where the end is the chunk `"[DONE]"`.
pub(super) type OpenAiUntilDone = Choices<true>;

#[derive(Clone, Debug, Default)]
pub(super) struct Choices<const UNTIL_DONE: bool> {
    /// Choices that have been seen, whether they have ended, and their reasoning so far.
    seen: Vec<Choice>,
    stop: Option<MessageStop>,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    lane: u32,
    ended: bool,
    tag: ReasoningTag,
}

impl<const UNTIL_DONE: bool> Adapter for Choices<UNTIL_DONE> {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let about = [
            "id",
            "object",
            "created",
            "model",
            "system_fingerprint",
            "meta",
        ];
        to.describe_all(&mut chunk, &about);
        to.metadata(Metadata {
            service_tier: chunk.word("service_tier").as_deref().map(Into::into),
            ..Metadata::default()
        });
        let mut rest = Vec::new();
        for (at, choice) in (0..).zip(chunk.list("choices").map_err(malformed)?) {
            let choice = Fields::read(choice.get()).map_err(malformed)?;
            rest.push(self.read_choice(at, choice, to)?);
        }
        chunk.keep_list("choices", &rest);
        read_usage(&mut chunk, to)?;
        to.rest("chunk", chunk);
        if !UNTIL_DONE && self.seen.iter().all(|choice| choice.ended) {
            if let Some(stop) = self.stop.take() {
                return to.stop(stop);
            }
        }
        Ok(())
    }

    fn done<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<bool, StreamError> {
        if UNTIL_DONE && !to.has_stopped() {
            let stop = self.stop.take();
            to.stop(stop.unwrap_or_else(|| MessageStop::new("".into())))?;
        }
        Ok(true)
    }

    fn cut<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<(), StreamError> {
        self.seen.iter_mut().try_for_each(|choice| choice.flush(to))
    }
}

impl<const UNTIL_DONE: bool> Choices<UNTIL_DONE> {
    /// Reads a choice and gives back what is not known of it.
    fn read_choice<S: FnMut(Event)>(
        &mut self,
        at: u32,
        mut choice: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<Members, StreamError> {
        let lane = choice.index("index").map_err(malformed)?.unwrap_or(at);
        let mut state = self.take_choice(lane);
        if let Some(text) = choice.text("text").map_err(malformed)? {
            state.text(text, to)?;
        }
        for name in ["delta", "message"] {
            if let Some(mut delta) = choice.object(name).map_err(malformed)? {
                state.read_delta(&mut delta, to)?;
                choice.keep(name, delta);
            }
        }
        let (reason, native) = (choice.word("finish_reason"), choice.take("stop_reason"));
        if reason.is_some() || native.is_some() {
            state.flush(to)?;
            state.ended = true;
            if lane == 0 || self.stop.is_none() {
                self.stop = Some(stop(reason, native)?);
            }
        }
        self.seen.push(state);
        Ok(choice.into_rest())
    }

    /// Takes a choice's state out of the list.
    fn take_choice(&mut self, lane: u32) -> Choice {
        match self.seen.iter().position(|choice| choice.lane == lane) {
            Some(at) => self.seen.swap_remove(at),
            None => Choice {
                lane,
                ..Choice::default()
            },
        }
    }
}

impl Choice {
    fn read_delta<S: FnMut(Event)>(
        &mut self,
        delta: &mut Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let role = delta.word("role");
        to.start(role.as_deref().map_or(Role::Assistant, Role::from))?;
        for name in ["reasoning_content", "reasoning"] {
            if let Some(text) = delta.text(name).map_err(malformed)? {
                to.reasoning(self.lane, text)?;
            }
        }
        self.read_content(delta, to)?;
        let mut rest = Vec::new();
        for (at, call) in (0..).zip(delta.list("tool_calls").map_err(malformed)?) {
            let call = Fields::read(call.get()).map_err(malformed)?;
            rest.push(self.read_call(at, call, to)?);
        }
        delta.keep_list("tool_calls", &rest);
        Ok(())
    }

    /// Content is a string, or a list of parts with Mistral's reasoning models.
    fn read_content<S: FnMut(Event)>(
        &mut self,
        delta: &mut Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let listed = delta
            .get("content")
            .is_some_and(|raw| raw.get().starts_with('['));
        if !listed {
            return match delta.text("content").map_err(malformed)? {
                Some(text) => self.text(text, to),
                None => Ok(()),
            };
        }
        let mut rest = Vec::new();
        for part in delta.list("content").map_err(malformed)? {
            let mut part = Fields::read(part.get()).map_err(malformed)?;
            if let Some(text) = part.text("text").map_err(malformed)? {
                part.take("type");
                self.text(text, to)?;
            }
            let mut thoughts = Vec::new();
            for thought in part.list("thinking").map_err(malformed)? {
                let mut thought = Fields::read(thought.get()).map_err(malformed)?;
                if let Some(text) = thought.text("text").map_err(malformed)? {
                    thought.take("type");
                    part.take("type");
                    to.reasoning(self.lane, text)?;
                }
                thoughts.push(thought.into_rest());
            }
            part.keep_list("thinking", &thoughts);
            rest.push(part.into_rest());
        }
        delta.keep_list("content", &rest);
        Ok(())
    }

    /// A call, or more of one. The id, where it comes, comes first; another one under the same number is another call.
    fn read_call<S: FnMut(Event)>(
        &mut self,
        at: u32,
        mut call: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<Members, StreamError> {
        self.flush(to)?;
        let number = call.index("index").map_err(malformed)?.unwrap_or(at);
        call.take("type");
        let id = call.word("id").filter(|id| !id.is_empty());
        let function = call.object("function").map_err(malformed)?;
        let mut function = function.unwrap_or_default();
        let name = function.word("name");
        let known = to.call(self.lane, number);
        let known = known.filter(|(_, had)| id.as_deref().is_none_or(|id| id == *had));
        let index = if let Some((index, _)) = known {
            index
        } else {
            let name = name.ok_or(malformed(Malformed::new("a tool call with `name`")))?;
            to.call_start(self.lane, number, id, name)?
        };
        if let Some(arguments) = function.take("arguments") {
            let text = if arguments.get().starts_with('"') {
                payload::text(arguments).map_err(malformed)?
            } else {
                arguments.get().to_owned()
            };
            to.tool_input(index, text)?;
        }
        call.keep("function", function);
        Ok(call.into_rest())
    }

    fn text<S: FnMut(Event)>(
        &mut self,
        text: String,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let lane = self.lane;
        self.tag.read(text, &mut |piece| tell(lane, piece, to))
    }

    fn flush<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<(), StreamError> {
        let lane = self.lane;
        self.tag.flush(&mut |piece| tell(lane, piece, to))
    }
}

fn tell<S: FnMut(Event)>(
    lane: u32,
    piece: Piece,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    match piece {
        Piece::Text(text) => to.text(lane, text),
        Piece::Reasoning(text) => to.reasoning(lane, text),
    }
}

/// Why a choice ended. Jamba gives the token that stopped it beside the reason; others have the reason under that name.
fn stop(reason: Option<String>, native: Option<&RawValue>) -> Result<MessageStop, StreamError> {
    let word = native.and_then(|native| payload::text(native).ok());
    let (raw, extra) = match (reason, word) {
        (Some(reason), _) => (reason, native),
        (None, Some(word)) => (word, None),
        (None, None) => (String::new(), native),
    };
    if raw == "error" {
        let message = "the model ended its stream with the reason `error`";
        return Err(ServiceError::new("ModelStreamErrorException", message).into());
    }
    let mut stop = MessageStop::translated(finish(&raw), &raw);
    stop.additional_fields = extra.map(|native| {
        let mut fields = Members::default();
        fields.set("stop_reason", native.into());
        fields.to_json()
    });
    Ok(stop)
}

/// OpenAI's word for a reason; Mistral's text models share it.
pub(super) fn finish(raw: &str) -> StopReason {
    match raw {
        "stop" => StopReason::EndTurn,
        "length" => StopReason::MaxTokens,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "content_filter" => StopReason::ContentFiltered,
        "model_length" => StopReason::ModelContextWindowExceeded,
        other => other.into(),
    }
}

/// Counts of the whole call, cached tokens taken out of the prompt's as Converse has them.
fn read_usage<S: FnMut(Event)>(
    chunk: &mut Fields<'_>,
    to: &mut Telling<'_, S>,
) -> Result<(), StreamError> {
    let Some(mut counts) = chunk.object("usage").map_err(malformed)? else {
        return Ok(());
    };
    let details = counts.get("prompt_tokens_details").map(RawValue::get);
    let cached = details
        .and_then(|details| Fields::read(details).ok())
        .and_then(|mut details| details.count("cached_tokens"));
    let prompt = counts.count("prompt_tokens");
    let usage = Usage {
        input_tokens: prompt.map(|prompt| prompt.saturating_sub(cached.unwrap_or(0))),
        output_tokens: counts.count("completion_tokens"),
        total_tokens: counts.count("total_tokens"),
        cache_read_input_tokens: cached,
        other: counts.into_rest(),
        ..Usage::default()
    };
    to.usage(usage);
    Ok(())
}
