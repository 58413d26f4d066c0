//! Meta Llama 2, 3 and 4, and models imported in their format: `{"generation": …, "stop_reason": …}`.

use super::adapter::Adapter;
use super::body::{BodyError, Limits, object, string};
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::stop::{MessageStop, StopReason};
use crate::event::usage::Usage;
use crate::json::Members;
use crate::prompt;
use crate::request::ConverseRequest;

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("generation").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct Llama;

impl Adapter for Llama {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        // The prompt's count stands in the first chunk; the other one counts up.
        to.usage(Usage {
            input_tokens: chunk.count("prompt_token_count"),
            output_tokens: chunk.count("generation_token_count"),
            ..Usage::default()
        });
        if let Some(text) = chunk.text("generation").map_err(malformed)? {
            to.text(0, text)?;
        }
        let stop = chunk.word("stop_reason");
        to.rest("chunk", chunk);
        match stop {
            Some(raw) => to.stop(MessageStop::translated(reason(&raw), &raw)),
            None => Ok(()),
        }
    }
}

const LIMITS: Limits = Limits {
    max_tokens: "max_gen_len",
    temperature: "temperature",
    top_p: "top_p",
    stop: "",
};

/// Each version wants a prompt of its own; those that are not known to be older get Llama 3's.
pub(super) fn body(model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let prompt = if model.contains("llama2") {
        prompt::llama2_chat(request)?
    } else if model.contains("llama4") {
        prompt::llama4(request)?
    } else {
        prompt::llama3(request)?
    };
    let mut body = object([("prompt", string(&prompt))]);
    LIMITS.set(request.inference_config.as_ref(), &mut body)?;
    Ok(body)
}

fn reason(raw: &str) -> StopReason {
    match raw {
        "stop" => StopReason::EndTurn,
        "length" => StopReason::MaxTokens,
        other => other.into(),
    }
}
