//! The recorded sequences: server events in, the conversation out, however the bytes are cut.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use bedrock_wire::{ChunkWriter, Missing, Outcome};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, Inbound, TransportEnd};
use nova_sonic::{Leg, Reader, ServerEvent, Session, SessionEvent, SessionOptions};
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/nova-sonic");

/// The names of all cases in the folder.
fn cases() -> Vec<String> {
    let files = std::fs::read_dir(FOLDER).expect("fixtures/nova-sonic");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    cases.sort();
    assert!(cases.len() >= 8, "{cases:?}");
    cases
}

fn case(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}.json")).expect(name);
    serde_json::from_str(&text).expect(name)
}

fn wire(events: &[Value]) -> Bytes {
    let mut wire = BytesMut::new();
    for event in events {
        ChunkWriter::new()
            .write(event.to_string().as_bytes(), &mut wire)
            .unwrap();
    }
    wire.freeze()
}

/// Reads the bytes in pieces of this size; gives the events and the reader.
fn read(wire: &Bytes, piece: usize) -> (Vec<ServerEvent>, Reader) {
    let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
    let mut events = Vec::new();
    for start in (0..wire.len()).step_by(piece) {
        decoder.feed(wire.slice(start..wire.len().min(start + piece)));
        while let Some(frame) = decoder.next_frame().unwrap() {
            reader.read(frame, &mut |event| events.push(event)).unwrap();
        }
    }
    (events, reader)
}

fn observe(events: Vec<ServerEvent>) -> (Vec<SessionEvent>, Session) {
    let mut session = Session::new(SessionOptions::default());
    let mut seen = Vec::new();
    for event in events {
        session.observe(Leg::FIRST, event, &mut |event| seen.push(event));
    }
    session.finish(Leg::FIRST, &mut |event| seen.push(event));
    (seen, session)
}

fn as_json<T: serde::Serialize>(items: &[T]) -> Vec<Value> {
    items
        .iter()
        .map(|item| serde_json::to_value(item).unwrap())
        .collect()
}

#[test]
fn every_sequence_gives_its_conversation_in_any_chunking() {
    for name in cases() {
        let case = case(&name);
        let wire = wire(case["events"].as_array().unwrap());
        for piece in [1, 7, 4096, wire.len()] {
            let (events, mut reader) = read(&wire, piece);
            assert!(
                reader
                    .finish(TransportEnd::Clean, &mut |_| {})
                    .is_complete()
            );
            let (seen, session) = observe(events);
            let transcript: Vec<_> = session.transcript().collect();
            assert_eq!(
                json!(as_json(&seen)),
                case["session"],
                "{name} in pieces of {piece}"
            );
            assert_eq!(json!(as_json(&transcript)), case["transcript"], "{name}");
        }
    }
}

#[test]
fn no_member_of_an_event_is_lost() {
    let case = case("unknown");
    let (events, _) = read(&wire(case["events"].as_array().unwrap()), 4096);
    let text = format!("{events:?}");
    for kept in [
        "moodChanged",
        "calm",
        "tone",
        "warm",
        "language",
        "level",
        "NEW_REASON",
    ] {
        assert!(text.contains(kept), "{kept} is missing");
    }
}

#[test]
fn typed_events_are_written_as_they_were_read() {
    for name in cases() {
        let case = case(&name);
        let (events, _) = read(&wire(case["events"].as_array().unwrap()), 4096);
        assert_eq!(json!(as_json(&events)), case["events"], "{name}");
    }
}

#[test]
fn a_cut_at_any_byte_is_never_complete() {
    let case = case("voice-turn");
    let wire = wire(&case["events"].as_array().unwrap()[..6]);
    for end in 0..wire.len() {
        let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
        reader.closing();
        decoder.feed(wire.slice(..end));
        while let Some(frame) = decoder.next_frame().unwrap() {
            reader.read(frame, &mut |_| {}).unwrap();
        }
        let outcome = reader.finish(TransportEnd::Cut, &mut |_| {});
        assert!(
            matches!(
                outcome,
                Outcome::Incomplete {
                    missing: Missing::CleanEnd,
                    ..
                }
            ),
            "cut at {end}"
        );
    }
}

#[test]
fn a_clean_end_that_nobody_asked_for_is_not_complete() {
    let case = case("voice-turn");
    let events = case["events"].as_array().unwrap();
    let without_end = &events[..events.len() - 1];
    let (_, mut reader) = read(&wire(without_end), 4096);
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert!(matches!(
        outcome,
        Outcome::Incomplete {
            missing: Missing::SessionClose,
            ..
        }
    ));
    reader.closing();
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert!(outcome.is_complete(), "completionEnd may be absent");
    assert_eq!(outcome.received().audio_bytes, 8);
}

/// Leaves out, or repeats, each event that a service may leave out or repeat, one at a time.
#[test]
fn optional_events_may_be_missing_or_come_twice() {
    const OPTIONAL: [&str; 5] = [
        "completionStart",
        "userSpeechStart",
        "userSpeechEnd",
        "usageEvent",
        "completionEnd",
    ];
    let name_of = |event: &Value| {
        event["event"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone()
    };
    for name in cases() {
        let case = case(&name);
        let events = case["events"].as_array().unwrap();
        let texts = |case: &Value| {
            let entries = case.as_array().unwrap().iter();
            let of = |entry: &Value| (entry["speaker"].clone(), entry["text"].clone());
            entries.map(of).collect::<Vec<_>>()
        };
        for (at, event) in events.iter().enumerate() {
            if !OPTIONAL.contains(&name_of(event).as_str()) {
                continue;
            }
            let mut without = events.clone();
            without.remove(at);
            let mut twice = events.clone();
            twice.insert(at, event.clone());
            for changed in [without, twice] {
                let (events, _) = read(&wire(&changed), 4096);
                let (seen, session) = observe(events);
                let transcript: Vec<_> = session.transcript().collect();
                let transcript = json!(as_json(&transcript));
                assert_eq!(
                    texts(&transcript),
                    texts(&case["transcript"]),
                    "{name}, event {at}"
                );
                let interruptions = seen
                    .iter()
                    .filter(|event| matches!(event, SessionEvent::Interrupted { .. }));
                let expected = case["session"].as_array().unwrap().iter();
                let expected = expected.filter(|event| event["type"] == "interrupted");
                assert_eq!(
                    interruptions.count(),
                    expected.count(),
                    "{name}, event {at}"
                );
            }
        }
    }
}
