//! What the server plays to every call, made with this workspace's codec.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use eventstream_codec::{Header, HeaderValue, encode_frame};
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;

/// PCM of one event of the model's speech: 32 ms at 24 kHz.
const SPEECH: [u8; 1536] = [1; 1536];

/// Which frames the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Nothing but the end: the server listens.
    Listen,
    /// As many events of speech as are asked for, once the client has sent nine events.
    Speak,
    /// An event of speech for each event from the ninth on.
    Echo,
    /// As many deltas of a reply as are asked for.
    Reply,
    /// The same, one every 2 ms, each with the time at which it was sent.
    Stamped,
    /// A session that hears and does not answer, on connections that take 100 ms to be made.
    Renewal,
    /// What `bedrock serve --no-verify` does of its own accord: the client's speech is silence, so it only reads.
    Loopback,
}

impl Script {
    /// Events after which the server begins.
    pub(super) fn start(self) -> usize {
        match self {
            Self::Speak => 9,
            Self::Echo => 8,
            _ => 0,
        }
    }

    /// How often the frame in the middle is sent by itself.
    pub(super) fn count(self, events: usize) -> usize {
        match self {
            Self::Speak | Self::Reply | Self::Stamped => events,
            _ => 0,
        }
    }

    /// What the server is told beyond the numbers.
    pub(super) fn mode(self) -> Option<&'static str> {
        match self {
            Self::Echo => Some("echo"),
            Self::Stamped => Some("stamped"),
            Self::Renewal => Some("far"),
            _ => None,
        }
    }

    /// Writes the frames for the server to read.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write(self, folder: &Path) -> Outcome {
        let place = json!({"sessionId": "s", "promptName": "p", "completionId": "c"});
        let with = |more: Value| {
            let mut members = place.clone();
            if let (Some(members), Value::Object(more)) = (members.as_object_mut(), more) {
                members.extend(more);
            }
            members
        };
        let content = json!({"contentId": "a", "type": "AUDIO", "role": "ASSISTANT", "audioOutputConfiguration": {
            "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16, "channelCount": 1, "encoding": "base64",
        }});
        let speech =
            json!({"contentId": "a", "role": "ASSISTANT", "content": STANDARD.encode(SPEECH)});
        let end = json!({"contentId": "a", "type": "AUDIO", "stopReason": "END_TURN"});
        // The server puts the time in place of the noughts.
        let text = match self {
            Self::Stamped => " 0000000000000000000",
            _ => " and so on",
        };
        let (prologue, repeat, epilogue) = match self {
            Self::Renewal => (
                chunk("completionStart", &with(json!({}))),
                Vec::new(),
                chunk("completionEnd", &with(json!({"stopReason": "END_TURN"}))),
            ),
            Self::Reply | Self::Stamped => (
                frame("messageStart", &json!({"p": "abcdefgh", "role": "assistant"})),
                frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcdefghijklmnop"})),
                [
                    frame("contentBlockStop", &json!({"contentBlockIndex": 0, "p": "abc"})),
                    frame("messageStop", &json!({"p": "abcd", "stopReason": "end_turn"})),
                    frame("metadata", &json!({"metrics": {"latencyMs": 1}, "p": "ab", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}})),
                ]
                .concat(),
            ),
            _ => (
                [chunk("completionStart", &with(json!({}))), chunk("contentStart", &with(content))].concat(),
                chunk("audioOutput", &with(speech)),
                [
                    chunk("contentEnd", &with(end)),
                    chunk("completionEnd", &with(json!({"stopReason": "END_TURN"}))),
                ]
                .concat(),
            ),
        };
        for (name, bytes) in [
            ("prologue", prologue),
            ("repeat", repeat),
            ("epilogue", epilogue),
        ] {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|e| Failure::at(&path, "write", e))?;
        }
        Ok(())
    }
}

/// An event of Nova Sonic as the service frames it.
fn chunk(name: &str, members: &Value) -> Vec<u8> {
    let event = json!({"event": {name: members}}).to_string();
    frame(
        "chunk",
        &json!({"bytes": STANDARD.encode(event), "p": "abcdefghijklm"}),
    )
}

fn frame(event_type: &str, payload: &Value) -> Vec<u8> {
    let header = |name, value| Header {
        name,
        value: HeaderValue::String(value),
    };
    let headers = [
        header(":event-type", event_type),
        header(":content-type", "application/json"),
        header(":message-type", "event"),
    ];
    let mut wire = BytesMut::new();
    // Headers and payloads here are short, so the encoder has nothing to refuse.
    let _ = encode_frame(&headers, payload.to_string().as_bytes(), &mut wire);
    wire.to_vec()
}
