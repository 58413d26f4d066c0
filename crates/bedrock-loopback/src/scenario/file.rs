//! The JSON of scenario files.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Outcome, Scenario, ScenarioError, Scripted, Send, Sound, Step, When};
use crate::service_error::{ErrorKind, ServiceError};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a scenario: {\"sonic\": […], \"converse\": […], \"invoke\": […]}"
)]
struct File {
    #[expect(dead_code, reason = "for people")]
    description: Option<String>,
    #[serde(default)]
    repeat: bool,
    #[serde(default)]
    sonic: Vec<StepFile>,
    #[serde(default)]
    converse: Vec<ScriptedFile>,
    #[serde(default)]
    invoke: Vec<ScriptedFile>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a step: {\"when\": …, \"send\": […]}"
)]
struct StepFile {
    when: WhenFile,
    #[serde(default)]
    contains: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    expect: Value,
    #[serde(default)]
    after_ms: u64,
    send: Vec<SendFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WhenFile {
    PromptStart,
    AudioStart,
    SpeechStart,
    SpeechEnd,
    Turn,
    Text,
    ToolResult,
    AudioEnd,
    Then,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SendFile {
    Transcript(String),
    Say(SayFile),
    Tool(ToolFile),
    Event(Map<String, Value>),
    Exception(ExceptionFile),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a sentence: {\"text\": …}")]
struct SayFile {
    text: String,
    wav: Option<String>,
    tone_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a tool call: {\"name\": …, \"input\": {…}}"
)]
struct ToolFile {
    name: String,
    id: Option<String>,
    #[serde(default)]
    input: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an error: {\"name\": …, \"message\": …}"
)]
struct ExceptionFile {
    name: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an answer: {\"contains\": …, \"events\": […]}"
)]
struct ScriptedFile {
    #[serde(default)]
    contains: String,
    events: Option<Vec<Map<String, Value>>>,
    chunks: Option<Vec<Value>>,
    body: Option<Value>,
    error: Option<ExceptionFile>,
}

pub(super) fn parse(json: &str, folder: &Path) -> Result<Scenario, ScenarioError> {
    let file: File =
        serde_json::from_str(json).map_err(|error| ScenarioError::new(error.to_string()))?;
    let steps = file.sonic.into_iter().map(|step| step.read(folder));
    Ok(Scenario {
        sonic: steps.collect::<Result<_, _>>()?,
        repeat: file.repeat,
        converse: scripted(file.converse)?,
        invoke: scripted(file.invoke)?,
    })
}

impl StepFile {
    fn read(self, folder: &Path) -> Result<Step, ScenarioError> {
        let sends = self.send.into_iter().map(|send| send.read(folder));
        Ok(Step {
            when: match self.when {
                WhenFile::PromptStart => When::PromptStart,
                WhenFile::AudioStart => When::AudioStart,
                WhenFile::SpeechStart => When::SpeechStart,
                WhenFile::SpeechEnd => When::SpeechEnd,
                WhenFile::Turn => When::Turn,
                WhenFile::Text => When::Text {
                    contains: self.contains,
                },
                WhenFile::ToolResult => When::ToolResult {
                    tool: self.tool,
                    expect: self.expect,
                },
                WhenFile::AudioEnd => When::AudioEnd,
                WhenFile::Then => When::Then,
            },
            after: Duration::from_millis(self.after_ms),
            send: sends.collect::<Result<_, _>>()?,
        })
    }
}

impl SendFile {
    fn read(self, folder: &Path) -> Result<Send, ScenarioError> {
        Ok(match self {
            Self::Transcript(text) => Send::Transcript(text),
            Self::Say(say) => Send::Say {
                sound: match (say.wav, say.tone_ms) {
                    (Some(_), Some(_)) => {
                        return Err(ScenarioError::new("a say has either wav or tone_ms"));
                    }
                    (Some(name), None) => read_wav(&folder.join(name))?,
                    (None, Some(millis)) => Sound::Tone(millis),
                    (None, None) => Sound::LettersAsTone,
                },
                text: say.text,
            },
            Self::Tool(ToolFile { name, id, input }) => Send::Tool {
                name,
                id,
                input: Value::Object(input),
            },
            Self::Event(event) => {
                let (name, members) = only_member(event)?;
                Send::Event { name, members }
            }
            Self::Exception(exception) => Send::Exception(exception.read()?),
        })
    }
}

impl ExceptionFile {
    fn read(self) -> Result<ServiceError, ScenarioError> {
        let kind = ErrorKind::of_name(&self.name)
            .ok_or_else(|| ScenarioError::new(format!("no exception {:?}", self.name)))?;
        Ok(ServiceError::new(kind, self.message))
    }
}

fn scripted(files: Vec<ScriptedFile>) -> Result<Arc<[Scripted]>, ScenarioError> {
    files.into_iter().map(ScriptedFile::read).collect()
}

impl ScriptedFile {
    fn read(self) -> Result<Scripted, ScenarioError> {
        let answer = match (self.events, self.chunks, self.body, self.error) {
            (Some(events), None, None, None) => {
                let events = events.into_iter().map(only_member);
                Outcome::Stream(events.collect::<Result<_, _>>()?)
            }
            (None, Some(chunks), None, None) => Outcome::Stream(
                chunks
                    .into_iter()
                    .map(|chunk| (String::new(), chunk))
                    .collect(),
            ),
            (None, None, Some(body), None) => Outcome::Whole(body),
            (None, None, None, Some(error)) => Outcome::Error(error.read()?),
            _ => {
                let wants = "an answer has one of events, chunks, body and error";
                return Err(ScenarioError::new(wants));
            }
        };
        Ok(Scripted {
            contains: self.contains,
            answer,
        })
    }
}

/// The name and members of `{"<name>": {…}}`.
fn only_member(event: Map<String, Value>) -> Result<(String, Value), ScenarioError> {
    let mut members = event.into_iter();
    match (members.next(), members.next()) {
        (Some(member), None) => Ok(member),
        _ => Err(ScenarioError::new("an event has one member, its name")),
    }
}

fn read_wav(path: &Path) -> Result<Sound, ScenarioError> {
    let bad = |why: String| ScenarioError::new(format!("{}: {why}", path.display()));
    let mut reader = hound::WavReader::open(path).map_err(|error| bad(error.to_string()))?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.bits_per_sample != 16 {
        return Err(bad("not 16-bit mono PCM".to_owned()));
    }
    let samples = reader.samples::<i16>().collect::<Result<_, _>>();
    Ok(Sound::Wav {
        samples: samples.map_err(|error| bad(error.to_string()))?,
        rate: spec.sample_rate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        parse(json, Path::new(".")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_scenario_is_said_so() {
        assert!(error("{\"sonics\": []}").contains("unknown field `sonics`"));
        assert!(
            error(r#"{"sonic":[{"when":"never","send":[]}]}"#).contains("unknown variant `never`")
        );
        let two =
            r#"{"sonic":[{"when":"turn","send":[{"say":{"text":"x","wav":"a","tone_ms":1}}]}]}"#;
        assert!(error(two).contains("either wav or tone_ms"));
        let missing = r#"{"sonic":[{"when":"turn","send":[{"say":{"text":"x","wav":"no.wav"}}]}]}"#;
        assert!(error(missing).contains("no.wav"));
        assert!(error(r#"{"converse":[{"events":[],"body":{}}]}"#).contains("one of events"));
        let exception = r#"{"converse":[{"error":{"name":"Oops","message":""}}]}"#;
        assert!(error(exception).contains("no exception \"Oops\""));
    }
}
