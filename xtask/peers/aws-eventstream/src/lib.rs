//! JSON views of messages, shared by the conformance program and the maker of fixtures.

use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A header as docs/fixtures.md spells it.
pub fn header_json(header: &Header) -> Value {
    let (wire_type, type_name, value) = match header.value() {
        HeaderValue::Bool(true) => (0, "bool_true", json!(true)),
        HeaderValue::Bool(false) => (1, "bool_false", json!(false)),
        HeaderValue::Byte(v) => (2, "byte", json!(v)),
        HeaderValue::Int16(v) => (3, "short", json!(v)),
        HeaderValue::Int32(v) => (4, "integer", json!(v)),
        HeaderValue::Int64(v) => (5, "long", json!(v)),
        HeaderValue::ByteArray(v) => (6, "byte_array", json!(STANDARD.encode(v))),
        HeaderValue::String(v) => (7, "string", json!(v.as_str())),
        HeaderValue::Timestamp(v) => (
            8,
            "timestamp",
            json!(v.to_millis().expect("in the range of i64")),
        ),
        HeaderValue::Uuid(v) => (9, "uuid", json!(uuid_text(*v))),
        _ => unreachable!("a header type that this version does not have"),
    };
    json!({"name": header.name().as_str(), "type": wire_type, "type_name": type_name, "value": value})
}

/// The header that such JSON describes.
pub fn header_of(json: &Value) -> Option<Header> {
    let value = &json["value"];
    let number = value.as_i64();
    let text = value.as_str();
    let value = match json["type"].as_u64()? {
        0 | 1 => HeaderValue::Bool(value.as_bool()?),
        2 => HeaderValue::Byte(number?.try_into().ok()?),
        3 => HeaderValue::Int16(number?.try_into().ok()?),
        4 => HeaderValue::Int32(number?.try_into().ok()?),
        5 => HeaderValue::Int64(number?),
        6 => HeaderValue::ByteArray(STANDARD.decode(text?).ok()?.into()),
        7 => HeaderValue::String(text?.to_owned().into()),
        8 => HeaderValue::Timestamp(DateTime::from_millis(number?)),
        9 => HeaderValue::Uuid(u128::from_str_radix(&text?.replace('-', ""), 16).ok()?),
        _ => return None,
    };
    Some(Header::new(json["name"].as_str()?.to_owned(), value))
}

/// A message as an implementation answers with it.
pub fn frame_json(message: &Message) -> Value {
    json!({
        "headers": message.headers().iter().map(header_json).collect::<Vec<_>>(),
        "payload_base64": STANDARD.encode(message.payload()),
    })
}

fn uuid_text(uuid: u128) -> String {
    let mut text = format!("{uuid:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// Bytes from hex digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
