//! aws-smithy-eventstream and aws-sigv4 behind the JSON lines of docs/fixtures.md.

use std::io::{BufRead as _, Write as _};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::{sign_empty_message, sign_message};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{
    DecodedFrame, MessageFrameDecoder, read_message_from, write_message_to,
};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::event_stream::{HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, BytesMut};
use peer_aws_eventstream::{frame_json, from_hex, header_of, hex};
use serde_json::{Value, json};

fn main() {
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
        let answer =
            answer(&question).unwrap_or_else(|| json!({"unable": "the question makes no sense"}));
        writeln!(stdout, "{answer}")
            .and_then(|()| stdout.flush())
            .expect("somebody listens");
    }
}

fn answer(question: &Value) -> Option<Value> {
    Some(match question["op"].as_str()? {
        "describe" => json!({"version": "aws-smithy-eventstream 0.61.6, aws-sigv4 1.6.4"}),
        "decode" if question["profile"] == "strict" => {
            json!({"unable": "aws-smithy-eventstream has no strict profile"})
        }
        "decode" => decode(&input(&question["input"])?, &question["chunks"]),
        "encode" => encode(question)?,
        "sign" => sign(question)?,
        "decode_headers" => {
            json!({"unable": "aws-smithy-eventstream decodes no header block alone"})
        }
        other => json!({"unable": format!("no such operation: {other}")}),
    })
}

fn input(json: &Value) -> Option<Vec<u8>> {
    if let Some(text) = json["base64"].as_str() {
        return STANDARD.decode(text).ok();
    }
    let mut bytes = from_hex(json["prefix_hex"].as_str()?)?;
    let fill = from_hex(json["fill_byte_hex"].as_str()?)?;
    let len = usize::try_from(json["fill_len"].as_u64()?).ok()?;
    bytes.resize(bytes.len() + len, *fill.first()?);
    bytes.extend(from_hex(json["suffix_hex"].as_str()?)?);
    Some(bytes)
}

fn decode(mut bytes: &[u8], chunks: &Value) -> Value {
    let sizes: Vec<usize> = chunks
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .map(|n| n as usize)
        .collect();
    let mut sizes = sizes.into_iter();
    let mut size = 0;
    let mut decoder = MessageFrameDecoder::new();
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let listed = sizes.next();
        size = listed.unwrap_or(size);
        let take = if size == 0 && listed.is_none() {
            bytes.len()
        } else {
            size.min(bytes.len())
        };
        buffer.extend_from_slice(&bytes[..take]);
        bytes = &bytes[take..];
        loop {
            match decoder.decode_frame(&mut buffer) {
                Ok(DecodedFrame::Complete(message)) => frames.push(frame_json(&message)),
                Ok(DecodedFrame::Incomplete) => break,
                Err(e) => return json!({"frames": frames, "error": {"message": e.to_string()}}),
            }
        }
    }
    let error = buffer
        .has_remaining()
        .then(|| json!({"message": "the input ended inside a frame"}));
    json!({"frames": frames, "error": error})
}

fn encode(question: &Value) -> Option<Value> {
    let payload = STANDARD.decode(question["payload_base64"].as_str()?).ok()?;
    let mut message = Message::new(payload);
    for header in question["headers"].as_array()? {
        message = message.add_header(header_of(header)?);
    }
    let mut frame = Vec::new();
    Some(match write_message_to(&message, &mut frame) {
        Ok(()) => json!({"frame_base64": STANDARD.encode(frame)}),
        Err(e) => json!({"error": {"message": e.to_string()}}),
    })
}

/// aws-sigv4 writes the `:date` header and encodes the inner message itself, so only such inputs can be given to it.
fn sign(question: &Value) -> Option<Value> {
    let key = |name: &str| question["key"][name].as_str();
    let identity: Identity =
        Credentials::from_keys(key("access_key_id")?, key("secret_access_key")?, None).into();
    let mut signatures = Vec::new();
    let mut frames = Vec::new();
    for event in question["events"].as_array()? {
        let seconds = seconds(event["timestamp"].as_str()?)?;
        let date = [&b"\x05:date\x08"[..], &(seconds * 1000).to_be_bytes()].concat();
        if hex(&date) != event["hashed_headers_hex"].as_str()? {
            return Some(
                json!({"unable": "aws-sigv4 signs a :date in whole seconds, and no other header"}),
            );
        }
        let settings = v4::SigningParams::builder()
            .identity(&identity)
            .region(key("region")?)
            .name(key("service")?)
            .time(UNIX_EPOCH + Duration::from_secs(seconds.try_into().ok()?))
            .settings(());
        let params = settings.build().ok()?;
        let payload = from_hex(event["payload_hex"].as_str()?)?;
        let prior = event["prior_signature"].as_str()?;
        let signed = if payload.is_empty() {
            sign_empty_message(prior, &params)
        } else {
            let Ok(inner) = read_message_from(&payload[..]) else {
                return Some(json!({"unable": "aws-sigv4 signs whole frames only"}));
            };
            sign_message(&inner, prior, &params)
        };
        let (message, _) = signed.ok()?.into_parts();
        let signature = message
            .headers()
            .iter()
            .find(|h| h.name().as_str() == ":chunk-signature")?;
        let HeaderValue::ByteArray(bytes) = signature.value() else {
            return None;
        };
        signatures.push(hex(bytes));
        let mut frame = Vec::new();
        write_message_to(&message, &mut frame).ok()?;
        frames.push(hex(&frame));
    }
    Some(json!({"signatures": signatures, "frames_hex": frames}))
}

/// `YYYYMMDDTHHMMSSZ` in seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    DateTime::from_str(&text, Format::DateTime)
        .ok()
        .map(|t| t.secs())
}
