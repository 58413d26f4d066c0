//! Input events of Nova Sonic, as clients send them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) const PROMPT: &str = "prompt-1";
pub(crate) const AUDIO: &str = "audio-1";

pub(crate) fn session_start() -> Value {
    json!({ "event": { "sessionStart": {
        "inferenceConfiguration": { "maxTokens": 1024, "topP": 0.9, "temperature": 0.7 },
        "turnDetectionConfiguration": { "endpointingSensitivity": "HIGH" },
    } } })
}

pub(crate) fn prompt_start(rate: u32) -> Value {
    json!({ "event": { "promptStart": {
        "promptName": PROMPT,
        "textOutputConfiguration": { "mediaType": "text/plain" },
        "audioOutputConfiguration": {
            "mediaType": "audio/lpcm", "sampleRateHertz": rate, "sampleSizeBits": 16,
            "channelCount": 1, "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH",
        },
    } } })
}

pub(crate) fn text_start(name: &str, role: &str, interactive: bool) -> Value {
    json!({ "event": { "contentStart": {
        "promptName": PROMPT, "contentName": name, "type": "TEXT", "interactive": interactive,
        "role": role, "textInputConfiguration": { "mediaType": "text/plain" },
    } } })
}

pub(crate) fn text_input(name: &str, text: &str) -> Value {
    json!({ "event": { "textInput": { "promptName": PROMPT, "contentName": name, "content": text } } })
}

pub(crate) fn content_end(name: &str) -> Value {
    json!({ "event": { "contentEnd": { "promptName": PROMPT, "contentName": name } } })
}

pub(crate) fn text(name: &str, role: &str, interactive: bool, text: &str) -> [Value; 3] {
    [
        text_start(name, role, interactive),
        text_input(name, text),
        content_end(name),
    ]
}

pub(crate) fn audio_start(rate: u32) -> Value {
    json!({ "event": { "contentStart": {
        "promptName": PROMPT, "contentName": AUDIO, "type": "AUDIO", "interactive": true,
        "role": "USER", "audioInputConfiguration": {
            "mediaType": "audio/lpcm", "sampleRateHertz": rate, "sampleSizeBits": 16,
            "channelCount": 1, "audioType": "SPEECH", "encoding": "base64",
        },
    } } })
}

pub(crate) fn audio_input(samples: &[i16]) -> Value {
    let pcm: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    json!({ "event": { "audioInput": {
        "promptName": PROMPT, "contentName": AUDIO, "content": STANDARD.encode(pcm),
    } } })
}

pub(crate) fn prompt_end() -> Value {
    json!({ "event": { "promptEnd": { "promptName": PROMPT } } })
}

pub(crate) fn session_end() -> Value {
    json!({ "event": { "sessionEnd": {} } })
}

/// What opens a session, up to the audio container.
pub(crate) fn opening(input_rate: u32, output_rate: u32) -> Vec<Value> {
    let mut events = vec![session_start(), prompt_start(output_rate)];
    events.extend(text("system-1", "SYSTEM", false, "You are an echo."));
    events.push(audio_start(input_rate));
    events
}

/// What closes it.
pub(crate) fn closing() -> [Value; 3] {
    [content_end(AUDIO), prompt_end(), session_end()]
}

/// A voice: 200 Hz at a level that no noise reaches.
pub(crate) fn speech(millis: u32, rate: u32) -> Vec<i16> {
    (0..millis * rate / 1000)
        .map(|at| {
            let angle = f64::from(at) * 200.0 * std::f64::consts::TAU / f64::from(rate);
            #[expect(clippy::cast_possible_truncation, reason = "within 8,000")]
            let sample = (angle.sin() * 8000.0) as i16;
            sample
        })
        .collect()
}

pub(crate) fn silence(millis: u32, rate: u32) -> Vec<i16> {
    vec![0; (millis * rate / 1000) as usize]
}
