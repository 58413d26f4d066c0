//! Random frames: they come back as they were, and no single wrong bit passes.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    DecodeErrorKind, Decoder, Header, HeaderValue, Limits, Parsed, Timestamp, encode_frame, parse,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Value {
    Bool(bool),
    Byte(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Bytes(Vec<u8>),
    String(String),
    Timestamp(i64),
    Uuid([u8; 16]),
}

impl Value {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            any::<bool>().prop_map(Self::Bool),
            any::<i8>().prop_map(Self::Byte),
            any::<i16>().prop_map(Self::Int16),
            any::<i32>().prop_map(Self::Int32),
            any::<i64>().prop_map(Self::Int64),
            vec(any::<u8>(), 0..300).prop_map(Self::Bytes),
            ".{0,40}".prop_map(Self::String),
            any::<i64>().prop_map(Self::Timestamp),
            any::<[u8; 16]>().prop_map(Self::Uuid),
        ]
    }

    fn as_header_value(&self) -> HeaderValue<'_> {
        match self {
            Self::Bool(v) => HeaderValue::Bool(*v),
            Self::Byte(v) => HeaderValue::Byte(*v),
            Self::Int16(v) => HeaderValue::Int16(*v),
            Self::Int32(v) => HeaderValue::Int32(*v),
            Self::Int64(v) => HeaderValue::Int64(*v),
            Self::Bytes(v) => HeaderValue::Bytes(v),
            Self::String(v) => HeaderValue::String(v),
            Self::Timestamp(v) => HeaderValue::Timestamp(Timestamp::from_millis(*v)),
            Self::Uuid(v) => HeaderValue::Uuid(*v),
        }
    }
}

type Parts = (Vec<(String, Value)>, Vec<u8>);

/// Headers under different names, and a payload.
fn parts() -> impl Strategy<Value = Parts> {
    let headers =
        btree_map(".{1,20}", Value::any(), 0..40).prop_map(|map| map.into_iter().collect());
    (headers, vec(any::<u8>(), 0..600))
}

fn headers(parts: &Parts) -> Vec<Header<'_>> {
    parts
        .0
        .iter()
        .map(|(name, value)| Header {
            name,
            value: value.as_header_value(),
        })
        .collect()
}

fn wire(all: &[Parts]) -> Bytes {
    let mut wire = BytesMut::new();
    for parts in all {
        encode_frame(&headers(parts), &parts.1, &mut wire).unwrap();
    }
    wire.freeze()
}

proptest! {
    #[test]
    fn frames_come_back_as_they_were_in_any_chunks(
        all in vec(parts(), 1..4),
        sizes in vec(1_usize..200, 1..20),
    ) {
        let wire = wire(&all);
        let mut decoder = Decoder::with_limits(Limits::strict());
        let mut expected = all.iter();
        let (mut at, mut sizes) = (0, sizes.iter().cycle());
        while at < wire.len() {
            let end = wire.len().min(at + sizes.next().unwrap());
            decoder.feed(wire.slice(at..end));
            at = end;
            while let Some(frame) = decoder.next_frame().unwrap() {
                let parts = expected.next().unwrap();
                prop_assert_eq!(frame.headers().iter().collect::<Vec<_>>(), headers(parts));
                prop_assert_eq!(frame.payload(), &parts.1);
                for header in headers(parts) {
                    prop_assert_eq!(frame.header(header.name), Some(header.value));
                }
            }
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
        prop_assert!(expected.next().is_none());
    }

    /// A wrong bit in the prelude is found at its twelfth byte; one behind it at the end that the verified prelude
    /// promises. In no case does the decoder wait for more.
    #[test]
    fn a_flipped_bit_is_an_error_at_the_latest_where_the_frame_ends(parts in parts(), bit in any::<prop::sample::Index>()) {
        let mut bad = wire(&[parts]).to_vec();
        let bit = bit.index(bad.len() * 8);
        bad[bit / 8] ^= 1 << (bit % 8);
        let mut decoder = Decoder::new();
        let mut found = None;
        for (at, byte) in bad.iter().enumerate() {
            decoder.feed(Bytes::copy_from_slice(&[*byte]));
            match decoder.next_frame() {
                Ok(frame) => prop_assert!(frame.is_none(), "bit {} passed", bit),
                Err(error) => {
                    found = Some((at, error));
                    break;
                }
            }
        }
        let (at, error) = found.unwrap();
        if bit < 12 * 8 {
            prop_assert_eq!(at, 11);
            let is_prelude = matches!(error.kind(), DecodeErrorKind::PreludeCrcMismatch { .. });
            prop_assert!(is_prelude);
        } else {
            prop_assert_eq!(at, bad.len() - 1);
            let is_message = matches!(error.kind(), DecodeErrorKind::MessageCrcMismatch { .. });
            prop_assert!(is_message);
        }
    }

    #[test]
    fn a_part_of_a_frame_needs_no_more_than_is_missing(parts in parts(), cut in any::<prop::sample::Index>()) {
        let wire = wire(&[parts]);
        let cut = cut.index(wire.len());
        match parse(&wire[..cut], &Limits::default()).unwrap() {
            Parsed::Frame(_) => prop_assert!(false, "a frame from a part of it"),
            Parsed::Need(more) if cut < 12 => prop_assert_eq!(more, 12 - cut),
            Parsed::Need(more) => prop_assert_eq!(more, wire.len() - cut),
        }
    }
}
