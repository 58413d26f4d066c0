//! The readers: faults that end a session, what came before them, and the verdict at the end.
#![expect(clippy::unwrap_used, reason = "tests")]

use bedrock_wire::{Advice, ChunkWriter, Missing, Outcome, ServiceErrorKind};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    Decoder, Header, HeaderValue, Inbound, Timestamp, TransportEnd, encode_frame,
};
use nova_sonic::{RawReader, ReadError, Reader, ServerEvent};

/// A stream of frames, in short form.
#[derive(Default)]
struct Stream(BytesMut);

impl Stream {
    fn json(mut self, json: &str) -> Self {
        ChunkWriter::new()
            .write(json.as_bytes(), &mut self.0)
            .unwrap();
        self
    }

    fn frame(mut self, headers: &[(&'static str, &'static str)], payload: &str) -> Self {
        let header = |(name, value): &(&'static str, &'static str)| Header {
            name,
            value: HeaderValue::String(value),
        };
        let headers: Vec<_> = headers.iter().map(header).collect();
        encode_frame(&headers, payload.as_bytes(), &mut self.0).unwrap();
        self
    }

    fn exception(self, kind: &'static str, payload: &str) -> Self {
        self.frame(
            &[(":message-type", "exception"), (":exception-type", kind)],
            payload,
        )
    }

    /// Reads to the end, or to the first fault.
    fn read<R: Inbound>(self, reader: &mut R) -> (Vec<R::Event>, Option<R::Error>) {
        let mut decoder = Decoder::new();
        decoder.feed(self.0.freeze());
        let mut events = Vec::new();
        while let Some(frame) = decoder.next_frame().unwrap() {
            if let Err(error) = reader.read(frame, &mut |event| events.push(event)) {
                return (events, Some(error));
            }
        }
        (events, None)
    }
}

const EVENT: &str = r#"{"event":{"textOutput":{"content":"hi","role":"USER"}}}"#;

#[test]
fn an_exception_keeps_what_came_before_and_advises() {
    let timeout =
        r#"{"message":"Model has timed out in processing the request. Try your request again."}"#;
    let idle = r#"{"message":"InternalErrorCode=532::Timed out waiting for audio bytes or interactive content."}"#;
    for (kind, payload, code) in [
        (
            "modelTimeoutException",
            timeout,
            ServiceErrorKind::ModelTimeout,
        ),
        ("validationException", idle, ServiceErrorKind::Validation),
    ] {
        let mut reader = Reader::new();
        reader.closing();
        let (events, error) = Stream::default()
            .json(EVENT)
            .exception(kind, payload)
            .read(&mut reader);
        assert_eq!(events.len(), 1);
        let error = error.unwrap();
        assert_eq!(error.service_error().unwrap().kind(), code);
        assert_eq!(error.advice(), Advice::NewSession);
        let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
        assert_eq!(outcome.error(), Some(&error));
        assert_eq!(outcome.received().events, 1);
    }
}

#[test]
fn each_fault_has_its_name_and_stays() {
    type Check = fn(&ReadError) -> bool;
    let faulty: [(Stream, Check); 4] = [
        (Stream::default().json("{"), |e| {
            matches!(e, ReadError::Json { .. })
        }),
        (
            Stream::default().json(r#"{"event":{"audioOutput":{"contentId":"a","content":"?"}}}"#),
            |e| matches!(e, ReadError::Audio { len: 1 }),
        ),
        (
            Stream::default().frame(
                &[(":message-type", "event"), (":event-type", "chunk")],
                "[]",
            ),
            |e| matches!(e, ReadError::Part(_)),
        ),
        (
            Stream::default().frame(
                &[
                    (":message-type", "error"),
                    (":error-code", "InternalFailure"),
                ],
                "",
            ),
            |e| matches!(e, ReadError::Service(e) if e.kind() == ServiceErrorKind::InternalServer),
        ),
    ];
    for (stream, is_it) in faulty {
        let mut reader = Reader::new();
        let (_, error) = stream.json(EVENT).read(&mut reader);
        let error = error.unwrap();
        assert!(is_it(&error), "{error}");
        let (events, again) = Stream::default().json(EVENT).read(&mut reader);
        assert!(events.is_empty());
        assert_eq!(again, Some(error));
    }
}

#[test]
fn frames_and_chunks_that_are_nothing_are_no_fault() {
    let stream = Stream::default()
        .frame(
            &[
                (":message-type", "event"),
                (":event-type", "initial-response"),
            ],
            "x",
        )
        .frame(
            &[(":message-type", "event"), (":event-type", "chunk")],
            "{}",
        )
        .frame(&[(":message-type", "other")], "y")
        .frame(&[], "")
        .json(EVENT);
    let mut reader = Reader::new();
    let (events, error) = stream.read(&mut reader);
    assert_eq!(error, None);
    assert!(matches!(
        &events[..],
        [
            ServerEvent::UnknownFrame(frame),
            ServerEvent::UnknownFrame(other),
            ServerEvent::UnknownFrame(empty),
            ServerEvent::TextOutput(_),
        ] if frame.event_type == "initial-response" && frame.payload == Bytes::from_static(b"x")
            && other.event_type.is_empty() && other.payload == Bytes::from_static(b"y")
            && empty.payload.is_empty()
    ));
}

#[test]
fn no_error_quotes_what_was_said() {
    let (_, error) = Stream::default()
        .json(r#"{"event": "my secret"#)
        .read(&mut Reader::new());
    let error = error.unwrap();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn the_raw_reader_gives_json_and_the_same_verdict() {
    let both = || Stream::default().json(EVENT).json("[1]");
    let mut reader = RawReader::new();
    let (values, error) = both().read(&mut reader);
    assert_eq!(error, None);
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    assert_eq!(texts[1], "[1]");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(EVENT).unwrap(),
        values[0]
    );
    assert_eq!(
        reader.finish(TransportEnd::Clean, &mut |_| {}),
        Outcome::Incomplete {
            missing: Missing::SessionClose,
            received: 2
        }
    );
    reader.closing();
    assert_eq!(
        reader.finish(TransportEnd::Clean, &mut |_| {}),
        Outcome::Complete(2)
    );
    assert_eq!(
        reader.finish(TransportEnd::Cut, &mut |_| {}),
        Outcome::Incomplete {
            missing: Missing::CleanEnd,
            received: 2
        }
    );
    let mut ended = RawReader::new();
    let (_, error) = Stream::default()
        .json(r#"{"event":{"completionEnd":{}}}"#)
        .read(&mut ended);
    assert_eq!(error, None);
    assert!(ended.finish(TransportEnd::Clean, &mut |_| {}).is_complete());
    let (values, error) = both()
        .exception("throttlingException", "{}")
        .read(&mut RawReader::new());
    assert_eq!(values.len(), 2);
    assert!(matches!(error.unwrap().advice(), Advice::After(_)));
}

#[test]
fn headers_of_other_types_are_looked_over() {
    let mut wire = BytesMut::new();
    let headers = [
        Header {
            name: ":date",
            value: HeaderValue::Timestamp(Timestamp::default()),
        },
        Header {
            name: ":message-type",
            value: HeaderValue::String("event"),
        },
        Header {
            name: ":event-type",
            value: HeaderValue::String("chunk"),
        },
    ];
    encode_frame(&headers, br#"{"bytes":"e30=","p":"abc"}"#, &mut wire).unwrap();
    let (events, error) = Stream(wire).read(&mut Reader::new());
    assert_eq!((events.len(), error), (1, None));
}
