//! The events that a client sends: <https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-input-events.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::service_error::ServiceError;

/// The service's words for events that it can read as JSON and no further.
pub(super) const INVALID_INPUT: &str =
    "Invalid input request, please fix your input and try again.";
const UNPARSABLE: &str = "Unable to parse input chunk";

/// One input event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum InputEvent {
    SessionStart(SessionStart),
    PromptStart(PromptStart),
    ContentStart(ContentStart),
    TextInput(Content),
    AudioInput { place: Place, audio: Vec<u8> },
    ToolResult(Content),
    ContentEnd(Place),
    PromptEnd { prompt_name: String },
    SessionEnd,
    ConnectionEnd,
    Other { name: String },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionStart {
    pub(super) inference_configuration: Option<InferenceConfiguration>,
    pub(super) turn_detection_configuration: Option<TurnDetection>,
    /// Its flat form, which version 1 knew.
    pub(super) endpointing_sensitivity: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InferenceConfiguration {
    pub(super) max_tokens: Option<u32>,
    pub(super) top_p: Option<f64>,
    pub(super) temperature: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnDetection {
    pub(super) endpointing_sensitivity: Option<Sensitivity>,
}

/// How soon a pause ends a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Sensitivity {
    High,
    Medium,
    Low,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptStart {
    pub(super) prompt_name: String,
    pub(super) audio_output_configuration: Option<AudioOutput>,
    pub(super) tool_configuration: Option<ToolConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AudioOutput {
    pub(super) sample_rate_hertz: u32,
    pub(super) sample_size_bits: u32,
    pub(super) channel_count: u32,
    pub(super) voice_id: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfiguration {
    #[serde(default)]
    pub(super) tools: Vec<Tool>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tool {
    pub(super) tool_spec: ToolSpec,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolSpec {
    pub(super) name: String,
    pub(super) input_schema: InputSchema,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct InputSchema {
    pub(super) json: Value,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentStart {
    #[serde(flatten)]
    pub(super) place: Place,
    #[serde(rename = "type")]
    pub(super) kind: ContentKind,
    pub(super) interactive: Option<bool>,
    pub(super) role: Option<Role>,
    pub(super) audio_input_configuration: Option<AudioInput>,
    pub(super) tool_result_input_configuration: Option<ToolResultInput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ContentKind {
    Text,
    Audio,
    Tool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Role {
    System,
    SystemSpeech,
    User,
    Assistant,
    Tool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AudioInput {
    pub(super) sample_rate_hertz: u32,
    pub(super) sample_size_bits: u32,
    pub(super) channel_count: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResultInput {
    pub(super) tool_use_id: String,
    pub(super) text_input_configuration: Option<TextConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TextConfiguration {
    pub(super) media_type: String,
}

/// Which content block of which prompt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) prompt_name: String,
    pub(super) content_name: String,
}

/// A piece of a text or of a tool's result.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Content {
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptEnd {
    prompt_name: String,
}

impl InputEvent {
    /// Reads `{"event":{"<name>":{…}}}`.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ServiceError> {
        let unparsable = || ServiceError::validation(UNPARSABLE);
        let mut envelope: Map<String, Value> =
            serde_json::from_slice(json).map_err(|_| unparsable())?;
        let Some(Value::Object(event)) = envelope.remove("event") else {
            return Err(unparsable());
        };
        let mut members = event.into_iter();
        let (Some((name, body)), None) = (members.next(), members.next()) else {
            return Err(unparsable());
        };
        Ok(match name.as_str() {
            "sessionStart" => Self::SessionStart(read(body)?),
            "promptStart" => Self::PromptStart(read(body)?),
            "contentStart" => Self::ContentStart(read(body)?),
            "textInput" => Self::TextInput(read(body)?),
            "audioInput" => {
                let Content { place, content } = read(body)?;
                let audio = STANDARD.decode(content).map_err(|_| invalid())?;
                Self::AudioInput { place, audio }
            }
            "toolResult" => Self::ToolResult(read(body)?),
            "contentEnd" => Self::ContentEnd(read(body)?),
            "promptEnd" => {
                let PromptEnd { prompt_name } = read(body)?;
                Self::PromptEnd { prompt_name }
            }
            "sessionEnd" => Self::SessionEnd,
            "connectionEnd" => Self::ConnectionEnd,
            _ => Self::Other { name },
        })
    }
}

pub(super) fn invalid() -> ServiceError {
    ServiceError::validation(INVALID_INPUT)
}

fn read<T: for<'de> Deserialize<'de>>(body: Value) -> Result<T, ServiceError> {
    serde_json::from_value(body).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<InputEvent, ServiceError> {
        InputEvent::parse(json.as_bytes())
    }

    #[test]
    fn reads_audio() {
        let json =
            r#"{"event":{"audioInput":{"promptName":"p","contentName":"a","content":"AQD//w=="}}}"#;
        let place = Place {
            prompt_name: "p".to_owned(),
            content_name: "a".to_owned(),
        };
        let audio = vec![1, 0, 255, 255];
        assert_eq!(parse(json), Ok(InputEvent::AudioInput { place, audio }));
    }

    #[test]
    fn what_is_no_event_is_unparsable() {
        for json in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"event":{}}"#,
            r#"{"event":{"a":{},"b":{}}}"#,
        ] {
            assert_eq!(parse(json).unwrap_err().message, UNPARSABLE, "{json}");
        }
    }

    #[test]
    fn a_wrong_member_is_invalid_input() {
        for json in [
            r#"{"event":{"contentEnd":{"promptName":"p"}}}"#,
            r#"{"event":{"contentStart":{"promptName":"p","contentName":"c","type":"VIDEO"}}}"#,
            r#"{"event":{"sessionStart":{"turnDetectionConfiguration":{"endpointingSensitivity":"SOME"}}}}"#,
            r#"{"event":{"audioInput":{"promptName":"p","contentName":"a","content":"?"}}}"#,
        ] {
            assert_eq!(parse(json).unwrap_err().message, INVALID_INPUT, "{json}");
        }
    }
}
