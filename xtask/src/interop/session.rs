//! The events of one spoken session with Nova Sonic, made without our own protocol crate: the peers send them as they are.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::workspace;

pub(crate) const MODEL: &str = "amazon.nova-2-5-sonic";
/// Input: 16 kHz, mono, 16 bits.
const BYTES_A_SECOND: usize = 32_000;
/// 32 ms.
const BYTES_AN_EVENT: usize = 1024;
/// Silence behind the question, long enough for any endpointing.
const SILENCE_SECONDS: usize = 4;
/// Bytes of a WAV header without extras: the one in front of our fixture.
const WAV_HEADER: usize = 44;

/// What is sent before the reply, and what ends the session after it. Audio is the last of `open`.
pub(crate) struct Session {
    pub(crate) open: Vec<String>,
    pub(crate) close: Vec<String>,
}

impl Session {
    /// The question of fixtures/audio.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn question() -> Result<Self, Failure> {
        let path = workspace::root().join("fixtures/audio/question.wav");
        let wav = fs::read(&path).map_err(|e| Failure::at(&path, "read", e))?;
        let mut pcm = wav.get(WAV_HEADER..).unwrap_or_default().to_vec();
        pcm.resize(pcm.len() + SILENCE_SECONDS * BYTES_A_SECOND, 0);
        Ok(Self::of(pcm.chunks(BYTES_AN_EVENT)))
    }

    /// A session with hardly any audio, to be kept as a fixture.
    pub(crate) fn short() -> Self {
        let pcm: Vec<u8> = (0..=255).collect();
        Self::of(pcm.chunks(64))
    }

    /// The same with so many turns of 1,000 bytes that were said before, in front of the audio.
    pub(crate) fn with_history(mut self, turns: usize) -> Self {
        let audio = self
            .open
            .iter()
            .position(|e| e.contains("AUDIO") && e.contains("contentStart"));
        let roles = ["USER", "ASSISTANT"].into_iter().cycle().take(turns);
        let history = roles.enumerate().flat_map(|(turn, role)| {
            let (prompt, name) = ("prompt-1", format!("history-{turn}"));
            [
                event("contentStart", &json!({
                    "promptName": prompt, "contentName": name, "type": "TEXT", "interactive": false,
                    "role": role, "textInputConfiguration": {"mediaType": "text/plain"},
                })),
                event("textInput", &json!({"promptName": prompt, "contentName": name, "content": "x".repeat(1000)})),
                event("contentEnd", &json!({"promptName": prompt, "contentName": name})),
            ]
        });
        let at = audio.unwrap_or(self.open.len());
        self.open.splice(at..at, history.collect::<Vec<_>>());
        self
    }

    fn of<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Self {
        let (prompt, system, audio) = ("prompt-1", "system-1", "audio-1");
        let mut open = vec![
            event(
                "sessionStart",
                &json!({
                    "inferenceConfiguration": {"maxTokens": 1024, "topP": 0.9, "temperature": 0.7},
                }),
            ),
            event(
                "promptStart",
                &json!({
                    "promptName": prompt,
                    "textOutputConfiguration": {"mediaType": "text/plain"},
                    "audioOutputConfiguration": {
                        "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
                        "channelCount": 1, "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH",
                    },
                }),
            ),
            event(
                "contentStart",
                &json!({
                    "promptName": prompt, "contentName": system, "type": "TEXT", "interactive": false,
                    "role": "SYSTEM", "textInputConfiguration": {"mediaType": "text/plain"},
                }),
            ),
            event(
                "textInput",
                &json!({
                    "promptName": prompt, "contentName": system, "content": "Answer briefly.",
                }),
            ),
            event(
                "contentEnd",
                &json!({"promptName": prompt, "contentName": system}),
            ),
            event(
                "contentStart",
                &json!({
                    "promptName": prompt, "contentName": audio, "type": "AUDIO", "interactive": true,
                    "role": "USER", "audioInputConfiguration": {
                        "mediaType": "audio/lpcm", "sampleRateHertz": 16000, "sampleSizeBits": 16,
                        "channelCount": 1, "audioType": "SPEECH", "encoding": "base64",
                    },
                }),
            ),
        ];
        open.extend(chunks.map(|chunk| {
            event(
                "audioInput",
                &json!({
                    "promptName": prompt, "contentName": audio, "content": STANDARD.encode(chunk),
                }),
            )
        }));
        let close = vec![
            event(
                "contentEnd",
                &json!({"promptName": prompt, "contentName": audio}),
            ),
            event("promptEnd", &json!({"promptName": prompt})),
            event("sessionEnd", &json!({})),
        ];
        Self { open, close }
    }
}

fn event(name: &str, members: &Value) -> String {
    json!({"event": {name: members}}).to_string()
}
