//! Scenarios: what the server says, and when. The schema stands in `docs/scenarios.md`.

mod file;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::service_error::ServiceError;

/// A scripted server: Nova Sonic sessions go through its steps, one-way calls are answered from it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) sonic: Arc<[Step]>,
    pub(crate) repeat: bool,
    pub(crate) converse: Arc<[Scripted]>,
    pub(crate) invoke: Arc<[Scripted]>,
}

impl Scenario {
    /// Reads a scenario file. Names of WAV files in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, JSON that is not a scenario, a WAV that is not 16-bit mono PCM.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let json = std::fs::read_to_string(path)
            .map_err(|error| ScenarioError::new(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        file::parse(&json, folder)
            .map_err(|error| ScenarioError::new(format!("{}: {}", path.display(), error.why)))
    }

    /// Reads a scenario from JSON. Names of WAV files in it are relative to `folder`.
    ///
    /// # Errors
    ///
    /// JSON that is not a scenario, a WAV that is not 16-bit mono PCM.
    pub fn from_json(json: &str, folder: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        file::parse(json, folder.as_ref())
    }

    /// The turn of the fault `tool-speech-tool`.
    pub(crate) fn tool_speech_tool() -> Self {
        let call = || Send::Tool {
            name: "loopback_lookup".to_owned(),
            id: None,
            input: Value::Object(serde_json::Map::new()),
        };
        let say = Send::Say {
            text: "One moment.".to_owned(),
            sound: Sound::LettersAsTone,
        };
        let step = Step {
            when: When::Turn,
            after: Duration::ZERO,
            send: vec![call(), say, call()],
        };
        Self {
            sonic: [step].into(),
            repeat: true,
            converse: [].into(),
            invoke: [].into(),
        }
    }
}

/// Sends something once something has happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) when: When,
    pub(crate) after: Duration,
    pub(crate) send: Vec<Send>,
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum When {
    PromptStart,
    AudioStart,
    SpeechStart,
    SpeechEnd,
    Turn,
    Text {
        contains: String,
    },
    ToolResult {
        tool: String,
        expect: Value,
    },
    AudioEnd,
    /// Nothing: it follows the step before.
    Then,
}

/// What a step sends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Send {
    Transcript(String),
    Say {
        text: String,
        sound: Sound,
    },
    Tool {
        name: String,
        id: Option<String>,
        input: Value,
    },
    Event {
        name: String,
        members: Value,
    },
    Exception(ServiceError),
}

/// What stands for a voice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sound {
    /// A tone of so many milliseconds.
    Tone(u64),
    /// A tone as long as the text.
    LettersAsTone,
    Wav {
        samples: Arc<[i16]>,
        rate: u32,
    },
}

/// An answer to a one-way call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scripted {
    /// What the request's body must contain; anything where empty.
    pub(crate) contains: String,
    pub(crate) answer: Outcome,
}

/// What a one-way call is answered with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Events by name for ConverseStream, chunks without names for InvokeModelWithResponseStream.
    Stream(Vec<(String, Value)>),
    Whole(Value),
    Error(ServiceError),
}

/// Why a scenario cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    why: String,
}

impl ScenarioError {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario: {}", self.why)
    }
}

impl std::error::Error for ScenarioError {}
