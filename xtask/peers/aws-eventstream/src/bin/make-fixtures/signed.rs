//! A chain of signed frames.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::{sign_empty_message, sign_message};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::DateTime;
use peer_aws_eventstream::hex;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::folder::Folder;
use crate::frames::{SONIC_CHUNK, encoded, event};

/// A Bedrock chain over midnight UTC, as aws-sigv4 signs it.
pub fn write(folder: &Folder) {
    let (access, secret) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let identity: Identity = Credentials::from_keys(access, secret, None).into();
    let start = 1_798_761_596; // 2026-12-31T23:59:56Z
    let seed = hex(&Sha256::digest(b"any 32 bytes do for a seed"));
    let mut prior = seed;
    let mut events = Vec::new();
    for step in 0..8_u64 {
        let time = UNIX_EPOCH + Duration::from_millis((start + step) * 1000 + 123);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("bedrock")
            .time(time)
            .settings(())
            .build()
            .expect("all parts are there");
        let last = step == 7;
        let inner = if step == 3 {
            event("chunk", br#"{"bytes":""}"#)
        } else {
            event("chunk", SONIC_CHUNK)
        };
        let signed = if last {
            sign_empty_message(&prior, &params)
        } else {
            sign_message(&inner, &prior, &params)
        };
        let (message, signature) = signed.expect("signed").into_parts();
        let date = [
            &b"\x05:date\x08"[..],
            &((start + step) * 1000).to_be_bytes(),
        ]
        .concat();
        events.push(json!({
            "timestamp": timestamp(start + step),
            "prior_signature": prior,
            "hashed_headers_hex": hex(&date),
            "payload_hex": if last { String::new() } else { hex(&encoded(&inner)) },
            "outer_frame_hex": hex(&encoded(&message)),
            "signature": signature,
        }));
        prior = signature;
    }
    folder.write("bedrock_over_midnight", None, json!({
        "kind": "signed", "access_key_id": access, "secret_access_key": secret, "region": "us-east-1",
        "service": "bedrock", "events": events,
        "source": "aws-sigv4 1.6.4 signed it; the scope's date and the key change at midnight, the chain goes on; the last is the end frame",
    }));
}

fn timestamp(seconds: u64) -> String {
    let text = DateTime::from_secs(seconds.try_into().expect("near enough"))
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .expect("a date");
    text.replace(['-', ':'], "")
}
