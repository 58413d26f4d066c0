//! Events that the caller made: read far enough to hold them against the grammar.

use serde_json::Value;

use crate::SampleRate;
use crate::write::grammar::{Block, Name, Step};
use crate::write::refusal::Refusal;

/// A raw event, parsed: it owns what a [`Step`] borrows.
pub(super) struct RawEvent {
    name: String,
    body: Value,
}

impl RawEvent {
    pub(super) fn parse(json: &[u8]) -> Result<Self, Refusal> {
        let event: Value = serde_json::from_slice(json).map_err(|_| Refusal::NotAnEvent)?;
        let Value::Object(mut members) = event else {
            return Err(Refusal::NotAnEvent);
        };
        match members.remove("event") {
            Some(Value::Object(event)) if event.len() == 1 => event
                .into_iter()
                .find(|(_, body)| body.is_object())
                .map(|(name, body)| Self { name, body })
                .ok_or(Refusal::NotAnEvent),
            _ => Err(Refusal::NotAnEvent),
        }
    }

    /// The event as a step of the grammar.
    pub(super) fn step(&self) -> Result<Step<'_>, Refusal> {
        let name = Name {
            prompt: self.text("promptName"),
            content: self.text("contentName"),
        };
        Ok(match self.name.as_str() {
            "sessionStart" => {
                if self.body.get("endpointingSensitivity").is_some() {
                    return Err(Refusal::FlatEndpointing);
                }
                Step::SessionStart {
                    turn_detection: self.body.get("turnDetectionConfiguration").is_some(),
                }
            }
            "promptStart" => Step::PromptStart {
                prompt: name.prompt,
            },
            "contentStart" => Step::ContentStart {
                name,
                block: self.block()?,
            },
            "textInput" => Step::Text {
                name,
                len: self.text("content").len(),
            },
            "audioInput" => {
                let content = self.text("content").as_bytes();
                let len = base64_simd::STANDARD
                    .decoded_length(content)
                    .map_err(|_| Refusal::NotAnEvent)?;
                Step::Audio { name, len }
            }
            "toolResult" => Step::ToolResult {
                name,
                is_object: serde_json::from_str::<Value>(self.text("content"))
                    .is_ok_and(|content| content.is_object()),
            },
            "contentEnd" => Step::ContentEnd { name },
            "promptEnd" => Step::PromptEnd {
                prompt: name.prompt,
            },
            "sessionEnd" => Step::SessionEnd,
            other => {
                return Err(Refusal::UnknownEvent {
                    name: other.to_owned(),
                });
            }
        })
    }

    fn block(&self) -> Result<Block<'_>, Refusal> {
        let interactive = self.body.get("interactive") == Some(&Value::Bool(true));
        match (self.text("type"), self.text("role")) {
            ("TEXT", "SYSTEM") => Ok(Block::System),
            ("TEXT", "SYSTEM_SPEECH") => Ok(Block::SystemSpeech),
            ("TEXT", "USER") => Ok(Block::User { interactive }),
            ("TEXT", "ASSISTANT") => Ok(Block::Assistant { interactive }),
            ("AUDIO", "USER") => {
                let hz = self
                    .body
                    .pointer("/audioInputConfiguration/sampleRateHertz")
                    .and_then(Value::as_u64)
                    .unwrap_or(0);
                let rate = u32::try_from(hz)
                    .ok()
                    .and_then(|hz| SampleRate::try_from(hz).ok());
                let rate = rate.ok_or(Refusal::SampleRate { hz })?;
                Ok(Block::Audio { rate })
            }
            ("TOOL", "TOOL") => {
                let id = self.body.pointer("/toolResultInputConfiguration/toolUseId");
                let tool_use_id = id.and_then(Value::as_str).unwrap_or_default();
                Ok(Block::ToolResult { tool_use_id })
            }
            _ => Err(Refusal::NotAnEvent),
        }
    }

    fn text(&self, member: &str) -> &str {
        self.body
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}
