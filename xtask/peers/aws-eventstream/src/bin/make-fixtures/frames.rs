//! Messages with their bytes, and frames put together by hand.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peer_aws_eventstream::header_json;
use serde_json::{Value, json};

pub const CONVERSE_DELTA: &[u8] =
    br#"{"contentBlockIndex":0,"delta":{"text":"Hello"},"p":"abcdefghij"}"#;
pub const SONIC_CHUNK: &[u8] = br#"{"bytes":"eyJldmVudCI6eyJjb21wbGV0aW9uU3RhcnQiOnt9fX0="}"#;

pub fn event(event_type: &str, payload: &[u8]) -> Message {
    let text = |v: &str| HeaderValue::String(v.to_owned().into());
    Message::new(payload.to_vec())
        .add_header(Header::new(":event-type", text(event_type)))
        .add_header(Header::new(":content-type", text("application/json")))
        .add_header(Header::new(":message-type", text("event")))
}

pub fn exception() -> Message {
    let text = |v: &str| HeaderValue::String(v.to_owned().into());
    Message::new(&br#"{"message":"Too many tokens"}"#[..])
        .add_header(Header::new(":exception-type", text("throttlingException")))
        .add_header(Header::new(":content-type", text("application/json")))
        .add_header(Header::new(":message-type", text("exception")))
}

pub fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message_to(message, &mut bytes).expect("a message that can be written");
    bytes
}

pub fn decoded(message: &Message, bytes: &[u8]) -> Value {
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    json!({
        "total_length": word(0),
        "headers_length": word(4),
        "prelude_crc": format!("{:#010x}", word(8)),
        "message_crc": format!("{:#010x}", word(bytes.len() - 4)),
        "headers": message.headers().iter().map(header_json).collect::<Vec<_>>(),
        "payload_len": message.payload().len(),
        "payload_base64": STANDARD.encode(message.payload()),
    })
}

pub fn view(headers: Value, payload: &[u8]) -> Value {
    json!({"headers": headers, "payload_len": payload.len(), "payload_base64": STANDARD.encode(payload)})
}

pub fn prelude(total: u32, headers: u32) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&total.to_be_bytes());
    bytes[4..8].copy_from_slice(&headers.to_be_bytes());
    let crc = crc32fast::hash(&bytes[..8]);
    bytes[8..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// A frame around any header block, with the CRCs that it wants.
pub fn frame(block: &[u8], payload: &[u8]) -> Vec<u8> {
    let len = |n: usize| u32::try_from(n).expect("a small frame");
    let mut bytes = prelude(len(16 + block.len() + payload.len()), len(block.len())).to_vec();
    bytes.extend_from_slice(block);
    bytes.extend_from_slice(payload);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes
}
