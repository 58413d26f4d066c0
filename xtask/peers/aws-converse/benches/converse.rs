//! From a ConverseStream body in memory to the last event: converse-stream beside the SDK's client and `serde_json::Value`.
//!
//! `cargo bench --manifest-path xtask/peers/Cargo.toml -p peer-aws-converse`

#[path = "../../../../crates/converse-stream/benches/speed/bodies.rs"]
mod bodies;
#[path = "../../../../crates/eventstream-codec/benches/speed/turns.rs"]
#[expect(dead_code, reason = "shared with the codec's bench")]
mod turns;

use std::collections::VecDeque;
use std::hint::black_box;

use aws_sdk_bedrockruntime::Client;
use bodies::Body;
use bytes::Bytes;
use converse_stream::Reader;
use eventstream_codec::{Decoder, TransportEnd};
use peer_aws_converse::Canned;
use serde_json::Value;
use tokio::runtime::Runtime;
use turns::{Contender, Turns};

fn main() {
    // `cargo bench` says `--bench`; `-- --smoke` only sees that everything runs.
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let turns = if has("--bench") && !has("--smoke") {
        Turns::measured()
    } else {
        Turns::smoke()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "ns a delta, medians of {} turns; ratios are medians within a turn",
        turns.rounds()
    );
    for body in [bodies::answer(), bodies::tool_input()] {
        let deltas = body.deltas;
        let client = canned(body.bytes.clone());
        // What the SDK's client does for a call whose answer is empty: request, signature, response head.
        let empty = canned(Bytes::new());
        let table = turns.run(&mut [
            Contender::per(deltas, "converse-stream", || ours(&body)),
            Contender::per(deltas, "serde_json Value, folded", || value(&body)),
            Contender::per(deltas, "SDK, the whole call", || {
                assert!(sdk(&runtime, &client) > deltas);
            }),
            Contender::per(deltas, "SDK, an empty answer", || {
                assert_eq!(sdk(&runtime, &empty), 0);
            }),
        ]);
        println!("\n{}, {} bytes\n{table}", body.name, body.bytes.len());
        table.print_ratios(&[
            ("SDK, the whole call", "converse-stream"),
            ("serde_json Value, folded", "converse-stream"),
        ]);
    }
}

fn canned(body: Bytes) -> Client {
    let pieces = VecDeque::from([body]);
    Canned { pieces, cut: false }.client()
}

fn ours(body: &Body) {
    let mut reader = Reader::new();
    reader.feed(body.bytes.clone());
    while let Some(event) = reader.next_event().expect("a good body") {
        black_box(event);
    }
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert!(outcome.is_complete());
}

/// A call and its events, handed out and dropped. Gives their number.
fn sdk(runtime: &Runtime, client: &Client) -> usize {
    runtime.block_on(async {
        let sent = client.converse_stream().model_id("m").send().await;
        let mut stream = sent.expect("an answer").stream;
        let mut events = 0;
        while let Some(event) = stream.recv().await.expect("a good body") {
            black_box(event);
            events += 1;
        }
        events
    })
}

/// What a quick implementation does: a tree for each payload, the delta out of it, the text folded.
fn value(body: &Body) {
    let mut decoder = Decoder::new();
    decoder.feed(body.bytes.clone());
    let mut folded = String::new();
    while let Some(frame) = decoder.next_frame().expect("a good body") {
        let payload: Value = serde_json::from_slice(frame.payload()).expect("JSON");
        let Some(delta) = payload.get("delta") else {
            continue;
        };
        let text = delta
            .get("text")
            .or_else(|| delta.get("toolUse")?.get("input"));
        let text = text.and_then(Value::as_str).expect("text").to_owned();
        folded.push_str(&text);
        black_box(text);
    }
    black_box(folded);
}
