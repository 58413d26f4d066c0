//! Typed events back to the JSON that they were read from.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::read::event::{ContentKind, EventIds, Extra, ServerEvent, StopReason};

impl ServerEvent {
    /// The event as it stands on the wire, `{"event": {"<name>": {…}}}`; speech as base64. Reading it gives the same event.
    ///
    /// A frame of another type than `chunk` has no such form: it becomes `{"frame": {"eventType", "payload"}}`, the payload as base64.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let body = match self {
            Self::CompletionStart(event) => Body::new(&event.extra).ids(&event.ids),
            Self::UserSpeechStart(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .number("inputAudioOffsetMs", event.input_audio_offset_ms),
            Self::UserSpeechEnd(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .number("inputAudioOffsetMs", event.input_audio_offset_ms)
                .number(
                    "inputAudioDetectionOffsetMs",
                    event.input_audio_detection_offset_ms,
                ),
            Self::ContentStart(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .text("contentId", &event.content_id)
                .text("type", event.kind.as_str())
                .text("role", event.role.as_str()),
            Self::TextOutput(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .text("contentId", &event.content_id)
                .text("role", event.role.as_str())
                .maybe("content", Some(&event.content)),
            Self::AudioOutput(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .text("contentId", &event.content_id)
                .text("role", event.role.as_str())
                .maybe("content", Some(&base64(&event.pcm))),
            Self::ToolUse(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .text("contentId", &event.content_id)
                .text("toolUseId", &event.tool_use_id)
                .text("toolName", &event.tool_name)
                .maybe("content", Some(&event.raw_arguments)),
            Self::ContentEnd(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .text("contentId", &event.content_id)
                .maybe("type", event.kind.as_ref().map(ContentKind::as_str))
                .maybe(
                    "stopReason",
                    event.stop_reason.as_ref().map(StopReason::as_str),
                ),
            Self::Usage(event) => Body::new(&event.extra)
                .ids(&event.ids)
                .number("totalInputTokens", event.total_input_tokens)
                .number("totalOutputTokens", event.total_output_tokens)
                .number("totalTokens", event.total_tokens),
            Self::CompletionEnd(event) => Body::new(&event.extra).ids(&event.ids).maybe(
                "stopReason",
                event.stop_reason.as_ref().map(StopReason::as_str),
            ),
            Self::Unknown(event) if event.name.is_empty() => return event.json.clone(),
            Self::Unknown(event) => return json!({"event": {event.name.as_str(): event.json}}),
            Self::UnknownFrame(frame) => {
                let payload = base64(&frame.payload);
                return json!({"frame": {"eventType": frame.event_type, "payload": payload}});
            }
        };
        json!({"event": {self.name(): body.members}})
    }
}

/// As [`to_json`](ServerEvent::to_json).
impl Serialize for ServerEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The members of an event; those that were missing stay so.
struct Body {
    members: Map<String, Value>,
}

impl Body {
    fn new(extra: &Extra) -> Self {
        Self {
            members: extra.clone(),
        }
    }

    fn ids(mut self, ids: &EventIds) -> Self {
        for (name, id) in [
            ("sessionId", &ids.session_id),
            ("promptName", &ids.prompt_name),
            ("completionId", &ids.completion_id),
        ] {
            if let Some(id) = id {
                self.members.insert(name.into(), Value::from(&**id));
            }
        }
        self
    }

    /// A text; where it is empty because the member is of another type, that member stays.
    fn maybe(mut self, name: &str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            if !text.is_empty() || !self.members.contains_key(name) {
                self.members.insert(name.into(), text.into());
            }
        }
        self
    }

    /// A text that counts as empty where it is missing.
    fn text(mut self, name: &str, text: &str) -> Self {
        if !text.is_empty() {
            self.members.insert(name.into(), text.into());
        }
        self
    }

    fn number(mut self, name: &str, number: Option<u64>) -> Self {
        if let Some(number) = number {
            self.members.insert(name.into(), number.into());
        }
        self
    }
}
