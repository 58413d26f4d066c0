//! The cases in `fixtures/converse`: loaded, run and judged against what they expect.

use std::sync::LazyLock;

use bytes::Bytes;
use converse_stream::{Event, Reader, Reply, ReplyContent, StreamError};
use eventstream_codec::TransportEnd;
use serde_json::{Value, json};

use crate::bodies::Outcome;

static CASES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let file = include_str!("../../../../fixtures/converse/cases.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
});

/// A case that was run and found as expected.
pub(crate) struct Run {
    pub(crate) body: Bytes,
    pub(crate) events: Vec<Event>,
    pub(crate) outcome: Outcome,
}

impl Run {
    pub(crate) fn reply(&self) -> &Reply {
        self.outcome.received()
    }

    pub(crate) fn error(&self) -> &StreamError {
        self.outcome.error().unwrap()
    }
}

/// The names of all cases.
pub(crate) fn names() -> Vec<String> {
    let name = |case: &Value| case["name"].as_str().unwrap().to_owned();
    CASES.iter().map(name).collect()
}

/// Runs a case whole and in pieces of 7 bytes, and compares all that it expects.
pub(crate) fn run(name: &str) -> Run {
    let case = CASES.iter().find(|case| case["name"] == name).unwrap();
    let base64 = case["body_base64"].as_str().unwrap();
    let body = Bytes::from(base64_simd::STANDARD.decode_to_vec(base64).unwrap());
    assert_eq!(case["kind"], "converse", "{name}");
    assert_eq!(case["len"], body.len(), "{name}");
    let end = match case.get("transport_end").and_then(Value::as_str) {
        None | Some("clean") => TransportEnd::Clean,
        Some("cut") => TransportEnd::Cut,
        Some(other) => panic!("{name}: transport_end {other}"),
    };
    let (events, outcome) = read(&body, end, body.len().max(1));
    let (pieces, again) = read(&body, end, 7);
    assert_eq!((&events, &outcome), (&pieces, &again), "{name} in pieces");

    assert_eq!(outcome.name(), case["outcome"], "{name}");
    let received = serde_json::to_value(outcome.received()).unwrap();
    assert_eq!(received, case["reply"], "{name}: {received}");
    assert_eq!(missing(&outcome), case.get("missing").cloned(), "{name}");
    assert_eq!(
        outcome.error().map(error),
        case.get("error").cloned(),
        "{name}"
    );
    Run {
        body,
        events,
        outcome,
    }
}

fn read(body: &Bytes, end: TransportEnd, size: usize) -> (Vec<Event>, Outcome) {
    let mut reader = Reader::new();
    let mut events = Vec::new();
    for piece in body.chunks(size) {
        reader.feed(Bytes::copy_from_slice(piece));
        while let Ok(Some(event)) = reader.next_event() {
            events.push(event);
        }
    }
    let outcome = reader.finish(end, &mut |event| events.push(event));
    (events, outcome)
}

fn missing(outcome: &Outcome) -> Option<Value> {
    use bedrock_wire::Missing;
    match outcome {
        Outcome::Incomplete { missing, .. } => Some(match missing {
            Missing::CleanEnd => "cleanEnd".into(),
            Missing::Event(name) => (*name).into(),
            other => panic!("{other}"),
        }),
        _ => None,
    }
}

fn error(error: &StreamError) -> Value {
    use bedrock_wire::ErrorSource;
    match error {
        StreamError::Service(service) => {
            let kind = match service.reported_in() {
                ErrorSource::Exception => "exception",
                _ => "error",
            };
            let mut json =
                json!({ "kind": kind, "code": service.code(), "message": service.message() });
            if let Some(status) = service.original_status() {
                json["originalStatus"] = status.into();
            }
            if let Some(message) = service.original_message() {
                json["originalMessage"] = message.into();
            }
            json
        }
        StreamError::Decode(decode) => json!({ "kind": "decode", "name": decode.kind().name() }),
        StreamError::Payload { .. } => json!({ "kind": "payload" }),
        StreamError::Order { .. } => json!({ "kind": "order" }),
        other => panic!("{other}"),
    }
}

#[test]
fn every_case_is_as_expected() {
    let names = names();
    assert!(names.len() >= 69, "{}", names.len());
    for name in names {
        let run = run(&name);
        let open = run
            .reply()
            .blocks
            .iter()
            .filter(|block| !block.ended)
            .count();
        assert!(
            open == 0 || !run.outcome.is_complete(),
            "{name}: a complete message is closed"
        );
        let unknown = |content: &ReplyContent| matches!(content, ReplyContent::Unknown { .. });
        let has_unknown = run
            .reply()
            .blocks
            .iter()
            .any(|block| unknown(&block.content));
        assert!(!has_unknown || !run.reply().unknown.is_empty(), "{name}");
    }
}
