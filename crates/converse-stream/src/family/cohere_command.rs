//! Cohere Command and Command Light: `{"text": …, "is_finished": …}` chunk by chunk, or all at once under `generations`.

use super::adapter::Adapter;
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::stop::MessageStop;

use super::cohere_chat::finish;

/// The text that ends a stream whose `is_finished` is missing.
const END_OF_SEQUENCE: &str = "<EOS_TOKEN>";

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    let stream = chunk.get("is_finished").is_some() && chunk.get("event_type").is_none();
    stream || chunk.get("generations").is_some()
}

#[derive(Clone, Debug, Default)]
pub(super) struct CohereCommand {
    /// Answers that have been seen, and whether they have ended.
    answers: Vec<(u32, bool)>,
    stop: Option<MessageStop>,
}

impl Adapter for CohereCommand {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let mut rest = Vec::new();
        for (lane, answer) in (0..).zip(chunk.list("generations").map_err(malformed)?) {
            let mut answer = Fields::read(answer.get()).map_err(malformed)?;
            if lane == 0 {
                to.describe_all(&mut answer, &["id"]);
            }
            self.read_answer(lane, true, &mut answer, to)?;
            rest.push(answer.into_rest());
        }
        chunk.keep_list("generations", &rest);
        self.read_answer(0, false, &mut chunk, to)?;
        if chunk.get("prompt").is_some() || chunk.get("id").is_some() {
            to.describe_all(&mut chunk, &["id", "prompt"]);
        }
        to.rest("chunk", chunk);
        let ended = !self.answers.is_empty() && self.answers.iter().all(|(_, ended)| *ended);
        match self.stop.take_if(|_| ended) {
            Some(stop) => to.stop(stop),
            None => Ok(()),
        }
    }
}

impl CohereCommand {
    /// Reads one answer; `whole` where nothing more comes of it.
    fn read_answer<S: FnMut(Event)>(
        &mut self,
        lane: u32,
        whole: bool,
        answer: &mut Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let text = answer.text("text").map_err(malformed)?;
        let finished = answer.flag("is_finished");
        let reason = answer.word("finish_reason");
        if text.is_none() && !finished && reason.is_none() {
            return Ok(());
        }
        let lane = answer.index("index").map_err(malformed)?.unwrap_or(lane);
        let at_end = text.as_deref() == Some(END_OF_SEQUENCE);
        if let Some(text) = text.filter(|_| !at_end) {
            to.text(lane, text)?;
        }
        let ended = whole || finished || at_end || reason.is_some();
        match self.answers.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, had)) => *had |= ended,
            None => self.answers.push((lane, ended)),
        }
        if ended && (lane == 0 || self.stop.is_none()) {
            let reason = reason.or(at_end.then(|| END_OF_SEQUENCE.to_owned()));
            self.stop = Some(finish(reason.as_deref().unwrap_or_default())?);
        }
        Ok(())
    }
}
