//! What a case says of its bytes, against what was read.

use std::fmt::Display;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use eventstream_codec::{Header, HeaderValue, Headers, Message};
use serde_json::{Value, json};

use crate::Outcome;
use crate::case::{Case, hex};

pub(crate) fn check_headers(case: &Case, name: &impl Display) {
    match (Headers::parse(&case.bytes, &case.limits()), case.is_good()) {
        (Ok(block), true) => check_block(&case.json["decoded_headers"], &block, name),
        (Err(error), false) => assert!(case.names(error.kind().name()), "{name}: {error}"),
        (outcome, _) => panic!("{name}: {outcome:?}"),
    }
}

pub(crate) fn check_frames(case: &Case, (frames, end): &Outcome, name: &impl Display) {
    let before_error = case.json.get("decoded_before_error");
    let decoded = if case.is_good() {
        case.json.get("decoded")
    } else {
        before_error
    };
    match decoded {
        Some(Value::Array(expected)) => {
            assert_eq!(frames.len(), expected.len(), "{name}: frames");
            for (expected, frame) in expected.iter().zip(frames) {
                check_frame(expected, frame, name);
            }
        }
        Some(expected) => {
            assert_eq!(frames.len(), 1, "{name}: frames");
            check_frame(expected, &frames[0], name);
        }
        None if case.is_good() => assert!(!frames.is_empty(), "{name}: frames"),
        None => assert!(frames.len() <= 1 || !case.is_message(), "{name}: frames"),
    }
    // A frame that stands alone and is cut is `Incomplete`; to a stream the same is an end inside a frame, and no bytes
    // are no frames.
    let alone = case.is_message() && case.names("Incomplete");
    match end {
        Ok(()) => assert!(
            case.is_good() || (alone && case.bytes.is_empty()),
            "{name}: no error"
        ),
        Err(error) => {
            let kind = error.kind().name();
            let cut = alone && kind == "IncompleteAtEof";
            assert!(
                !case.is_good() && (case.names(kind) || cut),
                "{name}: {error}"
            );
        }
    }
    if case.is_message() {
        match Message::from_bytes(&case.bytes, &case.limits()) {
            Ok(message) => assert_eq!(message, frames[0], "{name}"),
            Err(error) => assert!(case.names(error.kind().name()), "{name}: {error}"),
        }
    }
}

fn check_frame(expected: &Value, message: &Message, name: &impl Display) {
    let frame = message.frame();
    check_block(&expected["headers"], &frame.headers(), name);
    if let Some(text) = expected["payload_base64"].as_str() {
        assert_eq!(
            frame.payload(),
            BASE64_STANDARD.decode(text).unwrap(),
            "{name}: payload"
        );
    }
    let bytes = frame.as_bytes();
    let is = |member: &str, actual: usize| {
        let said = expected.get(member).and_then(Value::as_u64);
        assert!(
            said.is_none_or(|said| said == actual as u64),
            "{name}: {member}"
        );
    };
    is("total_length", bytes.len());
    is("headers_length", frame.headers().as_bytes().len());
    is("payload_len", frame.payload().len());
    for (member, at) in [("prelude_crc", 8), ("message_crc", bytes.len() - 4)] {
        if let Some(said) = expected[member]
            .as_str()
            .and_then(|text| text.strip_prefix("0x"))
        {
            assert_eq!(bytes[at..at + 4], hex(said), "{name}: {member}");
        }
    }
}

fn check_block(expected: &Value, block: &Headers<'_>, name: &impl Display) {
    let expected = expected.as_array().unwrap();
    let found: Vec<_> = block.iter().collect();
    assert_eq!(found.len(), expected.len(), "{name}: headers");
    for (expected, header) in expected.iter().zip(found) {
        assert_eq!(expected["name"], header.name, "{name}");
        let number = header.value.header_type() as u8;
        assert_eq!(expected["type"], number, "{name}: {}", header.name);
        assert_eq!(expected["value"], value(&header), "{name}: {}", header.name);
    }
}

/// A value as the cases write it.
fn value(header: &Header<'_>) -> Value {
    match header.value {
        HeaderValue::Bool(v) => json!(v),
        HeaderValue::Byte(v) => json!(v),
        HeaderValue::Int16(v) => json!(v),
        HeaderValue::Int32(v) => json!(v),
        HeaderValue::Int64(v) => json!(v),
        HeaderValue::Bytes(v) => json!(BASE64_STANDARD.encode(v)),
        HeaderValue::String(v) => json!(v),
        HeaderValue::Timestamp(v) => json!(v.as_millis()),
        HeaderValue::Uuid(v) => {
            let digits = format!("{:032x}", u128::from_be_bytes(v));
            let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
            json!(groups.join("-"))
        }
    }
}
