//! What people and machines see: the conversation on stderr, JSON lines on stdout.

use std::io::Write as _;

use bedrock_stream::{Error, VoiceEvent, VoiceMetrics};
use bedrock_wire::Outcome;
use nova_sonic::{
    ConversationEvent, SessionEvent, Summary, Symptom, TextStage, TokenUsage, TurnId,
};
use serde_json::{Value, json};

use super::live::Status;

/// Shows a conversation as it happens.
pub(super) struct Screen {
    json: bool,
    verbose: bool,
    /// The answer whose speech is being heard; it is told of once.
    hearing: Option<TurnId>,
    audio_bytes: u64,
    /// What a call is at, while it lasts.
    status: Option<Status>,
}

/// How a conversation ended, and what is left to say of it.
pub(super) struct Ending<'a> {
    pub(super) outcome: Option<&'a Outcome<Summary, Error>>,
    /// What the conversation lacks though it ended in order.
    pub(super) missing: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
    pub(super) metrics: &'a VoiceMetrics,
}

impl Screen {
    pub(super) fn new(json: bool, verbose: bool) -> Self {
        Self {
            json,
            verbose,
            hearing: None,
            audio_bytes: 0,
            status: None,
        }
    }

    /// From now on this is a call, which shows what it is at.
    pub(super) fn call(&mut self) {
        if !self.json {
            self.status = Some(Status::new());
            eprintln!(
                "call       wear headphones, or the model hears itself; m and Enter mutes, Ctrl-C ends"
            );
        }
    }

    /// The microphone was muted, or is not any more.
    pub(super) fn muted(&mut self, muted: bool) {
        if let Some(status) = &mut self.status {
            status.muted = muted;
        }
    }

    /// What a call is at; levels in dB.
    pub(super) fn levels(&mut self, you_db: f32, (is_playing, model_db): (bool, f32)) {
        if let Some(status) = &mut self.status {
            status.show(is_playing, you_db, model_db);
        }
    }

    /// Says where the session is opened.
    pub(super) fn connecting(&mut self, origin: &str, model: &str) {
        if !self.json {
            eprintln!("session    {model} at {origin}");
        }
    }

    /// Shows one event.
    pub(super) fn show(&mut self, event: &VoiceEvent) {
        if let VoiceEvent::Session(SessionEvent::Audio { pcm, .. }) = event {
            self.audio_bytes += pcm.len() as u64;
        }
        if self.json {
            line(&as_json(event));
        } else if let Some(text) = self.as_text(event) {
            self.clear();
            eprintln!("{text}");
        }
        if let Some(status) = &mut self.status {
            status.on(event);
        }
    }

    /// Says how it ended.
    pub(super) fn outcome(&mut self, ending: &Ending<'_>) {
        self.clear();
        self.status = None;
        let (name, error) = match ending.outcome {
            Some(Outcome::Failed { error, .. }) => ("failed", Some(error.to_string())),
            Some(Outcome::Incomplete { missing, .. }) => ("incomplete", Some(missing.to_string())),
            Some(Outcome::Complete(_)) => match ending.missing {
                None => ("complete", None),
                missing => ("incomplete", missing.map(str::to_owned)),
            },
            None => (
                "incomplete",
                Some("the session was left before its end".to_owned()),
            ),
        };
        let metrics = ending.metrics;
        if self.json {
            line(&json!({
                "outcome": name,
                "error": error,
                "request_id": ending.request_id,
                "turns": metrics.turns,
                "interruptions": metrics.interruptions,
                "legs": metrics.legs,
                "audio_bytes": self.audio_bytes,
                "dropped_ms": millis(metrics.dropped_audio),
                "open_to_head_ms": metrics.open_to_head.last.map(millis),
                "speech_to_audio_ms": metrics.speech_to_audio.last.map(millis),
                "usage": metrics.usage,
            }));
        } else {
            if metrics.usage != TokenUsage::default() {
                eprintln!("tokens     {}", usage_text(metrics.usage));
            }
            if error.is_none() {
                eprintln!("complete");
            }
        }
        if let Some(error) = error {
            say(&error);
        }
    }

    fn clear(&mut self) {
        if let Some(status) = &mut self.status {
            status.clear();
        }
    }

    fn as_text(&mut self, event: &VoiceEvent) -> Option<String> {
        match event {
            VoiceEvent::Session(event) => self.session_text(event),
            VoiceEvent::ToolCall(call) => Some(format!("model      calls {}", call.name())),
            VoiceEvent::Conversation(event) => self.conversation_text(event),
            _ => None,
        }
    }

    fn session_text(&mut self, event: &SessionEvent) -> Option<String> {
        Some(match event {
            SessionEvent::UserSpeechStarted { offset_ms, .. } => {
                format!("you        speak{}", seconds(*offset_ms))
            }
            SessionEvent::UserSpeechEnded { offset_ms, .. } => {
                format!("you        stopped{}", seconds(*offset_ms))
            }
            SessionEvent::UserText { text, .. } => format!("you        {text}"),
            SessionEvent::AssistantText { text, stage, .. } => match stage {
                TextStage::Speculative => format!("model      ~ {text}"),
                TextStage::Final => format!("model      {text}"),
                TextStage::Promoted if self.verbose => format!("model      ({text})"),
                TextStage::Promoted => return None,
            },
            SessionEvent::Audio { turn, .. } if self.hearing.replace(*turn) != Some(*turn) => {
                "model      speaks".to_owned()
            }
            SessionEvent::Interrupted { .. } => "model      was interrupted".to_owned(),
            SessionEvent::ToolCall { call, .. } => format!("model      calls {}", call.tool_name),
            SessionEvent::TurnEnded { .. } => "model      ends its turn".to_owned(),
            SessionEvent::Usage { total, .. } if self.verbose => {
                format!("tokens     {}", usage_text(*total))
            }
            SessionEvent::Other { event } if self.verbose => format!("({})", event.name()),
            _ => return None,
        })
    }

    fn conversation_text(&self, event: &ConversationEvent) -> Option<String> {
        Some(match event {
            ConversationEvent::Renewed { leg, gap_ms, .. } => {
                format!(
                    "session    renewed, connection {}, {gap_ms} ms without one",
                    leg.0 + 1
                )
            }
            ConversationEvent::Recovering { fault, attempt, .. } => {
                format!("session    lost ({fault}), attempt {attempt} to go on")
            }
            ConversationEvent::AudioDropped { ms, .. } => {
                format!("you        {ms} ms of audio were dropped")
            }
            ConversationEvent::ToolTimedOut { .. } => "tool       took too long".to_owned(),
            ConversationEvent::Unhealthy { symptom } => format!("session    {}", words(*symptom)),
            event if self.verbose => format!("({event:?})"),
            _ => return None,
        })
    }
}

fn words(symptom: Symptom) -> &'static str {
    match symptom {
        Symptom::Deaf => {
            "loud audio goes in and nothing comes out: going on with another connection"
        }
        Symptom::Mute => "no answer comes: going on with another connection",
        Symptom::Stalled => "the connection takes no more audio: going on with another",
        _ => "not well: going on with another connection",
    }
}

fn seconds(offset_ms: Option<u64>) -> String {
    offset_ms.map_or_else(String::new, |ms| {
        format!(" at {}.{:02} s", ms / 1000, ms % 1000 / 10)
    })
}

fn usage_text(usage: TokenUsage) -> String {
    format!(
        "in {} speech + {} text, out {} speech + {} text",
        usage.input.speech, usage.input.text, usage.output.speech, usage.output.text
    )
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The event in its own form; of speech only how much it is.
fn as_json(event: &VoiceEvent) -> Value {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    if let (VoiceEvent::Session(SessionEvent::Audio { pcm, .. }), Some(object)) =
        (event, json.as_object_mut())
    {
        object.remove("pcm");
        object.insert("audioBytes".to_owned(), pcm.len().into());
    }
    json
}

/// A line for people.
pub(super) fn say(text: &str) {
    eprintln!("bedrock: {text}");
}

/// Prints one JSON object; a reader that is gone is no reason to stop the conversation.
fn line(object: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{object}").and_then(|()| out.flush());
}
