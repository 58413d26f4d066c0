//! The input events as they stand in JSON, members in the order of AWS's documents.

use serde::Serialize;

use crate::{
    Endpointing, InferenceConfig, PromptConfig, SampleRate, SessionConfig, ToolChoice, ToolSpec,
};

/// `{"event": {…}}`.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    pub(super) event: Command<'a>,
}

/// One input event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Command<'a> {
    SessionStart(SessionStart),
    PromptStart(PromptStart<'a>),
    ContentStart(ContentStart<'a>),
    TextInput(Data<'a>),
    ToolResult(Data<'a>),
    ContentEnd(ContentName<'a>),
    #[serde(rename_all = "camelCase")]
    PromptEnd {
        prompt_name: &'a str,
    },
    SessionEnd {},
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionStart {
    inference_configuration: InferenceConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn_detection_configuration: Option<TurnDetection>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TurnDetection {
    endpointing_sensitivity: Endpointing,
}

impl SessionStart {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            inference_configuration: config.inference,
            turn_detection_configuration: config.endpointing.map(|endpointing_sensitivity| {
                TurnDetection {
                    endpointing_sensitivity,
                }
            }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptStart<'a> {
    prompt_name: &'a str,
    text_output_configuration: MediaType,
    audio_output_configuration: AudioOutput<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_use_output_configuration: Option<MediaType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_configuration: Option<ToolConfiguration<'a>>,
}

impl<'a> PromptStart<'a> {
    pub(super) fn new(prompt_name: &'a str, config: &'a PromptConfig) -> Self {
        let with_tools = !config.tools.is_empty();
        Self {
            prompt_name,
            text_output_configuration: PLAIN_TEXT,
            audio_output_configuration: AudioOutput {
                format: AudioFormat::new(config.output_rate),
                voice_id: &config.voice,
            },
            tool_use_output_configuration: with_tools.then_some(MediaType {
                media_type: "application/json",
            }),
            tool_configuration: with_tools.then(|| ToolConfiguration {
                tools: config.tools.iter().map(Tool::new).collect(),
                tool_choice: Choice::new(&config.tool_choice),
            }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaType {
    media_type: &'static str,
}

const PLAIN_TEXT: MediaType = MediaType {
    media_type: "text/plain",
};

/// What input and output audio have in common.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioFormat {
    media_type: &'static str,
    sample_rate_hertz: u32,
    sample_size_bits: u8,
    channel_count: u8,
    audio_type: &'static str,
    encoding: &'static str,
}

impl AudioFormat {
    const fn new(rate: SampleRate) -> Self {
        Self {
            media_type: "audio/lpcm",
            sample_rate_hertz: rate.hz(),
            sample_size_bits: 16,
            channel_count: 1,
            audio_type: "SPEECH",
            encoding: "base64",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioOutput<'a> {
    #[serde(flatten)]
    format: AudioFormat,
    voice_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfiguration<'a> {
    tools: Vec<Tool<'a>>,
    tool_choice: Choice<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool<'a> {
    tool_spec: Spec<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: Schema,
}

/// The schema is text inside the JSON; an object in its place is "Unable to parse input chunk".
#[derive(Serialize)]
struct Schema {
    json: String,
}

impl<'a> Tool<'a> {
    fn new(tool: &'a ToolSpec) -> Self {
        Self {
            tool_spec: Spec {
                name: tool.name(),
                description: tool.description(),
                input_schema: Schema {
                    json: tool.input_schema().to_string(),
                },
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Choice<'a> {
    Auto {},
    Any {},
    Tool { name: &'a str },
}

impl<'a> Choice<'a> {
    fn new(choice: &'a ToolChoice) -> Self {
        match choice {
            ToolChoice::Auto => Self::Auto {},
            ToolChoice::Any => Self::Any {},
            ToolChoice::Tool(name) => Self::Tool { name },
        }
    }
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentName<'a> {
    pub(super) prompt_name: &'a str,
    pub(super) content_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(flatten)]
    pub(super) name: ContentName<'a>,
    pub(super) content: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentStart<'a> {
    #[serde(flatten)]
    name: ContentName<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    interactive: bool,
    role: &'static str,
    #[serde(flatten)]
    input: Input<'a>,
}

#[derive(Serialize)]
enum Input<'a> {
    #[serde(rename = "textInputConfiguration")]
    Text(MediaType),
    #[serde(rename = "audioInputConfiguration")]
    Audio(AudioFormat),
    #[serde(rename = "toolResultInputConfiguration")]
    ToolResult(ToolResultInput<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolResultInput<'a> {
    tool_use_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    text_input_configuration: MediaType,
}

impl<'a> ContentStart<'a> {
    pub(super) fn text(name: ContentName<'a>, role: &'static str, interactive: bool) -> Self {
        Self {
            name,
            kind: "TEXT",
            interactive,
            role,
            input: Input::Text(PLAIN_TEXT),
        }
    }

    pub(super) fn audio(name: ContentName<'a>, rate: SampleRate) -> Self {
        Self {
            name,
            kind: "AUDIO",
            interactive: true,
            role: "USER",
            input: Input::Audio(AudioFormat::new(rate)),
        }
    }

    pub(super) fn tool_result(name: ContentName<'a>, tool_use_id: &'a str) -> Self {
        Self {
            name,
            kind: "TOOL",
            interactive: false,
            role: "TOOL",
            input: Input::ToolResult(ToolResultInput {
                tool_use_id,
                kind: "TEXT",
                text_input_configuration: PLAIN_TEXT,
            }),
        }
    }
}
