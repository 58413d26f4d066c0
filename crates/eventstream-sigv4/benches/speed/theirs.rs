//! The same stream signed by AWS's crates.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::sign_message;
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

use crate::ours::{FRAME_MS, HEADERS, KEY_ID, SECRET, START_MS};

pub(crate) struct Theirs {
    message: Message,
    identity: Identity,
    prior: String,
    now: i64,
}

impl Theirs {
    /// Of frames with payloads of so many bytes.
    pub(crate) fn new(payload: usize) -> Self {
        let mut message = Message::new(vec![b'x'; payload]);
        for (name, value) in HEADERS {
            message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
        }
        Self {
            message,
            identity: Credentials::new(KEY_ID, SECRET, None, None, "bench").into(),
            prior: "07".repeat(32),
            now: START_MS,
        }
    }

    /// The next frame of the stream, encoded, signed and encoded again.
    pub(crate) fn sign(&mut self) -> Vec<u8> {
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
        let signed = sign_message(&self.message, &self.prior, &params).unwrap();
        let (message, signature) = signed.into_parts();
        self.prior = signature;
        let mut wire = Vec::new();
        write_message_to(&message, &mut wire).unwrap();
        wire
    }
}
