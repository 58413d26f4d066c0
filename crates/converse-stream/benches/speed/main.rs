//! From a body in memory to the verdict, beside a `Value` of `serde_json` and the codec alone: `cargo bench -p converse-stream`.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod bodies;
#[path = "../../../eventstream-codec/benches/speed/turns.rs"]
#[expect(dead_code, reason = "shared with the codec's bench")]
mod turns;

use std::hint::black_box;

use bodies::Body;
use converse_stream::{Event, Mapper, Reader};
use eventstream_codec::{Decoder, Inbound, TransportEnd};
use serde_json::Value;
use turns::{Contender, Turns};

fn main() {
    // `cargo bench` says `--bench`; `cargo test --benches` and `-- --smoke` only see that everything runs.
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let turns = if has("--bench") && !has("--smoke") {
        Turns::measured()
    } else {
        Turns::smoke()
    };
    println!(
        "ns a delta, medians of {} turns; ratios are medians within a turn",
        turns.rounds()
    );
    for body in [bodies::answer(), bodies::tool_input()] {
        let deltas = body.deltas;
        let table = turns.run(&mut [
            Contender::per(deltas, "Reader to the verdict", || reader(&body)),
            Contender::per(deltas, "Mapper to the verdict", || mapper(&body)),
            Contender::per(deltas, "serde_json Value, folded", || value(&body)),
            Contender::per(deltas, "frames alone", || frames(&body)),
        ]);
        println!("\n{}, {} bytes\n{table}", body.name, body.bytes.len());
        table.print_ratios(&[
            ("serde_json Value, folded", "Reader to the verdict"),
            ("Reader to the verdict", "frames alone"),
        ]);
    }
}

fn reader(body: &Body) {
    let mut reader = Reader::new();
    reader.feed(body.bytes.clone());
    let mut events = 0;
    while let Some(event) = reader.next_event().unwrap() {
        events += usize::from(matches!(
            event,
            Event::Text { .. } | Event::ToolInput { .. }
        ));
        black_box(&event);
    }
    assert_eq!(events, body.deltas);
    assert!(
        reader
            .finish(TransportEnd::Clean, &mut |_| {})
            .is_complete()
    );
}

fn mapper(body: &Body) {
    let (mut decoder, mut mapper) = (Decoder::new(), Mapper::new());
    decoder.feed(body.bytes.clone());
    while let Some(frame) = decoder.next_frame().unwrap() {
        mapper
            .read(frame, &mut |event| drop(black_box(event)))
            .unwrap();
    }
    assert!(
        mapper
            .finish(TransportEnd::Clean, &mut |_| {})
            .is_complete()
    );
}

/// What a quick implementation does: a tree for each payload, the delta out of it, the text folded.
fn value(body: &Body) {
    let mut decoder = Decoder::new();
    decoder.feed(body.bytes.clone());
    let mut folded = String::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        let payload: Value = serde_json::from_slice(frame.payload()).unwrap();
        let Some(delta) = payload.get("delta") else {
            continue;
        };
        let text = delta
            .get("text")
            .or_else(|| delta.get("toolUse")?.get("input"));
        let text = text.and_then(Value::as_str).unwrap().to_owned();
        folded.push_str(&text);
        black_box(text);
    }
    black_box(folded);
}

fn frames(body: &Body) {
    let mut decoder = Decoder::new();
    decoder.feed(body.bytes.clone());
    while let Some(frame) = decoder.next_frame().unwrap() {
        black_box(frame.kind());
    }
}
