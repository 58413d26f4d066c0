//! `bedrock frames --as sonic` on the sequences of `fixtures/nova-sonic`.

use std::process::Output;

use bedrock_wire::ChunkWriter;
use bytes::BytesMut;
use serde_json::{Value, json};

use crate::command::{bedrock, fed};

const CASES: [&str; 6] = [
    "voice-turn",
    "multi-block-turn",
    "barge-in",
    "tool-turn",
    "text-turn",
    "unknown",
];

fn events(name: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/nova-sonic");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    case["events"].as_array().unwrap().clone()
}

fn run(args: &[&str], events: &[Value]) -> Output {
    let mut wire = BytesMut::new();
    for event in events {
        let json = event.to_string();
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
    }
    let mut command = bedrock();
    command.args(["frames", "--as", "sonic", "-"]).args(args);
    fed(&mut command, &wire)
}

#[test]
fn events_are_printed_as_they_stand_on_the_wire() {
    for name in CASES {
        let events = events(name);
        let output = run(&["--json"], &events);
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let last = lines.pop().unwrap();
        assert_eq!(lines, events, "{name}");
        assert_eq!(last["outcome"], "complete", "{name}: {last}");
        assert_eq!(last["session"]["events"], json!(events.len()));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_session_that_nobody_closed_is_incomplete() {
    let mut events = events("voice-turn");
    events.pop();
    let output = run(&[], &events);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.ends_with("incomplete\n"), "{text}");
    assert!(
        text.contains("user speaks at 0 ms") && text.contains("audio, 4 bytes"),
        "{text}"
    );
}
