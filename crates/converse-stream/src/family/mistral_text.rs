//! Mistral's text models: `{"outputs": [{"text": …, "stop_reason": …}]}`.

use super::adapter::Adapter;
use super::body::{BodyError, Limits, object, string};
use super::fields::Fields;
use super::openai::finish;
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::stop::MessageStop;
use crate::json::Members;
use crate::prompt;
use crate::request::ConverseRequest;

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.get("outputs").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct MistralText;

impl Adapter for MistralText {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let (mut stop, mut rest) = (None, Vec::new());
        let outputs = chunk.list("outputs").map_err(malformed)?;
        for (lane, output) in (0..).zip(outputs) {
            let mut output = Fields::read(output.get()).map_err(malformed)?;
            if let Some(text) = output.text("text").map_err(malformed)? {
                to.text(lane, text)?;
            }
            stop = stop.or(output.word("stop_reason"));
            rest.push(output.into_rest());
        }
        chunk.keep_list("outputs", &rest);
        to.rest("chunk", chunk);
        match stop {
            Some(raw) => to.stop(MessageStop::translated(finish(&raw), &raw)),
            None => Ok(()),
        }
    }
}

const LIMITS: Limits = Limits {
    max_tokens: "max_tokens",
    temperature: "temperature",
    top_p: "top_p",
    stop: "stop",
};

pub(super) fn body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let prompt = prompt::mistral(request)?;
    let mut body = object([("prompt", string(&prompt))]);
    LIMITS.set(request.inference_config.as_ref(), &mut body)?;
    Ok(body)
}
