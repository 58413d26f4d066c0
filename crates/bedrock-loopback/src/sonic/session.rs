//! One session: events through the grammar to the persona, limits on tokio's clock.

use serde_json::Value;
use tokio::time::Instant;

use super::dialogue::Dialogue;
use super::event::InputEvent;
use super::grammar::{Act, Grammar};
use super::limits::Limits;
use super::output::Outbox;
use super::quirks::Quirks;
use super::script::Script;
use super::speech::Pace;
use crate::ids::Ids;
use crate::scenario::Scenario;
use crate::service_error::{ErrorKind, ServiceError};

const TIMED_OUT: &str = "Model has timed out in processing the request. Try your request again.";
const UNSTABLE: &str = "System instability detected. Please retry your request.";
const NO_SPEECH: &str =
    "InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR";

/// How a session behaves.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) strict: bool,
    pub(crate) limits: Limits,
    pub(crate) pace: Pace,
    pub(crate) scenario: Option<Scenario>,
}

/// A Nova Sonic session without its transport.
#[derive(Debug)]
pub(crate) struct Session {
    grammar: Grammar,
    limits: Limits,
    quirks: Quirks,
    dialogue: Dialogue,
    out: Outbox,
    opened: Instant,
    last_input: Instant,
    last_speech: Option<Instant>,
}

impl Session {
    pub(crate) fn new(
        model_id: &str,
        settings: &Settings,
        quirks: Quirks,
        ids: Ids,
        now: Instant,
    ) -> Self {
        let mut limits = settings.limits.clone();
        if let Some(time) = quirks.times_out_after {
            limits.session = time;
        }
        let scenario = if quirks.tool_speech_tool {
            Some(Scenario::tool_speech_tool())
        } else {
            settings.scenario.clone()
        };
        let script = scenario
            .filter(|scenario| !scenario.sonic.is_empty())
            .map(|scenario| Script::new(scenario.sonic, scenario.repeat));
        Self {
            grammar: Grammar::new(model_id, settings.strict, limits.clone()),
            limits,
            quirks,
            dialogue: Dialogue::new(settings.pace, quirks, script),
            out: Outbox::new(ids),
            opened: now,
            last_input: now,
            last_speech: None,
        }
    }

    /// Takes one input event as JSON.
    pub(crate) fn on_event(&mut self, now: Instant, json: &[u8]) -> Result<(), ServiceError> {
        let event = InputEvent::parse(json)?;
        let Some(act) = self.grammar.accept(event)? else {
            return Ok(());
        };
        match &act {
            Act::Audio { samples } if !samples.is_empty() => self.last_input = now,
            Act::TextTurn { .. } | Act::ToolResult { .. } => self.last_input = now,
            Act::AudioOpened { .. } => self.last_speech = Some(now),
            Act::AudioClosed => self.last_speech = None,
            _ => {}
        }
        let active = self.dialogue.on_act(now, act, &mut self.out);
        self.allow_tool_results();
        if active? && self.last_speech.is_some() {
            self.last_speech = Some(now);
        }
        Ok(())
    }

    /// The client has sent its signed end.
    pub(crate) fn on_input_end(&mut self) -> Result<(), ServiceError> {
        self.grammar.finish()
    }

    /// Sends what is due, and fails where a limit is reached.
    pub(crate) fn on_timer(&mut self, now: Instant) -> Result<(), ServiceError> {
        if now >= self.opened + self.limits.session {
            return Err(ServiceError::new(ErrorKind::ModelTimeout, TIMED_OUT));
        }
        if now >= self.last_input + self.limits.input_gap {
            let seconds = self.limits.input_gap.as_secs();
            return Err(ServiceError::validation(format!(
                "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content. \
                 Please ensure gaps between audio bytes and interactive content are less than {seconds} seconds."
            )));
        }
        if self.unstable_at().is_some_and(|at| now >= at) {
            return Err(ServiceError::validation(UNSTABLE));
        }
        if self
            .silent_since()
            .is_some_and(|silent| now >= silent + self.limits.user_silence)
        {
            return Err(ServiceError::validation(NO_SPEECH));
        }
        let delivered = self.dialogue.on_timer(now, &mut self.out);
        self.allow_tool_results();
        delivered
    }

    /// When [`on_timer`](Self::on_timer) wants to be called next.
    pub(crate) fn deadline(&self) -> Instant {
        let limits = [
            Some(self.opened + self.limits.session),
            Some(self.last_input + self.limits.input_gap),
            self.silent_since()
                .map(|silent| silent + self.limits.user_silence),
            self.unstable_at(),
            self.dialogue.deadline(),
        ];
        limits.into_iter().flatten().min().unwrap_or(self.opened)
    }

    pub(crate) fn take_events(&mut self) -> Vec<Value> {
        let events = self.out.take();
        if self.quirks.deaf { Vec::new() } else { events }
    }

    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        self.grammar.take_warnings()
    }

    fn allow_tool_results(&mut self) {
        for tool_use_id in self.out.take_asked() {
            self.grammar.tool_asked(&tool_use_id);
        }
    }

    fn unstable_at(&self) -> Option<Instant> {
        self.quirks.unstable_after.map(|after| self.opened + after)
    }

    const fn silent_since(&self) -> Option<Instant> {
        self.last_speech
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn settings() -> Settings {
        Settings {
            strict: false,
            limits: Limits::default(),
            pace: Pace {
                latency: Duration::ZERO,
                speed: 4.0,
            },
            scenario: None,
        }
    }

    /// Events that a client could send in any order, with names that meet now and then.
    fn event() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["a", "b", "c"]);
        let body = prop::sample::select(vec![
            r#""sessionStart":{"inferenceConfiguration":{}}"#,
            r#""promptStart":{"promptName":"p","audioOutputConfiguration":{"sampleRateHertz":8000,"sampleSizeBits":16,"channelCount":1,"voiceId":"amy"}}"#,
            r#""contentStart":{"promptName":"p","contentName":"N","type":"TEXT","role":"SYSTEM"}"#,
            r#""contentStart":{"promptName":"p","contentName":"N","type":"TEXT","role":"USER","interactive":true}"#,
            r#""contentStart":{"promptName":"p","contentName":"N","type":"AUDIO","role":"USER","interactive":true,"audioInputConfiguration":{"sampleRateHertz":16000,"sampleSizeBits":16,"channelCount":1}}"#,
            r#""textInput":{"promptName":"p","contentName":"N","content":"hello"}"#,
            r#""audioInput":{"promptName":"p","contentName":"N","content":"AAD/f//fAAA="}"#,
            r#""toolResult":{"promptName":"p","contentName":"N","content":"{}"}"#,
            r#""contentEnd":{"promptName":"p","contentName":"N"}"#,
            r#""promptEnd":{"promptName":"p"}"#,
            r#""sessionEnd":{}"#,
            r#""other":[]"#,
        ]);
        (name, body).prop_map(|(name, body)| {
            let body = body.replace("\"N\"", &format!("\"{name}\""));
            format!("{{\"event\":{{{body}}}}}")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn no_order_of_events_is_too_much(events in prop::collection::vec(event(), 0..60)) {
            let mut now = Instant::now();
            let mut session = Session::new("nova-2-sonic", &settings(), Quirks::default(), Ids::seeded(1), now);
            for event in events {
                let answered = session.on_event(now, event.as_bytes());
                prop_assert!(session.deadline() <= now + Duration::from_mins(8));
                if answered.is_err() || session.on_timer(now).is_err() {
                    return Ok(());
                }
                now += Duration::from_millis(40);
            }
        }

        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut session = Session::new("", &settings(), Quirks::default(), Ids::seeded(1), Instant::now());
            prop_assert!(session.on_event(Instant::now(), &bytes).is_err());
        }
    }
}
