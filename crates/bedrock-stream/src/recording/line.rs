//! The lines of a recording: heads, frames, bodies, ends.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    Frame, Header, HeaderType, HeaderValue, Limits, Message, Timestamp, encode_frame,
};
use h2_duplex::{Error, ErrorCode, ErrorKind};
use serde_json::{Map, Value, json};

use super::payload;
use super::scrub::Scrub;

/// Bytes of a signature, which reads as that many zeros.
const SIGNATURE: usize = 32;

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the service.
    Up,
    /// From the service to the client.
    Down,
}

impl Direction {
    /// `up` or `down`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    pub(super) fn read(line: &Value) -> Option<Self> {
        match line.get("dir")?.as_str()? {
            "up" => Some(Self::Up),
            "down" => Some(Self::Down),
            _ => None,
        }
    }
}

/// How one direction of a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// In order: `END_STREAM`.
    Clean,
    /// With `RST_STREAM`.
    Reset(ErrorCode),
    /// With the connection.
    Lost,
    /// Whoever recorded it wanted no more.
    Dropped,
    /// In another way: a deadline, a connection that never was.
    Failed(String),
}

impl End {
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Reset(code) => Self::Reset(code),
            ErrorKind::ConnectionLost | ErrorKind::GoAway(_) => Self::Lost,
            ErrorKind::Cancelled => Self::Dropped,
            _ => Self::Failed(error.to_string()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Clean => json!("clean"),
            Self::Reset(code) => json!({ "reset": code.0 }),
            Self::Lost => json!("lost"),
            Self::Dropped => json!("dropped"),
            Self::Failed(why) => json!({ "failed": why }),
        }
    }

    pub(super) fn from_json(json: &Value) -> Option<Self> {
        match json.as_str() {
            Some("clean") => return Some(Self::Clean),
            Some("lost") => return Some(Self::Lost),
            Some("dropped") => return Some(Self::Dropped),
            _ => {}
        }
        if let Some(why) = json.get("failed").and_then(Value::as_str) {
            return Some(Self::Failed(why.to_owned()));
        }
        let code = json.get("reset")?.as_u64()?;
        u32::try_from(code)
            .ok()
            .map(|code| Self::Reset(ErrorCode(code)))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => f.write_str("ended"),
            Self::Reset(code) => write!(f, "reset with {code}"),
            Self::Lost => f.write_str("lost with the connection"),
            Self::Dropped => f.write_str("dropped"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// A line about a call.
pub(super) fn of_call(
    call: u64,
    at: Duration,
    direction: Direction,
    kind: &str,
    what: Value,
) -> Value {
    // Whole microseconds: more is noise.
    let ms = (at.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    let mut line = Map::new();
    line.insert("call".to_owned(), call.into());
    line.insert("ms".to_owned(), ms.into());
    line.insert("dir".to_owned(), direction.as_str().into());
    line.insert(kind.to_owned(), what);
    Value::Object(line)
}

/// A frame, without what is not kept. `None` where it could not be read back.
pub(super) fn of_frame(frame: &Frame<'_>, scrub: &mut Scrub) -> Option<Value> {
    let mut line = Map::new();
    let headers = frame.headers().iter().map(|header| of_header(&header));
    line.insert("headers".to_owned(), headers.collect());
    let is_wrapper = frame.signed().is_some() && !frame.payload().is_empty();
    let inner = is_wrapper.then(|| {
        let payload = Bytes::copy_from_slice(frame.payload());
        Message::from_bytes(&payload, &Limits::bounded()).ok()
    });
    match inner.flatten() {
        Some(inner) if inner.as_bytes().len() == frame.payload().len() => {
            line.insert("nested".to_owned(), of_frame(&inner.frame(), scrub)?);
        }
        _ => payload::write(&scrub.payload(frame.payload()), &mut line),
    }
    let line = Value::Object(line);
    frame_from(&line).is_ok().then_some(line)
}

/// The bytes of a frame that [`of_frame`] wrote.
pub(super) fn frame_from(line: &Value) -> Result<Bytes, String> {
    let payload = match line.get("nested") {
        Some(nested) => frame_from(nested)?.to_vec(),
        None => payload::read(line)?,
    };
    let headers = line.get("headers").and_then(Value::as_array);
    let headers = headers.ok_or("a frame without `headers`")?;
    let mut kept = Vec::with_capacity(headers.len());
    for header in headers {
        kept.push(OwnedHeader::read(header).ok_or_else(|| format!("the header {header}"))?);
    }
    let headers: Vec<Header<'_>> = kept.iter().map(OwnedHeader::borrow).collect();
    let mut wire = BytesMut::new();
    encode_frame(&headers, &payload, &mut wire).map_err(|error| error.to_string())?;
    Ok(wire.freeze())
}

/// `[name, value]` of a string, `[name, type, value]` of anything else; a signature's value is null.
fn of_header(header: &Header<'_>) -> Value {
    let value = match header.value {
        HeaderValue::String(text) => return json!([header.name, text]),
        HeaderValue::Bytes(bytes)
            if header.name == ":chunk-signature" && bytes.len() == SIGNATURE =>
        {
            Value::Null
        }
        HeaderValue::Bool(value) => json!(value),
        HeaderValue::Byte(value) => json!(value),
        HeaderValue::Int16(value) => json!(value),
        HeaderValue::Int32(value) => json!(value),
        HeaderValue::Int64(value) => json!(value),
        HeaderValue::Bytes(bytes) => json!(BASE64_STANDARD.encode(bytes)),
        HeaderValue::Timestamp(at) => json!(at.as_millis()),
        HeaderValue::Uuid(uuid) => json!(BASE64_STANDARD.encode(uuid)),
    };
    json!([header.name, header.value.header_type() as u8, value])
}

struct OwnedHeader {
    name: String,
    value: OwnedValue,
}

enum OwnedValue {
    Text(String),
    Bytes(Vec<u8>),
    Plain(HeaderValue<'static>),
}

impl OwnedHeader {
    fn borrow(&self) -> Header<'_> {
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

    fn read(json: &Value) -> Option<Self> {
        let name = json.get(0)?.as_str()?.to_owned();
        let value = match json.get(2) {
            None => OwnedValue::Text(json.get(1)?.as_str()?.to_owned()),
            Some(value) => {
                let number = u8::try_from(json.get(1)?.as_u64()?).ok()?;
                Self::read_value(HeaderType::from_wire(number)?, value)?
            }
        };
        Some(Self { name, value })
    }

    fn read_value(header_type: HeaderType, json: &Value) -> Option<OwnedValue> {
        let bytes = || match json {
            Value::Null => Some(vec![0; SIGNATURE]),
            json => BASE64_STANDARD.decode(json.as_str()?).ok(),
        };
        Some(OwnedValue::Plain(match header_type {
            HeaderType::String => return Some(OwnedValue::Text(json.as_str()?.to_owned())),
            HeaderType::Bytes => return bytes().map(OwnedValue::Bytes),
            HeaderType::BoolTrue => HeaderValue::Bool(true),
            HeaderType::BoolFalse => HeaderValue::Bool(false),
            HeaderType::Byte => HeaderValue::Byte(json.as_i64()?.try_into().ok()?),
            HeaderType::Int16 => HeaderValue::Int16(json.as_i64()?.try_into().ok()?),
            HeaderType::Int32 => HeaderValue::Int32(json.as_i64()?.try_into().ok()?),
            HeaderType::Int64 => HeaderValue::Int64(json.as_i64()?),
            HeaderType::Timestamp => HeaderValue::Timestamp(Timestamp::from_millis(json.as_i64()?)),
            HeaderType::Uuid => HeaderValue::Uuid(bytes()?.try_into().ok()?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Keep;

    fn frame(headers: &[Header<'_>], payload: &[u8]) -> Bytes {
        let mut wire = BytesMut::new();
        encode_frame(headers, payload, &mut wire).unwrap();
        wire.freeze()
    }

    fn header<'a>(name: &'a str, value: HeaderValue<'a>) -> Header<'a> {
        Header { name, value }
    }

    #[test]
    fn a_frame_with_every_type_of_header_reads_back() {
        let headers = [
            header("s", HeaderValue::String("text")),
            header("t", HeaderValue::Bool(true)),
            header("f", HeaderValue::Bool(false)),
            header("1", HeaderValue::Byte(-1)),
            header("2", HeaderValue::Int16(-2)),
            header("4", HeaderValue::Int32(4)),
            header("8", HeaderValue::Int64(i64::MIN)),
            header("b", HeaderValue::Bytes(&[1, 2])),
            header("d", HeaderValue::Timestamp(Timestamp::from_millis(7))),
            header("u", HeaderValue::Uuid([9; 16])),
        ];
        let wire = frame(&headers, b"\xffpayload");
        let message = Message::from_bytes(&wire, &Limits::bounded()).unwrap();
        let line = of_frame(&message.frame(), &mut Scrub::new(Keep::EVERYTHING)).unwrap();
        assert_eq!(frame_from(&line).unwrap(), wire);
    }

    #[test]
    fn a_signed_frame_loses_its_signature_and_nothing_else() {
        let inner = frame(
            &[header(":event-type", HeaderValue::String("chunk"))],
            br#"{"bytes":"e30="}"#,
        );
        let date = header(":date", HeaderValue::Timestamp(Timestamp::from_millis(1)));
        let signed = |signature: &[u8]| {
            let signature = header(":chunk-signature", HeaderValue::Bytes(signature));
            frame(&[signature, date], &inner)
        };
        let wire = signed(&[0xab; 32]);
        let message = Message::from_bytes(&wire, &Limits::bounded()).unwrap();
        let line = of_frame(&message.frame(), &mut Scrub::new(Keep::EVERYTHING)).unwrap();
        assert_eq!(line["nested"]["bytes_text"], "{}");
        assert_eq!(line["headers"][0], json!([":chunk-signature", 6, null]));
        assert_eq!(frame_from(&line).unwrap(), signed(&[0; 32]));
    }

    #[test]
    fn every_end_reads_back() {
        for end in [
            End::Clean,
            End::Lost,
            End::Dropped,
            End::Reset(ErrorCode::INTERNAL_ERROR),
            End::Failed("a deadline".to_owned()),
        ] {
            assert_eq!(End::from_json(&end.to_json()), Some(end));
        }
        assert_eq!(End::from_json(&json!("other")), None);
    }
}
