//! Anthropic's text completions (Claude 1, 2 and Instant): `{"completion": …, "stop_reason": …, "stop": …}`.

use super::adapter::Adapter;
use super::body::{BodyError, Limits, object, string};
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::stop::MessageStop;
use crate::json::Members;
use crate::prompt;
use crate::request::ConverseRequest;

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("completion").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct AnthropicText;

impl Adapter for AnthropicText {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        to.describe_all(&mut chunk, &["type", "id", "model", "log_id"]);
        if let Some(text) = chunk.text("completion").map_err(malformed)? {
            to.text(0, text)?;
        }
        let reason = chunk.word("stop_reason");
        let sequence = chunk.json("stop");
        to.rest("chunk", chunk);
        let Some(reason) = reason else { return Ok(()) };
        let mut stop = MessageStop::new(reason.as_str().into());
        stop.additional_fields = sequence.map(|sequence| {
            let mut fields = Members::default();
            fields.set("stop", sequence);
            fields.to_json()
        });
        to.stop(stop)
    }
}

const LIMITS: Limits = Limits {
    max_tokens: "max_tokens_to_sample",
    temperature: "temperature",
    top_p: "top_p",
    stop: "stop_sequences",
};

pub(super) fn body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let config = request.inference_config.as_ref();
    let tokens = config.and_then(|config| config.max_tokens);
    tokens.ok_or(BodyError::Needs("`max_tokens`"))?;
    let prompt = prompt::anthropic_text(request)?;
    let mut body = object([("prompt", string(&prompt))]);
    LIMITS.set(config, &mut body)?;
    Ok(body)
}
