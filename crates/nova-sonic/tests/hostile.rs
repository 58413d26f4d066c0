//! Whatever a peer sends: no panic, a stable error, and the machines above it stay usable.

use bedrock_wire::ChunkWriter;
use bytes::BytesMut;
use eventstream_codec::{Decoder, Inbound, TransportEnd};
use nova_sonic::strands::Translator;
use nova_sonic::{
    Leg, Names, Reader, SampleRate, ServerEvent, Session, SessionEvent, SessionOptions,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "completionStart",
            "userSpeechStart",
            "userSpeechEnd",
            "contentStart",
            "textOutput",
            "audioOutput",
            "toolUse",
            "contentEnd",
            "usageEvent",
            "completionEnd",
            "newEvent",
        ])
        .prop_map(str::to_owned),
        "[a-z]{0,4}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(u64::MAX)),
        proptest::sample::select(vec![
            "TEXT",
            "AUDIO",
            "TOOL",
            "USER",
            "ASSISTANT",
            "SYSTEM",
            "END_TURN",
            "PARTIAL_TURN",
            "INTERRUPTED",
            "TOOL_USE",
            "a",
            "b",
            "c",
            "AQA=",
            "AQACAA==",
            "",
            "{ \"interrupted\" : true }",
            "{\"generationStage\":\"FINAL\"}",
            "{\"generationStage\":\"SPECULATIVE\"}",
            "One.",
            "Two.",
        ])
        .prop_map(Value::from),
        Just(
            json!({"delta": {"input": {"speechTokens": u64::MAX}}, "total": {"output": {"textTokens": u64::MAX}}})
        ),
        Just(json!({"generationStage": "FINAL"})),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let member = proptest::sample::select(vec![
        "contentId",
        "type",
        "role",
        "content",
        "stopReason",
        "additionalModelFields",
        "toolUseId",
        "toolName",
        "details",
        "inputAudioOffsetMs",
        "sessionId",
        "other",
    ]);
    (name(), proptest::collection::vec((member, value()), 0..8)).prop_map(|(name, members)| {
        let body: Map<_, _> = members
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v))
            .collect();
        json!({"event": {name: body}})
    })
}

/// Writes an event as JSON and reads it again.
fn same_when_read_again(event: &ServerEvent) {
    let json = event.to_json().to_string();
    let mut wire = BytesMut::new();
    assert_eq!(ChunkWriter::new().write(json.as_bytes(), &mut wire), Ok(()));
    let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
    decoder.feed(wire.freeze());
    let mut again = Vec::new();
    while let Ok(Some(frame)) = decoder.next_frame() {
        assert_eq!(reader.read(frame, &mut |event| again.push(event)), Ok(()));
    }
    assert_eq!(again, std::slice::from_ref(event), "{json}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn no_events_break_the_machines(events in proptest::collection::vec(event(), 0..60), speech in any::<bool>()) {
        let mut options = SessionOptions::default();
        options.interrupt_on_speech = speech;
        let mut session = Session::new(options);
        let mut translator = Translator::new(SampleRate::Hz24000, Names::new([1; 16]));
        let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
        let mut seen = Vec::new();
        for event in &events {
            let mut wire = BytesMut::new();
            prop_assert!(ChunkWriter::new().write(event.to_string().as_bytes(), &mut wire).is_ok());
            decoder.feed(wire.freeze());
            while let Ok(Some(frame)) = decoder.next_frame() {
                let read = reader.read(frame, &mut |event| {
                    same_when_read_again(&event);
                    translator.translate(&event, &mut |_| {});
                    session.observe(Leg::FIRST, event, &mut |event| seen.push(event));
                });
                if let Err(error) = read {
                    prop_assert_eq!(reader.read(frame, &mut |_| {}), Err(error), "it stays failed");
                }
            }
        }
        session.finish(Leg::FIRST, &mut |event| seen.push(event));
        let outcome = reader.finish(TransportEnd::Cut, &mut |_| {});
        prop_assert!(!outcome.is_complete());

        // What the session promises of each answer.
        let (mut begun, mut ended, mut cut) = (Vec::new(), Vec::new(), Vec::new());
        for event in &seen {
            match event {
                SessionEvent::ResponseStarted { turn } => {
                    prop_assert!(!begun.contains(turn));
                    begun.push(*turn);
                }
                SessionEvent::TurnEnded { turn } => {
                    prop_assert!(begun.contains(turn) && !ended.contains(turn) && !cut.contains(turn));
                    ended.push(*turn);
                }
                SessionEvent::Interrupted { turn } => {
                    prop_assert!(begun.contains(turn) && !cut.contains(turn));
                    cut.push(*turn);
                }
                SessionEvent::Audio { turn, .. } => prop_assert!(begun.contains(turn) && !cut.contains(turn)),
                SessionEvent::AssistantText { turn, .. } | SessionEvent::ToolCall { turn, .. } => {
                    prop_assert!(begun.contains(turn));
                }
                SessionEvent::UserText { text, .. } => prop_assert!(!text.trim().is_empty()),
                _ => {}
            }
        }
        for entry in session.transcript() {
            prop_assert!(!entry.text.contains("interrupted"));
        }
    }

    #[test]
    fn no_payload_breaks_the_reader(json in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut wire = BytesMut::new();
        prop_assert!(ChunkWriter::new().write(&json, &mut wire).is_ok());
        let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
        decoder.feed(wire.freeze());
        while let Ok(Some(frame)) = decoder.next_frame() {
            let _ = reader.read(frame, &mut |_| {});
        }
    }
}
