//! The persona of a scenario: waits for what its steps name, then sends what they hold.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::audio;
use super::dialogue::Cue;
use super::speech::{Line, Sentence};
use crate::scenario::{Send, Sound, Step, When};
use crate::service_error::ServiceError;

/// How long a tone stands for a letter that is not spoken.
const MILLIS_A_LETTER: u64 = 60;

/// Goes through the steps of a scenario, one after the other.
#[derive(Debug)]
pub(super) struct Script {
    steps: Arc<[Step]>,
    repeat: bool,
    next: usize,
    /// When the next step's lines are due, once what it waits for has happened.
    due: Option<Instant>,
    /// Tool calls that have been sent, by their id.
    called: HashMap<String, String>,
    /// Results that came before the step that waits for them.
    results: Vec<(String, Value)>,
    calls: u64,
}

impl Script {
    pub(super) fn new(steps: Arc<[Step]>, repeat: bool) -> Self {
        Self {
            steps,
            repeat,
            next: 0,
            due: None,
            called: HashMap::new(),
            results: Vec::new(),
            calls: 0,
        }
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Hears of something; gives the lines that are due at once.
    pub(super) fn on_cue(
        &mut self,
        now: Instant,
        cue: &Cue,
        rate: u32,
    ) -> Result<Vec<Line>, ServiceError> {
        if let Cue::ToolResult {
            tool_use_id,
            result,
        } = cue
        {
            let name = self.called.get(tool_use_id).cloned().unwrap_or_default();
            self.results.push((name, result.clone()));
        }
        if self.due.is_none() && self.waits_for(cue)? {
            self.arm(now);
        }
        Ok(self.on_timer(now, rate))
    }

    /// Gives the lines of every step that is due.
    pub(super) fn on_timer(&mut self, now: Instant, rate: u32) -> Vec<Line> {
        let mut lines = Vec::new();
        while self.due.is_some_and(|due| due <= now) {
            self.due = None;
            let steps = self.steps.clone();
            if let Some(step) = steps.get(self.next) {
                lines.extend(step.send.iter().map(|send| self.line(send, rate)));
            }
            self.next += 1;
            if self.repeat && self.next == self.steps.len() {
                self.next = 0;
            }
            if self.step().is_some_and(|step| step.when == When::Then) {
                self.arm(now);
            }
        }
        lines
    }

    fn step(&self) -> Option<&Step> {
        self.steps.get(self.next)
    }

    fn arm(&mut self, now: Instant) {
        self.due = self.step().map(|step| now + step.after);
    }

    /// Whether the next step waits for just this. A tool's result is compared with what is expected.
    fn waits_for(&mut self, cue: &Cue) -> Result<bool, ServiceError> {
        let steps = self.steps.clone();
        let Some(step) = steps.get(self.next) else {
            return Ok(false);
        };
        Ok(match (&step.when, cue) {
            (When::PromptStart, Cue::PromptStart)
            | (When::AudioStart, Cue::AudioStart)
            | (When::SpeechStart, Cue::SpeechStart)
            | (When::SpeechEnd, Cue::SpeechEnd)
            | (When::Turn, Cue::Turn(..))
            | (When::AudioEnd, Cue::AudioEnd) => true,
            (When::Text { contains }, Cue::Text(text)) => text.contains(contains.as_str()),
            (When::ToolResult { tool, expect }, _) => self.take_result(tool, expect)?,
            _ => false,
        })
    }

    /// Takes the waited-for result, where it has come.
    fn take_result(&mut self, tool: &str, expect: &Value) -> Result<bool, ServiceError> {
        let is_it = |(name, _): &(String, Value)| tool.is_empty() || name == tool;
        let Some(at) = self.results.iter().position(is_it) else {
            return Ok(false);
        };
        let (name, result) = self.results.remove(at);
        match difference(expect, &result, "") {
            None => Ok(true),
            Some(pointer) => Err(ServiceError::validation(format!(
                "The scenario expects another result of {name:?}: it differs at {pointer:?}."
            ))),
        }
    }

    fn line(&mut self, send: &Send, rate: u32) -> Line {
        match send {
            Send::Transcript(text) => Line::Transcript(text.clone()),
            Send::Say { text, sound } => Line::Say(Sentence {
                text: text.clone(),
                samples: match sound {
                    Sound::Tone(millis) => audio::tone(*millis, rate),
                    Sound::LettersAsTone => {
                        audio::tone(text.chars().count() as u64 * MILLIS_A_LETTER, rate)
                    }
                    Sound::Wav {
                        samples,
                        rate: from,
                    } => audio::resample(samples, *from, rate),
                },
            }),
            Send::Tool { name, id, input } => {
                self.calls += 1;
                let id = id
                    .clone()
                    .unwrap_or_else(|| format!("tooluse_loopback{}", self.calls));
                self.called.insert(id.clone(), name.clone());
                Line::Tool {
                    name: name.clone(),
                    id,
                    input: input.clone(),
                }
            }
            Send::Event { name, members } => Line::Event {
                name: name.clone(),
                members: members.clone(),
            },
            Send::Exception(error) => Line::Fail(error.clone()),
        }
    }
}

/// Where `found` lacks something of `expected`, as a JSON pointer. Members that are not expected may be there.
fn difference(expected: &Value, found: &Value, at: &str) -> Option<String> {
    match (expected, found) {
        (Value::Null, _) if at.is_empty() => None,
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().find_map(|(name, value)| {
                let at = format!("{at}/{name}");
                found
                    .get(name)
                    .map_or_else(|| Some(at.clone()), |found| difference(value, found, &at))
            })
        }
        _ if expected == found => None,
        _ => Some(at.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_expected_must_be_there_and_more_may() {
        let found = json!({ "a": 1, "b": { "c": [1, 2], "d": null } });
        assert_eq!(difference(&Value::Null, &found, ""), None);
        assert_eq!(
            difference(&json!({ "b": { "c": [1, 2] } }), &found, ""),
            None
        );
        assert_eq!(
            difference(&json!({ "b": { "c": [1] } }), &found, ""),
            Some("/b/c".to_owned())
        );
        assert_eq!(
            difference(&json!({ "x": null }), &found, ""),
            Some("/x".to_owned())
        );
    }
}
