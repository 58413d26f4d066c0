//! The same frame by the crates that AWS's SDK is made of.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::sign_message;
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::{FRAME_MS, KEY_ID, SECRET, START_MS};

/// As long as the names that nova-sonic gives.
const PROMPT: &str = "07070707-0707-4707-8707-070707070707";
const CONTENT: &str = "07070707-0707-4707-8707-070707070708";

#[derive(Serialize)]
struct Envelope<'a> {
    event: Event<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    audio_input: AudioInput<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioInput<'a> {
    prompt_name: &'a str,
    content_name: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct Chunk<'a> {
    bytes: &'a str,
}

pub(crate) struct Theirs {
    identity: Identity,
    prior: String,
    now: i64,
}

impl Theirs {
    pub(crate) fn new() -> Self {
        Self {
            identity: Credentials::new(KEY_ID, SECRET, None, None, "bench").into(),
            prior: "07".repeat(32),
            now: START_MS,
        }
    }

    /// The signed frame of the next audio event.
    pub(crate) fn frame(&mut self, pcm: &[u8]) -> Vec<u8> {
        let audio_input = AudioInput {
            prompt_name: PROMPT,
            content_name: CONTENT,
            content: &STANDARD.encode(pcm),
        };
        let event = Event { audio_input };
        let json = serde_json::to_vec(&Envelope { event }).unwrap();
        let bytes = STANDARD.encode(json);
        let payload = serde_json::to_vec(&Chunk { bytes: &bytes }).unwrap();
        let header =
            |name, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
        let message = Message::new(payload)
            .add_header(header(":message-type", "event"))
            .add_header(header(":event-type", "chunk"))
            .add_header(header(":content-type", "application/json"));

        self.now += FRAME_MS;
        let since_epoch = Duration::from_millis(self.now.try_into().unwrap());
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region("us-east-1")
            .name("bedrock")
            .time(SystemTime::UNIX_EPOCH + since_epoch)
            .settings(())
            .build()
            .unwrap();
        let (signed, signature) = sign_message(&message, &self.prior, &params)
            .unwrap()
            .into_parts();
        self.prior = signature;
        let mut wire = Vec::new();
        write_message_to(&signed, &mut wire).unwrap();
        wire
    }
}
