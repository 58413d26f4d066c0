//! What is encoded decodes to the same, in any chunking; what is cut or flipped never passes.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    DecodeErrorKind, Decoder, EncodeError, Header, HeaderValue, Limits, Message, MessageKind,
    Timestamp, encode_frame,
};

fn all_types() -> Vec<Header<'static>> {
    let header = |name, value| Header { name, value };
    vec![
        header(":message-type", HeaderValue::String("event")),
        header(":event-type", HeaderValue::String("chünk")),
        header("yes", HeaderValue::Bool(true)),
        header("no", HeaderValue::Bool(false)),
        header("byte", HeaderValue::Byte(-49)),
        header("int16", HeaderValue::Int16(-2)),
        header("int32", HeaderValue::Int32(40_972)),
        header("int64", HeaderValue::Int64(i64::MIN)),
        header("bytes", HeaderValue::Bytes(&[1, 2, 3])),
        header("empty", HeaderValue::Bytes(&[])),
        header(
            "time",
            HeaderValue::Timestamp(Timestamp::from_millis(8_675_309)),
        ),
        header("uuid", HeaderValue::Uuid([7; 16])),
    ]
}

fn three_frames() -> Bytes {
    let mut wire = BytesMut::new();
    encode_frame(&all_types(), b"{\"a\":1}", &mut wire).unwrap();
    encode_frame(&[], b"", &mut wire).unwrap();
    encode_frame(&[], &[9; 300], &mut wire).unwrap();
    wire.freeze()
}

fn decode(
    wire: &Bytes,
    chunk: usize,
) -> (Vec<Message>, Result<(), eventstream_codec::DecodeError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for at in (0..wire.len()).step_by(chunk) {
        decoder.feed(wire.slice(at..wire.len().min(at + chunk)));
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => frames.push(message),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, decoder.finish())
}

#[test]
fn every_chunking_gives_the_same_frames() {
    let wire = three_frames();
    for chunk in 1..=wire.len() {
        let (frames, end) = decode(&wire, chunk);
        assert_eq!(end, Ok(()));
        assert_eq!(frames.len(), 3);
        let first = frames[0].frame();
        assert_eq!(first.headers().iter().collect::<Vec<_>>(), all_types());
        assert_eq!(
            first.kind(),
            MessageKind::Event {
                event_type: "chünk"
            }
        );
        assert_eq!(first.payload(), b"{\"a\":1}");
        assert_eq!(frames[2].payload(), Bytes::from(vec![9; 300]));
    }
}

#[test]
fn a_cut_at_any_byte_is_reported() {
    let wire = three_frames();
    let mut edges = vec![0];
    for message in decode(&wire, wire.len()).0 {
        edges.push(edges.last().unwrap() + message.as_bytes().len());
    }
    for cut in 0..wire.len() {
        let (frames, end) = decode(&wire.slice(..cut), 16);
        let whole = edges
            .iter()
            .filter(|edge| **edge > 0 && **edge <= cut)
            .count();
        assert_eq!(frames.len(), whole, "cut at {cut}");
        assert_eq!(end.is_ok(), edges.contains(&cut), "cut at {cut}");
    }
}

#[test]
fn any_flipped_bit_is_an_error_and_what_came_before_stands() {
    let wire = three_frames();
    for bit in 0..wire.len() * 8 {
        let mut bad = wire.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let (frames, end) = decode(&bad.into(), 64);
        assert!(end.is_err(), "bit {bit}");
        assert!(frames.len() < 3);
        for (good, frame) in decode(&wire, 64).0.iter().zip(&frames) {
            assert_eq!(good, frame);
        }
    }
}

#[test]
fn a_bad_length_is_refused_at_twelve_bytes_and_the_decoder_stays_failed() {
    let mut bad = three_frames().to_vec();
    bad[0] ^= 0x40;
    let mut decoder = Decoder::new();
    decoder.feed(Bytes::copy_from_slice(&bad[..11]));
    assert_eq!(decoder.next_frame().unwrap(), None);
    decoder.feed(Bytes::copy_from_slice(&bad[11..12]));
    let error = decoder.next_frame().unwrap_err();
    assert!(matches!(
        error.kind(),
        DecodeErrorKind::PreludeCrcMismatch { .. }
    ));
    decoder.feed(three_frames());
    assert_eq!(decoder.next_frame().unwrap_err(), error);
    assert_eq!(decoder.finish().unwrap_err(), error);
}

#[test]
fn a_refused_frame_leaves_the_buffer_as_it_was() {
    let mut wire = BytesMut::from(&b"before"[..]);
    let long = "x".repeat(32_768);
    let cases: [(Vec<Header<'_>>, EncodeError); 4] = [
        (
            vec![Header {
                name: "",
                value: HeaderValue::Bool(true),
            }],
            EncodeError::EmptyHeaderName,
        ),
        (
            vec![Header {
                name: &long[..256],
                value: HeaderValue::Bool(true),
            }],
            EncodeError::HeaderNameTooLong { len: 256 },
        ),
        (
            vec![Header {
                name: "a",
                value: HeaderValue::String(&long),
            }],
            EncodeError::HeaderValueTooLong { len: 32_768 },
        ),
        (
            vec![
                Header {
                    name: "a",
                    value: HeaderValue::Bool(true)
                };
                2
            ],
            EncodeError::DuplicateHeader,
        ),
    ];
    for (headers, error) in cases {
        assert_eq!(encode_frame(&headers, b"p", &mut wire), Err(error));
        assert_eq!(&wire[..], b"before");
    }
}

#[test]
fn limits_are_kept_before_anything_is_buffered() {
    let mut wire = BytesMut::new();
    encode_frame(&[], &[0; 100], &mut wire).unwrap();
    let mut decoder = Decoder::with_limits(Limits::bounded().with_max_payload(99));
    decoder.feed(wire.freeze().slice(..12));
    let error = decoder.next_frame().unwrap_err();
    assert_eq!(
        error.kind(),
        &DecodeErrorKind::PayloadTooLong {
            len: 100,
            limit: 99
        }
    );
}
