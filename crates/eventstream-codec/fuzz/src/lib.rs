//! The bodies of the fuzz targets: ordinary functions, which `cargo test` replays over the committed corpus.
//!
//! Each panics where a promise of the codec is broken; whatever the bytes are, none may.

mod input;
mod smithy;

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    DecodeError, Decoder, Header, HeaderBlock, Headers, Limits, Message, Parsed, encode_frame,
    parse,
};
use input::Input;

/// Bytes as they are, in chunks: the decoder and [`parse`] agree, nothing is held over the limits, an error stays.
pub fn decode(data: &[u8]) {
    let mut input = Input::new(data);
    let (limits, chunk) = (input.limits(), input.chunk());
    in_chunks(input.rest(), limits, chunk);
}

/// The same with lengths and CRCs made right first, so that the headers are reached.
pub fn repaired(data: &[u8]) {
    let mut input = Input::new(data);
    let (limits, chunk) = (input.limits(), input.chunk());
    let wire = input.frames();
    in_chunks(&wire, limits, chunk);
}

/// A header block that stands alone: accepted, it reads the same by any road; `strict` accepts no more than `bounded`.
pub fn headers(data: &[u8]) {
    let strict = Headers::parse(data, &Limits::strict());
    let Ok(block) = Headers::parse(data, &Limits::unlimited()) else {
        assert!(strict.is_err());
        return;
    };
    read(&block);
    let headers: Vec<_> = block.iter().collect();
    if strict.is_ok() {
        let again = HeaderBlock::new(&headers).expect("what `strict` accepts can be written");
        assert_eq!(again.as_bytes(), data);
    }
}

/// Headers and a payload that nobody would write: refused without a trace, or read back as they were, by `strict` too.
pub fn encode(data: &[u8]) {
    let mut input = Input::new(data);
    let headers = input.headers();
    let payload = input.rest();
    let mut wire = BytesMut::from(&b"before"[..]);
    let outcome = encode_frame(&headers, payload, &mut wire);
    assert_eq!(&wire[..6], b"before");
    if outcome.is_err() {
        assert_eq!(wire.len(), 6);
        return;
    }
    let message = Message::from_bytes(&wire.split_off(6).freeze(), &Limits::strict());
    let message = message.expect("what is written can be read");
    assert_eq!(
        message.frame().headers().iter().collect::<Vec<_>>(),
        headers
    );
    assert_eq!(message.frame().payload(), payload);
}

/// The same frames through aws-smithy-eventstream, in both directions; [`smithy`] says where it may differ, and why.
pub fn differential(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() {
        smithy::reads_alike(&Bytes::copy_from_slice(input.rest()));
    } else {
        smithy::reads_alike(&Bytes::from(input.frame()));
    }
    let mut input = Input::new(data);
    let headers = input.headers();
    smithy::writes_alike(&headers, input.rest());
}

fn in_chunks(wire: &[u8], limits: Limits, chunk: usize) {
    let mut decoder = Decoder::with_limits(limits);
    let mut rest = wire;
    let mut failed = None;
    for piece in wire.chunks(chunk) {
        decoder.feed(Bytes::copy_from_slice(piece));
        while failed.is_none() {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    read(&frame.headers());
                    let Ok(Parsed::Frame(expected)) = parse(rest, &limits) else {
                        panic!("the decoder found a frame where `parse` finds none");
                    };
                    assert_eq!(frame, expected);
                    rest = &rest[frame.total_len()..];
                }
                Ok(None) => break,
                Err(error) => failed = Some(error),
            }
        }
        let bound = limits
            .max_payload()
            .saturating_add(limits.max_header_block());
        assert!(decoder.buffered() <= bound.saturating_add(16 + chunk));
    }
    match failed {
        Some(error) => {
            let expected = parse(rest, &limits).expect_err("`parse` finds no fault");
            assert_eq!(error.kind(), expected.kind());
            assert_eq!(error.first_bytes(), expected.first_bytes());
            stays(&mut decoder, &error);
        }
        None => assert_eq!(decoder.finish().is_ok(), rest.is_empty()),
    }
}

/// An error is repeated, whatever comes.
fn stays(decoder: &mut Decoder, error: &DecodeError) {
    decoder.feed(Bytes::from_static(b"more"));
    assert_eq!(decoder.next_message().as_ref(), Err(error));
    assert_eq!(decoder.finish().as_ref(), Err(error));
    assert!(!format!("{error} {error:?}").is_empty());
}

/// Reads every header by iteration and by name.
fn read(block: &Headers<'_>) {
    let mut len = 0;
    for Header { name, value } in block {
        assert!(block.contains(name));
        let first = block.iter().find(|header| header.name == name);
        assert_eq!(block.get(name), first.map(|header| header.value));
        let value_len = match value {
            eventstream_codec::HeaderValue::Bytes(bytes) => 2 + bytes.len(),
            eventstream_codec::HeaderValue::String(text) => 2 + text.len(),
            other => other.header_type().fixed_len().unwrap_or_default(),
        };
        len += 2 + name.len() + value_len;
    }
    assert_eq!(
        len,
        block.as_bytes().len(),
        "no byte of the block is left out"
    );
}
