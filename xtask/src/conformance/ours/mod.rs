//! This repository's own crates as an implementation, within this process.

mod converse;
mod signing;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use eventstream_codec as codec;
use serde_json::{Value, json};

use super::hex::{from_hex, hex};
use super::implementation::{
    Answer, Chunks, Decoded, DecodedHeaders, Event, Fault, FrameView, Header, Heard,
    Implementation, Profile, Signed, SigningInput,
};
use super::input::Input;
use crate::failure::Failure;

/// eventstream-codec, eventstream-sigv4 and converse-stream.
pub(super) struct Ours;

impl Implementation for Ours {
    fn decode(
        &mut self,
        profile: Profile,
        input: &Input,
        chunks: Chunks<'_>,
    ) -> Result<Answer<Decoded>, Failure> {
        let bytes = input.to_vec();
        let mut decoder = codec::Decoder::with_limits(limits(profile));
        let mut frames = Vec::new();
        let error = read_all(&mut decoder, &chunks.cut(&bytes), &mut frames).err();
        Ok(Answer::Given(Decoded {
            frames,
            error: error.as_ref().map(fault),
        }))
    }

    fn decode_headers(
        &mut self,
        profile: Profile,
        block: &Input,
    ) -> Result<Answer<DecodedHeaders>, Failure> {
        let block = block.to_vec();
        Ok(Answer::Given(
            match codec::Headers::parse(&block, &limits(profile)) {
                Ok(headers) => DecodedHeaders {
                    headers: headers.iter().map(header).collect(),
                    error: None,
                },
                Err(error) => DecodedHeaders {
                    headers: vec![],
                    error: Some(fault(&error)),
                },
            },
        ))
    }

    fn encode(
        &mut self,
        headers: &[Header],
        payload: &[u8],
    ) -> Result<Answer<Result<Vec<u8>, Fault>>, Failure> {
        let scratch = headers
            .iter()
            .map(Scratch::of)
            .collect::<Result<Vec<_>, _>>()?;
        let headers = headers
            .iter()
            .zip(&scratch)
            .map(|(h, scratch)| {
                Ok(codec::Header {
                    name: &h.name,
                    value: scratch.value(h)?,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut frame = BytesMut::new();
        let encoded = codec::encode_frame(&headers, payload, &mut frame);
        let fault = |e: codec::EncodeError| Fault {
            kind: None,
            message: e.to_string(),
        };
        Ok(Answer::Given(
            encoded.map(|()| frame.to_vec()).map_err(fault),
        ))
    }

    fn converse(
        &mut self,
        body: &[u8],
        chunks: Chunks<'_>,
        cut: bool,
    ) -> Result<Answer<Heard>, Failure> {
        converse::hear(&chunks.cut(body), cut).map(Answer::Given)
    }

    fn sign(
        &mut self,
        key: &SigningInput,
        events: &[Event],
    ) -> Result<Answer<Result<Signed, Fault>>, Failure> {
        Ok(Answer::Given(signing::sign(key, events)?))
    }
}

fn limits(profile: Profile) -> codec::Limits {
    match profile {
        Profile::Bounded => codec::Limits::bounded(),
        Profile::Strict => codec::Limits::strict(),
        Profile::Unlimited => codec::Limits::unlimited(),
    }
}

/// Feeds the pieces and keeps every frame that came before a fault.
fn read_all(
    decoder: &mut codec::Decoder,
    pieces: &[&[u8]],
    frames: &mut Vec<FrameView>,
) -> Result<(), codec::DecodeError> {
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        while let Some(frame) = decoder.next_frame()? {
            frames.push(FrameView {
                headers: frame.headers().iter().map(header).collect(),
                payload: frame.payload().to_vec(),
            });
        }
    }
    decoder.finish()
}

fn fault(error: &codec::DecodeError) -> Fault {
    Fault {
        kind: Some(error.kind().name().to_owned()),
        message: error.to_string(),
    }
}

fn header(header: codec::Header<'_>) -> Header {
    let value = match header.value {
        codec::HeaderValue::Bool(v) => json!(v),
        codec::HeaderValue::Byte(v) => json!(v),
        codec::HeaderValue::Int16(v) => json!(v),
        codec::HeaderValue::Int32(v) => json!(v),
        codec::HeaderValue::Int64(v) => json!(v),
        codec::HeaderValue::Bytes(v) => json!(STANDARD.encode(v)),
        codec::HeaderValue::String(v) => json!(v),
        codec::HeaderValue::Timestamp(v) => json!(v.as_millis()),
        codec::HeaderValue::Uuid(v) => json!(uuid_text(v)),
    };
    let wire_type = Some(header.value.header_type() as u8);
    Header {
        name: header.name.to_owned(),
        wire_type,
        value,
    }
}

/// Holds the bytes that a header value borrows.
struct Scratch(Vec<u8>);

impl Scratch {
    fn of(header: &Header) -> Result<Self, Failure> {
        let text = header.value.as_str().unwrap_or_default();
        let bytes = match header.wire_type {
            Some(6) => STANDARD
                .decode(text)
                .map_err(|e| Failure::new(e.to_string()))?,
            Some(9) => from_hex(&text.replace('-', "")).map_err(|e| Failure::new(e.to_string()))?,
            _ => Vec::new(),
        };
        Ok(Self(bytes))
    }

    fn value<'a>(&'a self, header: &'a Header) -> Result<codec::HeaderValue<'a>, Failure> {
        typed(header, &self.0).ok_or_else(|| {
            Failure::new(format!(
                "header {}: {} does not fit its type",
                header.name, header.value
            ))
        })
    }
}

fn typed<'a>(header: &'a Header, bytes: &'a [u8]) -> Option<codec::HeaderValue<'a>> {
    let value = &header.value;
    let number = Value::as_i64;
    Some(match header.wire_type? {
        0 | 1 => codec::HeaderValue::Bool(value.as_bool()?),
        2 => codec::HeaderValue::Byte(number(value)?.try_into().ok()?),
        3 => codec::HeaderValue::Int16(number(value)?.try_into().ok()?),
        4 => codec::HeaderValue::Int32(number(value)?.try_into().ok()?),
        5 => codec::HeaderValue::Int64(number(value)?),
        6 => codec::HeaderValue::Bytes(bytes),
        7 => codec::HeaderValue::String(value.as_str()?),
        8 => codec::HeaderValue::Timestamp(codec::Timestamp::from_millis(number(value)?)),
        9 => codec::HeaderValue::Uuid(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// `8-4-4-4-12` hex digits.
fn uuid_text(uuid: [u8; 16]) -> String {
    let mut text = hex(&uuid);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_in_five_groups() {
        let uuid = [
            0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad,
            0xbe, 0xef,
        ];
        assert_eq!(uuid_text(uuid), "deadbeef-dead-beef-dead-beefdeadbeef");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        let header = |wire_type, value| Header {
            name: "n".to_owned(),
            wire_type: Some(wire_type),
            value,
        };
        assert!(typed(&header(2, json!(200)), &[]).is_none());
        assert!(typed(&header(2, json!(-49)), &[]).is_some());
        assert!(typed(&header(10, json!(1)), &[]).is_none());
    }
}
