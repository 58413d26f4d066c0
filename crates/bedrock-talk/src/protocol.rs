//! The messages between a client and the bridge, version 1: docs/talk.md.

use nova_sonic::TranscriptEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::notice::EndReason;

/// The version that we speak.
pub(crate) const VERSION: u32 = 1;
/// Bytes in front of the PCM of a binary message to the client.
pub(crate) const AUDIO_HEADER: usize = 12;

/// What a client says first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hello {
    pub(crate) version: u32,
    #[serde(default)]
    pub(crate) token: Option<String>,
    /// The session to go on with.
    #[serde(default)]
    pub(crate) resume: Option<String>,
    #[serde(default = "usual_rate")]
    pub(crate) input_rate: u32,
    /// Whether `level` events are wanted.
    #[serde(default)]
    pub(crate) levels: bool,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Request {
    Hello(Hello),
    Played { turn: u32, samples: u64 },
    Text { text: String },
    Mute,
    Unmute,
    ToolResult { tool_use_id: String, result: Value },
    Bye,
}

/// What the bridge says of itself; what the model and the user do has the form of `VoiceEvent`.
#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Reply<'a> {
    Ready {
        version: u32,
        session: &'a str,
        resumed: bool,
        input_rate: u32,
        output_rate: u32,
        /// Speech that is sent ahead of what was played, in ms.
        lead_ms: u64,
        /// How long a session waits for its client, in ms.
        grace_ms: u64,
        /// When the session ends, in ms.
        ends_in_ms: u64,
        transcript: &'a [TranscriptEntry],
    },
    /// What the user has really heard of an answer so far.
    Heard { turn: u32, text: &'a str },
    /// How loud the user's audio is, in dB below full scale.
    Level { db: f32 },
    /// How the conversation does.
    Figures(&'a Figures),
    /// The session ends soon.
    Ending { reason: EndReason, in_ms: u64 },
    /// A message of the client was not understood, or could not be followed.
    Error { code: &'a str, message: &'a str },
    /// The session is over.
    Ended {
        reason: EndReason,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
}

/// Figures of a conversation, as clients see them; times in ms.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    pub(crate) speech_to_audio_ms: Option<u64>,
    pub(crate) barge_in_to_silence_ms: Option<u64>,
    pub(crate) uplink_backlog_ms: u64,
    pub(crate) dropped_ms: u64,
    pub(crate) turns: u64,
    pub(crate) interruptions: u64,
    pub(crate) legs: u64,
}

impl From<&bedrock_stream::VoiceMetrics> for Figures {
    fn from(metrics: &bedrock_stream::VoiceMetrics) -> Self {
        Self {
            speech_to_audio_ms: metrics.speech_to_audio.last.map(millis),
            barge_in_to_silence_ms: metrics.barge_in_to_silence.last.map(millis),
            uplink_backlog_ms: millis(metrics.uplink_backlog),
            dropped_ms: millis(metrics.dropped_audio),
            turns: metrics.turns,
            interruptions: metrics.interruptions,
            legs: metrics.legs,
        }
    }
}

/// Whole milliseconds.
pub(crate) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

const fn usual_rate() -> u32 {
    16_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_documented() {
        let read = |text: &str| serde_json::from_str::<Request>(text);
        let hello = read(r#"{"type":"hello","version":1,"anything":2}"#);
        let Ok(Request::Hello(hello)) = hello else {
            panic!("a hello")
        };
        assert_eq!(
            (hello.version, hello.input_rate, hello.levels),
            (1, 16_000, false)
        );
        assert!(matches!(
            read(r#"{"type":"played","turn":3,"samples":480}"#),
            Ok(Request::Played {
                turn: 3,
                samples: 480
            })
        ));
        assert!(matches!(
            read(r#"{"type":"toolResult","toolUseId":"a","result":{}}"#),
            Ok(Request::ToolResult { .. })
        ));
        for wrong in [
            "",
            "{}",
            r#"{"type":"hello"}"#,
            r#"{"type":"played","turn":-1,"samples":0}"#,
            r#"{"type":"x"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
