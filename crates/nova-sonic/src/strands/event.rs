//! Strands' events, member by member.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// An event of a `BidiModel`. As JSON it is what strands-agents 1.62 makes: `{"type": "bidi_…", …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BidiEvent {
    /// A connection is open.
    #[serde(rename = "bidi_connection_start")]
    ConnectionStart {
        /// The connection.
        connection_id: String,
        /// The model's id.
        model: String,
    },
    /// The connection was replaced.
    #[serde(rename = "bidi_connection_restart")]
    ConnectionRestart {
        /// `timeout` or `scheduled`.
        reason: &'static str,
        /// The model's timeout error, where that was the reason.
        timeout_error: Option<String>,
        /// Whether an answer, or a question without one, was cut off.
        turn_interrupted: bool,
    },
    /// The connection is about to be replaced.
    #[serde(rename = "bidi_connection_warning")]
    ConnectionWarning {
        /// Seconds until then.
        time_left_s: f64,
    },
    /// A response has begun; the user's transcript is part of it.
    #[serde(rename = "bidi_response_start")]
    ResponseStart {
        /// The response.
        response_id: String,
    },
    /// Speech of the model begins.
    #[serde(rename = "bidi_audio_start")]
    AudioStart {
        /// The stream of speech.
        content_id: Arc<str>,
    },
    /// Speech of the model.
    #[serde(rename = "bidi_audio_delta")]
    AudioDelta {
        /// Base64.
        audio: String,
        /// How it is encoded.
        #[serde(flatten)]
        format: AudioFormat,
        /// The stream of speech.
        content_id: Arc<str>,
    },
    /// Speech of the model has ended.
    #[serde(rename = "bidi_audio_stop")]
    AudioStop {
        /// The stream of speech.
        content_id: Arc<str>,
    },
    /// A transcript begins.
    #[serde(rename = "bidi_transcript_start")]
    TranscriptStart {
        /// Who speaks.
        role: BidiRole,
        /// The transcript.
        content_id: Arc<str>,
    },
    /// A piece of a transcript.
    #[serde(rename = "bidi_transcript_delta")]
    TranscriptDelta {
        /// The text that is new.
        delta: String,
        /// Who speaks.
        role: BidiRole,
        /// The transcript.
        content_id: Arc<str>,
    },
    /// A transcript is whole.
    #[serde(rename = "bidi_transcript_stop")]
    TranscriptStop {
        /// Who spoke.
        role: BidiRole,
        /// The transcript.
        content_id: Arc<str>,
    },
    /// A whole transcript in one; Strands' agent adds it behind the stop.
    #[serde(rename = "bidi_transcript_block")]
    TranscriptBlock {
        /// All of its text.
        transcript: String,
        /// Who spoke.
        role: BidiRole,
        /// The transcript.
        content_id: Arc<str>,
    },
    /// The user spoke over the model.
    #[serde(rename = "bidi_barge_in")]
    BargeIn {},
    /// A response has ended.
    #[serde(rename = "bidi_response_stop")]
    ResponseStop {
        /// The response.
        response_id: String,
    },
    /// Tokens used since the last such event.
    #[serde(rename = "bidi_usage")]
    Usage {
        /// Tokens in.
        input_tokens: u64,
        /// Tokens out.
        output_tokens: u64,
        /// Both.
        total_tokens: u64,
        /// Tokens in by modality.
        input_token_details: TokenDetails,
        /// Tokens out by modality.
        output_token_details: TokenDetails,
    },
    /// The model calls tools.
    #[serde(rename = "bidi_tool_use_blocks")]
    ToolUseBlocks {
        /// The calls.
        tool_uses: Vec<BidiToolUse>,
    },
    /// The connection was closed.
    #[serde(rename = "bidi_connection_stop")]
    ConnectionStop {
        /// The connection.
        connection_id: String,
        /// `user_request`.
        reason: &'static str,
    },
}

/// How speech is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AudioFormat {
    /// `pcm`.
    pub format: &'static str,
    /// Samples per second.
    pub sample_rate: u32,
    /// 1.
    pub channels: u8,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BidiRole {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// Tokens by modality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenDetails {
    /// Tokens of speech.
    pub audio: u64,
    /// Tokens of text.
    pub text: u64,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BidiToolUse {
    /// Which call.
    pub tool_use_id: Arc<str>,
    /// Which tool.
    pub name: String,
    /// Its arguments.
    pub input: Value,
}
