//! Strands' model configuration, laid over defaults.

use std::fmt;

use serde_json::{Map, Value};

use crate::{Endpointing, SampleRate, Setup};

/// What a Strands program configures: the setup of the session and the rate of the user's audio.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Inference, voice and rate of the model's speech.
    pub setup: Setup,
    /// Rate of the user's speech.
    pub input_rate: SampleRate,
}

impl Default for Config {
    /// 16 kHz both ways and the voice `matthew`, as `BedrockNovaSonicModel` has it.
    fn default() -> Self {
        let mut setup = Setup::default();
        setup.prompt.output_rate = SampleRate::Hz16000;
        Self {
            setup,
            input_rate: SampleRate::Hz16000,
        }
    }
}

impl Config {
    /// Lays a configuration over this one. Known members, all optional:
    ///
    /// `{"voice", "audio": {"voice", "input": {"sample_rate"}, "output": {"sample_rate"}}, "inference": {"max_tokens",
    /// "top_p", "temperature"}, "params": {…as in sessionStart…}, "turn_detection": {"endpointingSensitivity"}}`. Names of
    /// settings may be in snake case or in camel case; `input_rate` and `output_rate` under `audio` are understood too.
    ///
    /// # Errors
    /// Where a member is unknown, or its value cannot be. The configuration is then as it was.
    pub fn merge(&mut self, given: &Value) -> Result<(), ConfigError> {
        let mut merged = self.clone();
        for (name, value) in members(given, "")? {
            match name.as_str() {
                "voice" => merged.voice(value, "voice")?,
                "audio" => merged.audio(value)?,
                "inference" => merged.inference(value, "inference")?,
                "turn_detection" => merged.turn_detection(value)?,
                "params" => {
                    for (name, value) in members(value, "params")? {
                        match name.as_str() {
                            "inferenceConfiguration" => {
                                merged.inference(value, "params.inferenceConfiguration")?;
                            }
                            "turnDetectionConfiguration" => merged.turn_detection(value)?,
                            _ => return Err(ConfigError::unknown("params", name)),
                        }
                    }
                }
                _ => return Err(ConfigError::unknown("", name)),
            }
        }
        *self = merged;
        Ok(())
    }

    fn audio(&mut self, audio: &Value) -> Result<(), ConfigError> {
        for (name, value) in members(audio, "audio")? {
            match name.as_str() {
                "voice" => self.voice(value, "audio.voice")?,
                "input_rate" => self.input_rate = rate(value, "audio.input_rate")?,
                "output_rate" => self.setup.prompt.output_rate = rate(value, "audio.output_rate")?,
                "input" => {
                    if let Some(value) = stream_rate(value, "audio.input")? {
                        self.input_rate = rate(value, "audio.input.sample_rate")?;
                    }
                }
                "output" => {
                    if let Some(value) = stream_rate(value, "audio.output")? {
                        self.setup.prompt.output_rate = rate(value, "audio.output.sample_rate")?;
                    }
                }
                _ => return Err(ConfigError::unknown("audio", name)),
            }
        }
        Ok(())
    }

    fn inference(&mut self, inference: &Value, at: &str) -> Result<(), ConfigError> {
        let settings = &mut self.setup.session.inference;
        for (name, value) in members(inference, at)? {
            let wrong =
                || ConfigError::wrong(&format!("{at}.{name}"), "a number that the model takes");
            #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
            let share = || value.as_f64().map(|share| share as f32).ok_or_else(wrong);
            match name.as_str() {
                "max_tokens" | "maxTokens" => {
                    let tokens = value.as_u64().and_then(|tokens| u32::try_from(tokens).ok());
                    settings.max_tokens = tokens.ok_or_else(wrong)?;
                }
                "top_p" | "topP" => settings.top_p = share()?,
                "temperature" => settings.temperature = share()?,
                _ => return Err(ConfigError::unknown(at, name)),
            }
        }
        Ok(())
    }

    fn turn_detection(&mut self, detection: &Value) -> Result<(), ConfigError> {
        for (name, value) in members(detection, "turn_detection")? {
            match name.as_str() {
                "endpointingSensitivity" | "endpointing_sensitivity" => {
                    self.setup.session.endpointing = Some(match value.as_str() {
                        Some("HIGH") => Endpointing::High,
                        Some("MEDIUM") => Endpointing::Medium,
                        Some("LOW") => Endpointing::Low,
                        _ => return Err(ConfigError::wrong(name, "HIGH, MEDIUM or LOW")),
                    });
                }
                _ => return Err(ConfigError::unknown("turn_detection", name)),
            }
        }
        Ok(())
    }

    fn voice(&mut self, voice: &Value, at: &str) -> Result<(), ConfigError> {
        let voice = voice
            .as_str()
            .ok_or_else(|| ConfigError::wrong(at, "a voice"))?;
        voice.clone_into(&mut self.setup.prompt.voice);
        Ok(())
    }
}

fn members<'v>(value: &'v Value, at: &str) -> Result<&'v Map<String, Value>, ConfigError> {
    value
        .as_object()
        .ok_or_else(|| ConfigError::wrong(at, "an object"))
}

/// `sample_rate` of an audio stream; `channels` and `format` may only say what is so anyway.
fn stream_rate<'v>(stream: &'v Value, at: &str) -> Result<Option<&'v Value>, ConfigError> {
    let stream = members(stream, at)?;
    for (name, value) in stream {
        match name.as_str() {
            "sample_rate" => {}
            "channels" if *value == 1 => {}
            "channels" => {
                return Err(ConfigError::wrong(
                    &format!("{at}.channels"),
                    "1: mix it down first",
                ));
            }
            "format" if *value == "pcm" => {}
            "format" => return Err(ConfigError::wrong(&format!("{at}.format"), "pcm")),
            _ => return Err(ConfigError::unknown(at, name)),
        }
    }
    Ok(stream.get("sample_rate"))
}

fn rate(value: &Value, at: &str) -> Result<SampleRate, ConfigError> {
    let hz = value.as_u64().and_then(|hz| u32::try_from(hz).ok());
    hz.and_then(|hz| SampleRate::try_from(hz).ok())
        .ok_or_else(|| ConfigError::wrong(at, "8000, 16000 or 24000: resample it first"))
}

/// A configuration that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such member.
    Unknown {
        /// Its path.
        path: String,
    },
    /// A member has the wrong value.
    Wrong {
        /// Its path.
        path: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl ConfigError {
    fn unknown(at: &str, name: &str) -> Self {
        let path = if at.is_empty() {
            name.to_owned()
        } else {
            format!("{at}.{name}")
        };
        Self::Unknown { path }
    }

    fn wrong(path: &str, expected: &'static str) -> Self {
        Self::Wrong {
            path: path.to_owned(),
            expected,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { path } => write!(f, "the configuration has no member {path:?}"),
            Self::Wrong { path, expected } => write!(f, "{path:?} must be {expected}"),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_given_stays() {
        let mut config = Config::default();
        config
            .merge(&json!({"audio": {"output": {"sample_rate": 24000}}, "inference": {"max_tokens": 10, "topP": 0.5}}))
            .unwrap();
        config
            .merge(&json!({"voice": "amy", "turn_detection": {"endpointingSensitivity": "LOW"}}))
            .unwrap();
        assert_eq!(config.input_rate, SampleRate::Hz16000);
        assert_eq!(config.setup.prompt.output_rate, SampleRate::Hz24000);
        assert_eq!(config.setup.prompt.voice, "amy");
        assert_eq!(config.setup.session.inference.max_tokens, 10);
        assert!((config.setup.session.inference.top_p - 0.5).abs() < f32::EPSILON);
        assert!((config.setup.session.inference.temperature - 0.7).abs() < f32::EPSILON);
        assert_eq!(config.setup.session.endpointing, Some(Endpointing::Low));
    }

    #[test]
    fn what_cannot_be_is_named_and_changes_nothing() {
        let mut config = Config::default();
        for (given, path) in [
            (
                json!({"voice": "amy", "audio": {"input": {"sample_rate": 48000}}}),
                "audio.input.sample_rate",
            ),
            (
                json!({"audio": {"input": {"channels": 2}}}),
                "audio.input.channels",
            ),
            (
                json!({"audio": {"output": {"format": "opus"}}}),
                "audio.output.format",
            ),
            (json!({"inference": {"top_k": 1}}), "inference.top_k"),
            (json!({"params": {"x": 1}}), "params.x"),
            (json!({"y": 1}), "\"y\""),
        ] {
            let error = config.merge(&given).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
        assert_eq!(config, Config::default());
    }
}
