//! What people and machines see: the conversation on stderr, JSON lines on stdout.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;

use bedrock_stream::Error;
use bedrock_wire::Outcome;
use nova_sonic::{ContentKind, Received, Role, ServerEvent, Stage, StopReason, TokenUsage};
use serde_json::{Value, json};

/// Shows a conversation as it happens.
pub(super) struct Screen {
    json: bool,
    verbose: bool,
    /// Stage of the open text blocks; the texts themselves do not say it.
    stages: HashMap<Arc<str>, Stage>,
    /// Whether a run of the model's audio is being heard; it is told of once.
    hearing: bool,
    usage: Option<TokenUsage>,
}

impl Screen {
    pub(super) fn new(json: bool, verbose: bool) -> Self {
        Self {
            json,
            verbose,
            stages: HashMap::new(),
            hearing: false,
            usage: None,
        }
    }

    /// Says where the session is opened.
    pub(super) fn connecting(&mut self, origin: &str, model: &str) {
        if !self.json {
            eprintln!("session    {model} at {origin}");
        }
    }

    /// Shows one event.
    pub(super) fn show(&mut self, event: &ServerEvent) {
        let stage = self.stage_of(event);
        if self.json {
            line(&as_json(event, stage.as_ref()));
        } else if let Some(text) = self.as_text(event, stage.as_ref()) {
            eprintln!("{text}");
        }
    }

    /// Says how it ended. `missing` is what the conversation lacks though the session ended in order.
    pub(super) fn outcome(
        &mut self,
        outcome: Option<&Outcome<Received, Error>>,
        missing: Option<&str>,
        request_id: Option<&str>,
    ) {
        let (name, error) = match outcome {
            Some(Outcome::Failed { error, .. }) => ("failed", Some(error.to_string())),
            Some(Outcome::Incomplete { missing, .. }) => ("incomplete", Some(missing.to_string())),
            Some(Outcome::Complete(_)) if missing.is_none() => ("complete", None),
            Some(Outcome::Complete(_)) => ("incomplete", missing.map(str::to_owned)),
            None => (
                "incomplete",
                Some("the session was left before its end".to_owned()),
            ),
        };
        let received = outcome.map(Outcome::received);
        if self.json {
            line(&json!({
                "outcome": name,
                "error": error,
                "request_id": request_id,
                "turns": received.map(|received| received.turns),
                "audio_bytes": received.map(|received| received.audio_bytes),
                "usage": received.and_then(|received| received.usage).map(usage_json),
            }));
        } else {
            if let Some(usage) = self.usage {
                eprintln!("tokens     {}", usage_text(usage));
            }
            if error.is_none() {
                eprintln!("complete");
            }
        }
        if let Some(error) = error {
            say(&error);
        }
    }

    fn stage_of(&mut self, event: &ServerEvent) -> Option<Stage> {
        match event {
            ServerEvent::ContentStart(start) => {
                if let Some(stage) = &start.stage {
                    self.stages
                        .insert(Arc::clone(&start.content_id), stage.clone());
                }
                start.stage.clone()
            }
            ServerEvent::TextOutput(text) => self.stages.get(&text.content_id).cloned(),
            ServerEvent::ContentEnd(end) => self.stages.remove(&end.content_id),
            _ => None,
        }
    }

    fn as_text(&mut self, event: &ServerEvent, stage: Option<&Stage>) -> Option<String> {
        let hearing = matches!(event, ServerEvent::AudioOutput(_));
        let first = hearing && !std::mem::replace(&mut self.hearing, hearing);
        match event {
            ServerEvent::UserSpeechStart(at) => Some(format!(
                "you        speak{}",
                seconds(at.input_audio_offset_ms)
            )),
            ServerEvent::UserSpeechEnd(at) => Some(format!(
                "you        stopped{}",
                seconds(at.input_audio_offset_ms)
            )),
            ServerEvent::TextOutput(text) if text.is_interruption() => {
                Some("model      was interrupted".to_owned())
            }
            ServerEvent::TextOutput(text) => Some(match (&text.role, stage) {
                (Role::User, _) => format!("you        {}", text.content),
                (_, Some(Stage::Speculative)) => format!("model      ~ {}", text.content),
                _ => format!("model      {}", text.content),
            }),
            ServerEvent::AudioOutput(_) if first => Some("model      speaks".to_owned()),
            ServerEvent::ToolUse(call) => Some(format!("model      calls {}", call.tool_name)),
            ServerEvent::ContentEnd(end)
                if end.kind == Some(ContentKind::Audio)
                    && end.stop_reason == Some(StopReason::EndTurn) =>
            {
                Some("model      ends its turn".to_owned())
            }
            ServerEvent::Usage(usage) => {
                self.usage = usage.total.or(self.usage);
                self.verbose
                    .then(|| usage.total.map(|u| format!("tokens     {}", usage_text(u))))?
            }
            other if self.verbose => Some(format!("({})", other.name())),
            _ => None,
        }
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

fn usage_json(usage: TokenUsage) -> Value {
    json!({
        "input": { "speech": usage.input.speech, "text": usage.input.text },
        "output": { "speech": usage.output.speech, "text": usage.output.text },
    })
}

fn as_json(event: &ServerEvent, stage: Option<&Stage>) -> Value {
    let mut object = json!({ "event": event.name() });
    let mut put = |name: &str, value: Value| {
        if let (Some(object), false) = (object.as_object_mut(), value.is_null()) {
            object.insert(name.to_owned(), value);
        }
    };
    put("stage", json!(stage.map(Stage::as_str)));
    match event {
        ServerEvent::UserSpeechStart(at) => put("at_ms", json!(at.input_audio_offset_ms)),
        ServerEvent::UserSpeechEnd(at) => {
            put("at_ms", json!(at.input_audio_offset_ms));
            put("detected_at_ms", json!(at.input_audio_detection_offset_ms));
        }
        ServerEvent::ContentStart(start) => {
            put("content_id", json!(&*start.content_id));
            put("type", json!(start.kind.as_str()));
            put("role", json!(start.role.as_str()));
        }
        ServerEvent::TextOutput(text) => {
            put("content_id", json!(&*text.content_id));
            put("role", json!(text.role.as_str()));
            if text.is_interruption() {
                put("interrupted", json!(true));
            } else {
                put("text", json!(text.content));
            }
        }
        ServerEvent::AudioOutput(audio) => {
            put("content_id", json!(&*audio.content_id));
            put("audio_bytes", json!(audio.pcm.len()));
        }
        ServerEvent::ToolUse(call) => {
            put("tool_use_id", json!(&*call.tool_use_id));
            put("tool_name", json!(call.tool_name));
            put("arguments", call.arguments.clone());
        }
        ServerEvent::ContentEnd(end) => {
            put("content_id", json!(&*end.content_id));
            put("type", json!(end.kind.as_ref().map(ContentKind::as_str)));
            put(
                "stop_reason",
                json!(end.stop_reason.as_ref().map(StopReason::as_str)),
            );
        }
        ServerEvent::Usage(usage) => {
            put("delta", json!(usage.delta.map(usage_json)));
            put("total", json!(usage.total.map(usage_json)));
        }
        ServerEvent::CompletionEnd(end) => {
            put(
                "stop_reason",
                json!(end.stop_reason.as_ref().map(StopReason::as_str)),
            );
        }
        ServerEvent::Unknown(unknown) => put("json", unknown.json.clone()),
        _ => {}
    }
    object
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
