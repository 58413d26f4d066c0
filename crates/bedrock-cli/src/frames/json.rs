//! Frames as JSON objects, and back: the format of docs/fixtures.md.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use eventstream_codec::{Frame, Header, HeaderType, HeaderValue, Timestamp};
use serde_json::{Value, json};

/// A frame as `--json` prints it.
pub(crate) fn of_frame(frame: &Frame<'_>, index: u64, offset: u64) -> Value {
    json!({
        "index": index,
        "offset": offset,
        "total_length": frame.total_len(),
        "headers": frame.headers().iter().map(|header| of_header(&header)).collect::<Vec<_>>(),
        "payload_base64": BASE64_STANDARD.encode(frame.payload()),
    })
}

fn of_header(header: &Header<'_>) -> Value {
    let value = match header.value {
        HeaderValue::Bool(v) => json!(v),
        HeaderValue::Byte(v) => json!(v),
        HeaderValue::Int16(v) => json!(v),
        HeaderValue::Int32(v) => json!(v),
        HeaderValue::Int64(v) => json!(v),
        HeaderValue::Bytes(v) => json!(BASE64_STANDARD.encode(v)),
        HeaderValue::String(v) => json!(v),
        HeaderValue::Timestamp(v) => json!(v.as_millis()),
        HeaderValue::Uuid(v) => json!(uuid_text(v)),
    };
    let number = header.value.header_type() as u8;
    json!({"name": header.name, "type": number, "value": value})
}

pub(super) fn uuid_text(uuid: [u8; 16]) -> String {
    let mut text = format!("{:032x}", u128::from_be_bytes(uuid));
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// A header read from JSON, which owns what [`Header`] borrows.
pub(super) struct OwnedHeader {
    name: String,
    value: OwnedValue,
}

enum OwnedValue {
    Text(String),
    Bytes(Vec<u8>),
    Plain(HeaderValue<'static>),
}

impl OwnedHeader {
    pub(super) fn borrow(&self) -> Header<'_> {
        let value = match &self.value {
            OwnedValue::Text(text) => HeaderValue::String(text),
            OwnedValue::Bytes(bytes) => HeaderValue::Bytes(bytes),
            OwnedValue::Plain(value) => *value,
        };
        Header {
            name: &self.name,
            value,
        }
    }

    /// Reads what [`of_header`] writes; the error says what is wrong with it.
    pub(super) fn read(json: &Value) -> Result<Self, String> {
        let text = |member: &str| json.get(member).and_then(Value::as_str);
        let name = text("name").ok_or("a header without a name")?.to_owned();
        let wrong = |what: &str| format!("header {name:?}: {what}");
        let number = json.get("type").and_then(Value::as_u64);
        let header_type = number
            .and_then(|number| u8::try_from(number).ok())
            .and_then(HeaderType::from_wire)
            .ok_or_else(|| wrong("`type` is not a number from 0 to 9"))?;
        let value =
            read_value(header_type, json).ok_or_else(|| wrong("`value` does not fit its type"))?;
        Ok(Self { name, value })
    }
}

fn read_value(header_type: HeaderType, json: &Value) -> Option<OwnedValue> {
    let value = json.get("value");
    let text = || value.and_then(Value::as_str);
    let number = || value.and_then(Value::as_i64);
    let plain = match header_type {
        HeaderType::String => return Some(OwnedValue::Text(text()?.to_owned())),
        HeaderType::Bytes => return Some(OwnedValue::Bytes(BASE64_STANDARD.decode(text()?).ok()?)),
        HeaderType::BoolTrue => HeaderValue::Bool(true),
        HeaderType::BoolFalse => HeaderValue::Bool(false),
        HeaderType::Byte => HeaderValue::Byte(number()?.try_into().ok()?),
        HeaderType::Int16 => HeaderValue::Int16(number()?.try_into().ok()?),
        HeaderType::Int32 => HeaderValue::Int32(number()?.try_into().ok()?),
        HeaderType::Int64 => HeaderValue::Int64(number()?),
        HeaderType::Timestamp => HeaderValue::Timestamp(Timestamp::from_millis(number()?)),
        HeaderType::Uuid => HeaderValue::Uuid(read_uuid(text()?)?),
    };
    Some(OwnedValue::Plain(plain))
}

fn read_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_whole = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let uuid = u128::from_str_radix(&digits, 16).ok()?;
    is_whole.then_some(uuid.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_reads_back() {
        let uuid = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        assert_eq!(uuid_text(uuid), "01020304-0506-0708-090a-0b0c0d0e0f10");
        assert_eq!(read_uuid(&uuid_text(uuid)), Some(uuid));
        assert_eq!(read_uuid("01020304"), None);
        assert_eq!(read_uuid("+1020304-0506-0708-090a-0b0c0d0e0f10"), None);
    }
}
