//! The cases in `fixtures/invoke`, a folder a family: run by shape, by model id and by the caller's word, whole, in pieces and
//! cut at every byte.

use base64_simd::STANDARD;
use bedrock_wire::{ErrorSource, Missing};
use bytes::{Bytes, BytesMut};
use converse_stream::family::{Family, InvokeMapper};
use converse_stream::{Event, Events, Reader, Reply, StreamError};
use eventstream_codec::{Decoder, Header, HeaderValue, Inbound, TransportEnd, encode_frame};
use serde_json::{Value, json};

type Outcome = bedrock_wire::Outcome<Reply, StreamError>;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/invoke");

struct Case {
    name: String,
    json: Value,
    family: Family,
    frames: Vec<Bytes>,
}

impl Case {
    fn body(&self) -> Bytes {
        self.frames.concat().into()
    }

    /// Without the caller's word.
    fn mapper(&self) -> InvokeMapper {
        match self.json.get("model") {
            Some(model) => mapper().with_model_id(model.as_str().unwrap()),
            None => mapper(),
        }
    }
}

fn mapper() -> InvokeMapper {
    InvokeMapper::new([7; 16]).with_request_id("r-1")
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for family in Family::all() {
        let path = format!("{FOLDER}/{family}/cases.json");
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let before = cases.len();
        for json in file["cases"].as_array().unwrap() {
            assert_eq!(json["kind"], "invoke");
            cases.push(Case {
                name: format!("{family}/{}", json["name"].as_str().unwrap()),
                family: Family::by_name(json["family"].as_str().unwrap()).unwrap(),
                frames: frames(json),
                json: json.clone(),
            });
        }
        assert!(cases.len() - before >= 4, "{family} has too few cases");
    }
    cases
}

/// The frames of a case: a `chunk` each, and the exception that may end them.
fn frames(case: &Value) -> Vec<Bytes> {
    let chunk = |chunk: &Value| {
        let bytes = STANDARD.encode_to_string(chunk.to_string());
        let payload = json!({ "bytes": bytes, "p": "abcdefghij" });
        frame(
            &[(":event-type", "chunk"), (":message-type", "event")],
            &payload,
        )
    };
    let mut frames: Vec<Bytes> = case["chunks"]
        .as_array()
        .unwrap()
        .iter()
        .map(chunk)
        .collect();
    if let Some(exception) = case.get("exception") {
        let kind = exception["type"].as_str().unwrap();
        let headers = [(":exception-type", kind), (":message-type", "exception")];
        frames.push(frame(&headers, exception));
    }
    frames
}

fn frame(headers: &[(&str, &str)], payload: &Value) -> Bytes {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| Header {
            name,
            value: HeaderValue::String(value),
        })
        .collect();
    let mut frame = BytesMut::new();
    encode_frame(&headers, payload.to_string().as_bytes(), &mut frame).unwrap();
    frame.freeze()
}

fn run(body: &Bytes, size: usize, mapper: InvokeMapper) -> (Vec<Event>, Outcome) {
    let pieces: Vec<_> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let mut events = Events::with_mapper(pieces, mapper);
    (events.by_ref().collect(), events.finish())
}

#[test]
fn every_case_is_as_expected() {
    for case in cases() {
        let (name, json) = (&case.name, &case.json);
        let body = case.body();
        let (events, outcome) = run(&body, body.len(), case.mapper());
        assert_eq!(
            run(&body, 7, case.mapper()),
            (events.clone(), outcome.clone()),
            "{name} in pieces"
        );
        let by_word = run(&body, body.len(), mapper().with_family(case.family));
        assert_eq!(
            by_word,
            (events, outcome.clone()),
            "{name} by the caller's word"
        );

        let mut reply = serde_json::to_value(outcome.received()).unwrap();
        assert_eq!(reply["requestId"].take(), "r-1");
        reply.as_object_mut().unwrap().remove("requestId");
        assert_eq!(reply, json["reply"], "{name}: {reply:#}");
        assert_eq!(outcome.name(), json["outcome"], "{name}");
        assert_eq!(missing(&outcome), json.get("missing").cloned(), "{name}");
        assert_eq!(
            outcome.error().map(error),
            json.get("error").cloned(),
            "{name}"
        );
    }
}

#[test]
fn the_family_is_found() {
    for case in cases() {
        let mut reader = Reader::with_mapper(case.mapper());
        reader.feed(case.body());
        while let Ok(Some(_)) = reader.next_event() {}
        assert_eq!(reader.mapper().family(), Some(case.family), "{}", case.name);
    }
}

#[test]
fn a_case_cut_at_any_byte_is_complete_only_on_a_boundary_behind_the_mark() {
    let mut completes = 0;
    for case in cases() {
        let mark = case.json.get("mark").map(|mark| mark.as_u64().unwrap());
        let mut reached = case.mapper();
        for (number, bytes) in (0..).zip(&case.frames) {
            let marked = mark.is_some_and(|mark| number > mark);
            let at_boundary = reached.clone().finish(TransportEnd::Clean, &mut |_| {});
            assert_eq!(
                at_boundary.is_complete(),
                marked,
                "{} before frame {number}",
                case.name
            );
            completes += usize::from(marked);
            let within = reached.clone().finish(TransportEnd::Cut, &mut |_| {});
            assert!(!within.is_complete(), "{} within frame {number}", case.name);
            for cut in 1..bytes.len() {
                let mut decoder = Decoder::new();
                decoder.feed(bytes.slice(..cut));
                assert!(decoder.next_frame().unwrap().is_none());
                decoder.finish().expect_err("a cut frame is no end");
            }
            let mut decoder = Decoder::new();
            decoder.feed(bytes.clone());
            // The last frame of a case may be an error.
            let _ = reached.read(decoder.next_frame().unwrap().unwrap(), &mut |_| {});
        }
        let whole = reached.clone().finish(TransportEnd::Clean, &mut |_| {});
        assert_eq!(whole.is_complete(), mark.is_some(), "{}", case.name);
        let reset = reached.finish(TransportEnd::Cut, &mut |_| {});
        assert!(
            !reset.is_complete(),
            "{} on a transport that was cut",
            case.name
        );
        completes += usize::from(mark.is_some());
    }
    assert!(completes > 80, "{completes}");
}

#[test]
fn ids_that_the_wire_lacks_are_made_once() {
    let mut ids = Vec::new();
    for case in cases() {
        let (_, outcome) = run(&case.body(), 100, case.mapper());
        let reply = outcome.received();
        let calls = reply.tool_calls().map(|call| call.id.clone());
        let mut of_case: Vec<_> = calls.collect();
        ids.extend(
            of_case
                .iter()
                .filter(|id| id.starts_with("tooluse_0707"))
                .cloned(),
        );
        of_case.sort();
        of_case.dedup();
        assert_eq!(of_case.len(), reply.tool_calls().count(), "{}", case.name);
    }
    assert!(ids.len() >= 6, "{ids:?}");
}

#[test]
fn chunks_of_no_family_are_handed_on_and_never_end_complete() {
    let mut mapper = mapper();
    let mut seen = Vec::new();
    for chunk in [r#"{"answer":"Hi"}"#, r#""[DONE]""#, "{}"] {
        mapper
            .read_chunk(chunk.as_bytes(), &mut |event| seen.push(event))
            .unwrap();
    }
    assert_eq!(mapper.family(), None);
    let unknown = &mapper.reply().unknown;
    assert_eq!(unknown.len(), 2);
    assert_eq!(&unknown[0].payload[..], br#"{"answer":"Hi"}"#);
    let mut reader = Reader::with_mapper(mapper);
    reader.feed(Bytes::new());
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert_eq!(outcome.name(), "incomplete");
}

#[test]
fn chunks_that_are_damaged_are_errors_that_stay() {
    for chunk in [
        &b"[1]"[..],
        b"{",
        b"\xff",
        b"",
        br#"{"generation":5}"#,
        br#""x""#,
    ] {
        let mut mapper = mapper().with_family(Family::Llama);
        let good = br#"{"generation":"Hi","stop_reason":null}"#;
        mapper.read_chunk(good, &mut |_| {}).unwrap();
        let error = mapper.read_chunk(chunk, &mut |_| {}).unwrap_err();
        assert!(matches!(error, StreamError::Payload { .. }), "{error}");
        assert_eq!(mapper.read_chunk(good, &mut |_| {}), Err(error));
        assert_eq!(mapper.reply().text(), "Hi", "what came before stays");
    }
}

#[test]
fn content_behind_the_mark_is_an_error() {
    for (family, chunk) in [
        (Family::Llama, r#"{"generation":"Hi","stop_reason":"stop"}"#),
        (
            Family::OpenAi,
            r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#,
        ),
    ] {
        let mut mapper = mapper().with_family(family);
        mapper.read_chunk(chunk.as_bytes(), &mut |_| {}).unwrap();
        let error = mapper
            .read_chunk(chunk.as_bytes(), &mut |_| {})
            .unwrap_err();
        assert!(matches!(error, StreamError::Order { .. }), "{error}");
    }
}

fn missing(outcome: &Outcome) -> Option<Value> {
    match outcome {
        Outcome::Incomplete {
            missing: Missing::Event(name),
            ..
        } => Some((*name).into()),
        Outcome::Incomplete { missing, .. } => Some(missing.to_string().into()),
        _ => None,
    }
}

fn error(error: &StreamError) -> Value {
    let service = error.service().unwrap();
    let kind = match service.reported_in() {
        ErrorSource::Exception => "exception",
        _ => "model",
    };
    assert_eq!(service.request_id(), Some("r-1"));
    let mut json = json!({ "kind": kind, "code": service.code(), "message": service.message() });
    if let Some(status) = service.original_status() {
        json["originalStatus"] = status.into();
    }
    json
}
