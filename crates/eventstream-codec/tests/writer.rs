//! What the writer makes, byte for byte, and what it refuses.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::{Buf, Bytes, BytesMut};
use eventstream_codec::{
    EncodeError, Frame, FrameWriter, Header, HeaderBlock, HeaderValue, Limits, MessageKind, Parsed,
    Timestamp, encode_frame, parse,
};

fn read(wire: &[u8]) -> Frame<'_> {
    match parse(wire, &Limits::strict()).unwrap() {
        Parsed::Frame(frame) if frame.total_len() == wire.len() => frame,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_around_a_payload_is_the_frame_with_it() {
    for len in [0, 1, 500, 70_000] {
        let payload = Bytes::from(vec![7; len]);
        let header = Header {
            name: ":event-type",
            value: HeaderValue::String("Records"),
        };
        let mut whole = BytesMut::from(&b"before"[..]);
        encode_frame(&[header], &payload, &mut whole).unwrap();

        let mut head = BytesMut::from(&b"before"[..]);
        let mut writer = FrameWriter::begin(&mut head);
        writer.header(header.name, header.value).unwrap();
        let crc = writer.around(&payload).unwrap();
        let mut parts = head.freeze().chain(payload).chain(&crc[..]);
        assert_eq!(parts.copy_to_bytes(parts.remaining()), whole);
    }
}

#[test]
fn typed_frames_read_back_as_what_they_are() {
    let mut buf = BytesMut::new();
    FrameWriter::event(&mut buf, "chunk", Some("application/json"))
        .and_then(|frame| frame.payload().finish())
        .unwrap();
    let frame = read(&buf);
    let event = |event_type| MessageKind::Event { event_type };
    assert_eq!(frame.kind(), event("chunk"));
    assert_eq!(frame.content_type(), Some("application/json"));
    let names: Vec<_> = frame.headers().iter().map(|h| h.name).collect();
    assert_eq!(names, [":event-type", ":content-type", ":message-type"]);

    buf.clear();
    FrameWriter::exception(&mut buf, "throttlingException", None)
        .and_then(|frame| frame.payload().finish())
        .unwrap();
    let exception_type = "throttlingException";
    assert_eq!(read(&buf).kind(), MessageKind::Exception { exception_type });
    assert_eq!(read(&buf).content_type(), None);

    buf.clear();
    FrameWriter::error(&mut buf, "InternalError", "try again")
        .and_then(|frame| frame.payload().finish())
        .unwrap();
    let (code, message) = ("InternalError", "try again");
    assert_eq!(read(&buf).kind(), MessageKind::Error { code, message });

    buf.clear();
    FrameWriter::initial_request(&mut buf, Some("application/x-amz-json-1.1"))
        .and_then(|frame| frame.payload().finish())
        .unwrap();
    assert_eq!(read(&buf).kind(), event("initial-request"));

    buf.clear();
    FrameWriter::initial_response(&mut buf, Some("application/x-amz-json-1.1"))
        .and_then(|frame| frame.payload().finish())
        .unwrap();
    assert_eq!(read(&buf).kind(), event("initial-response"));

    let inner = buf.split().freeze();
    let date = Timestamp::from_millis(1_623_760_496_000);
    let mut payload = FrameWriter::signed(&mut buf, &[0xab; 32], date)
        .unwrap()
        .payload();
    payload.put_slice(&inner);
    payload.finish().unwrap();
    let outer = read(&buf);
    let signed = outer.signed().unwrap();
    assert_eq!((signed.signature, signed.date), (&[0xab; 32], date));
    assert_eq!(read(outer.payload()).kind(), event("initial-response"));
    assert_eq!(outer.kind(), MessageKind::Unknown);
    assert_eq!(buf.len(), inner.len() + 83);
    assert_eq!(read(&inner).signed(), None);
}

#[test]
fn a_message_type_that_is_an_int32_is_unknown_and_not_an_error() {
    let mut buf = BytesMut::new();
    let header = |name, value| Header { name, value };
    let headers = [
        header(":message-type", HeaderValue::Int32(0)),
        header(":message-flags", HeaderValue::Int32(1)),
        header(":stream-id", HeaderValue::Int32(1)),
    ];
    encode_frame(&headers, b"{}", &mut buf).unwrap();
    assert_eq!(read(&buf).kind(), MessageKind::Unknown);
    assert_eq!(
        read(&buf).headers().get(":stream-id"),
        Some(HeaderValue::Int32(1))
    );
}

#[test]
fn a_name_that_stands_twice_is_refused_whether_it_came_alone_or_in_a_block() {
    let yes = HeaderValue::Bool(true);
    let block = HeaderBlock::new(&[Header {
        name: "from-block",
        value: yes,
    }])
    .unwrap();
    let mut buf = BytesMut::from(&b"before"[..]);

    let mut frame = FrameWriter::begin(&mut buf);
    frame.header_block(&block);
    assert_eq!(
        frame.header("from-block", yes).unwrap_err(),
        EncodeError::DuplicateHeader
    );
    drop(frame);
    assert_eq!(buf, &b"before"[..]);

    let mut frame = FrameWriter::begin(&mut buf);
    frame.header("from-block", yes).unwrap();
    frame.header_block(&block);
    assert_eq!(frame.payload().finish(), Err(EncodeError::DuplicateHeader));
    assert_eq!(buf, &b"before"[..]);

    let mut frame = FrameWriter::begin(&mut buf);
    frame.header_block(&block).header_block(&block);
    assert_eq!(frame.around(b"payload"), Err(EncodeError::DuplicateHeader));
    assert_eq!(buf, &b"before"[..]);
}

#[test]
fn every_pair_of_names_is_told_apart_or_refused_as_it_should() {
    let names: Vec<_> = (0..300).map(|i| format!("{:x}-{}", i % 7, i / 3)).collect();
    for (i, a) in names.iter().enumerate() {
        for (j, b) in names.iter().enumerate() {
            let mut buf = BytesMut::new();
            let mut frame = FrameWriter::begin(&mut buf);
            frame.header(a, HeaderValue::Byte(0)).unwrap();
            assert_eq!(
                frame.header(b, HeaderValue::Byte(0)).is_err(),
                a == b,
                "{i} {j}"
            );
        }
    }
}

#[test]
fn sizes_over_the_format_s_are_refused_and_nothing_is_left_behind() {
    let mut buf = BytesMut::from(&b"before"[..]);
    let value = "v".repeat(32_767);
    let names = ["a", "b", "c", "d"];
    let headers = names.map(|name| Header {
        name,
        value: HeaderValue::String(&value),
    });
    let len = 4 * (32_767 + 5);
    let too_long = EncodeError::HeadersTooLong { len };
    assert_eq!(encode_frame(&headers, b"", &mut buf), Err(too_long.clone()));
    assert_eq!(HeaderBlock::new(&headers), Err(too_long));
    assert!(encode_frame(&headers[..3], b"", &mut buf.clone()).is_ok());

    let payload = vec![0; 24 * 1024 * 1024 + 1];
    let too_long = EncodeError::PayloadTooLong { len: payload.len() };
    assert_eq!(encode_frame(&[], &payload, &mut buf), Err(too_long.clone()));
    assert_eq!(FrameWriter::begin(&mut buf).around(&payload), Err(too_long));
    assert_eq!(buf, &b"before"[..]);
    assert!(encode_frame(&[], &payload[1..], &mut buf).is_ok());
}
