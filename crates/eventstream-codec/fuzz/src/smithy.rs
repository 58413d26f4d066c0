//! aws-smithy-eventstream 0.61 beside this crate: where the two may differ, and why.
//!
//! Reading, under `unlimited`, there is no difference but one of kind: what is not whole yet is an error there and a
//! need for more here. Under `bounded` this crate also refuses what is over its limits. Writing, it also refuses empty
//! names, names that stand twice, header blocks over 128 KiB and payloads over 24 MiB; and the other one refuses
//! no header that this crate writes.

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream as smithy;
use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    EncodeError, Frame, Header, HeaderValue, Limits, Parsed, Timestamp, encode_frame, parse,
};

/// Reads the frame at the start of `wire` with both.
pub(crate) fn reads_alike(wire: &Bytes) {
    let theirs = read_message_from(wire.clone());
    match (parse(wire, &Limits::unlimited()), theirs) {
        (Ok(Parsed::Frame(ours)), Ok(theirs)) => alike(&ours, &theirs),
        (Ok(Parsed::Need(_)) | Err(_), Err(_)) => {}
        (ours, theirs) => panic!("ours {ours:?}, theirs {theirs:?}"),
    }
    if let (Ok(Parsed::Frame(_)), Err(error)) = (
        parse(wire, &Limits::unlimited()),
        parse(wire, &Limits::bounded()),
    ) {
        let over_a_limit = ["HeadersTooLong", "PayloadTooLong", "TooManyHeaders"];
        assert!(over_a_limit.contains(&error.kind().name()), "{error}");
    }
}

/// Writes the same with both.
pub(crate) fn writes_alike(headers: &[Header<'_>], payload: &[u8]) {
    let mut message = smithy::Message::new(Bytes::copy_from_slice(payload));
    for header in headers {
        message = message.add_header(smithy::Header::new(
            header.name.to_owned(),
            value(header.value),
        ));
    }
    let (mut ours, mut theirs) = (BytesMut::new(), Vec::new());
    let written = encode_frame(headers, payload, &mut ours);
    let their_written = write_message_to(&message, &mut theirs);
    match (written, their_written) {
        (Ok(()), Ok(())) => assert_eq!(ours, theirs),
        (Ok(()), Err(error)) => panic!("they refuse what we write: {error}"),
        (Err(error), Ok(())) => assert!(is_ours_alone(&error), "only we refuse: {error}"),
        (Err(_), Err(_)) => {}
    }
}

/// What only this crate refuses to write.
fn is_ours_alone(error: &EncodeError) -> bool {
    matches!(
        error,
        EncodeError::EmptyHeaderName
            | EncodeError::DuplicateHeader
            | EncodeError::HeadersTooLong { .. }
            | EncodeError::PayloadTooLong { .. }
    )
}

fn alike(ours: &Frame<'_>, theirs: &smithy::Message) {
    assert_eq!(ours.payload(), &theirs.payload()[..]);
    let ours: Vec<_> = ours
        .headers()
        .iter()
        .map(|h| (h.name.to_owned(), value(h.value)))
        .collect();
    let theirs: Vec<_> = theirs
        .headers()
        .iter()
        .map(|h| (h.name().as_str().to_owned(), h.value().clone()))
        .collect();
    assert_eq!(ours, theirs);
}

fn value(value: HeaderValue<'_>) -> smithy::HeaderValue {
    match value {
        HeaderValue::Bool(v) => smithy::HeaderValue::Bool(v),
        HeaderValue::Byte(v) => smithy::HeaderValue::Byte(v),
        HeaderValue::Int16(v) => smithy::HeaderValue::Int16(v),
        HeaderValue::Int32(v) => smithy::HeaderValue::Int32(v),
        HeaderValue::Int64(v) => smithy::HeaderValue::Int64(v),
        HeaderValue::Bytes(v) => smithy::HeaderValue::ByteArray(Bytes::copy_from_slice(v)),
        HeaderValue::String(v) => smithy::HeaderValue::String(v.to_owned().into()),
        HeaderValue::Timestamp(v) => smithy::HeaderValue::Timestamp(time(v)),
        HeaderValue::Uuid(v) => smithy::HeaderValue::Uuid(u128::from_be_bytes(v)),
    }
}

fn time(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}
