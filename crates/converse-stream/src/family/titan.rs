//! Amazon Titan Text: `{"outputText": …, "completionReason": …}`.

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
    chunk.get("outputText").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct Titan;

impl Adapter for Titan {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let lane = chunk.index("index").map_err(malformed)?.unwrap_or(0);
        let counts = Usage {
            input_tokens: chunk.count("inputTextTokenCount"),
            output_tokens: chunk.count("totalOutputTextTokenCount"),
            ..Usage::default()
        };
        // Where a guardrail has blocked the request there is no reason; the total stands in the last chunk only.
        let blocked = to.intervened && counts.output_tokens.is_some();
        to.usage(counts);
        if let Some(text) = chunk.text("outputText").map_err(malformed)? {
            to.text(lane, text)?;
        }
        let stop = chunk.word("completionReason");
        to.rest("chunk", chunk);
        match stop {
            Some(raw) => to.stop(MessageStop::translated(reason(&raw), &raw)),
            None if blocked => to.stop(MessageStop::new(StopReason::GuardrailIntervened)),
            None => Ok(()),
        }
    }
}

const LIMITS: Limits = Limits {
    max_tokens: "maxTokenCount",
    temperature: "temperature",
    top_p: "topP",
    stop: "stopSequences",
};

pub(super) fn body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let prompt = prompt::titan(request)?;
    let mut config = Members::default();
    LIMITS.set(request.inference_config.as_ref(), &mut config)?;
    let mut body = object([("inputText", string(&prompt))]);
    if !config.is_empty() {
        body.set("textGenerationConfig", config.to_json());
    }
    Ok(body)
}

fn reason(raw: &str) -> StopReason {
    match raw {
        "FINISH" | "FINISHED" => StopReason::EndTurn,
        "LENGTH" => StopReason::MaxTokens,
        "STOP_CRITERIA_MET" => StopReason::StopSequence,
        "CONTENT_FILTERED" => StopReason::ContentFiltered,
        other => other.into(),
    }
}
