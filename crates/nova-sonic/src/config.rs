//! What a session is opened with: inference, turn detection, voice, tools, system text.

use serde::Serialize;

use crate::{SampleRate, ToolSpec};

/// All that stands before the history and the audio. Tools, voice, rates and system text are fixed from then on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// `sessionStart`.
    pub session: SessionConfig,
    /// `promptStart`.
    pub prompt: PromptConfig,
    /// The one SYSTEM block; may be empty. The service asks for it before all other content.
    pub system: String,
    /// The `SYSTEM_SPEECH` block, which selects the script of Hindi; one of AWS's fixed strings. Not for [`Dialect::V1`](crate::Dialect::V1).
    pub system_speech: Option<String>,
}

/// `sessionStart`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionConfig {
    /// How the model samples.
    pub inference: InferenceConfig,
    /// How soon silence counts as the end of the user's turn; the model's own choice where `None`.
    pub endpointing: Option<Endpointing>,
}

/// How the model samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceConfig {
    /// Most tokens of an answer; 1 or more. Clients cap it at 10,000.
    pub max_tokens: u32,
    /// 0 to 1.
    pub top_p: f32,
    /// 0 to 1.
    pub temperature: f32,
}

impl Default for InferenceConfig {
    /// 1024, 0.9 and 0.7, as AWS's samples have it.
    fn default() -> Self {
        Self {
            max_tokens: 1024,
            top_p: 0.9,
            temperature: 0.7,
        }
    }
}

/// How soon silence counts as the end of the user's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Endpointing {
    /// After about 1.5 s.
    High,
    /// After about 1.75 s.
    Medium,
    /// After about 2 s.
    Low,
}

/// `promptStart`.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptConfig {
    /// Who speaks; `matthew` and `tiffany` speak every language of the model. A name that the service does not know ends the session.
    pub voice: String,
    /// Rate of the model's speech.
    pub output_rate: SampleRate,
    /// What the model may call.
    pub tools: Vec<ToolSpec>,
    /// Which tool it should call, in every turn of the session.
    pub tool_choice: ToolChoice,
}

impl Default for PromptConfig {
    /// `matthew`, 24 kHz, no tools.
    fn default() -> Self {
        Self {
            voice: "matthew".into(),
            output_rate: SampleRate::Hz24000,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
        }
    }
}

/// Which tool the model should call. It holds for the whole session: anything but `Auto` forces a call in every turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// Some tool.
    Any,
    /// The tool of this name.
    Tool(String),
}
