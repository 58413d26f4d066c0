//! Operations in any order: what is written is always legal, judged by a slow reading of the rules that shares no code
//! with the writer's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashSet;

use bedrock_wire::read_part;
use bytes::BytesMut;
use eventstream_codec::Decoder;
use nova_sonic::{
    Dialect, History, HistoryLimits, HistoryRole, Names, SampleRate, Setup, ToolResult, Writer,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

#[derive(Clone, Debug)]
enum Op {
    Open,
    History(Vec<bool>),
    OpenAudio,
    Audio(usize),
    Silence(u32),
    Text(usize),
    Context,
    ToolCalled(u8),
    ToolResult(u8),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Open),
        2 => proptest::collection::vec(any::<bool>(), 0..5).prop_map(Op::History),
        2 => Just(Op::OpenAudio),
        6 => (0usize..70).prop_map(Op::Audio),
        1 => (0u32..40).prop_map(Op::Silence),
        4 => (0usize..2500).prop_map(Op::Text),
        2 => Just(Op::Context),
        3 => (0u8..4).prop_map(Op::ToolCalled),
        3 => (0u8..4).prop_map(Op::ToolResult),
        1 => Just(Op::Close),
    ]
}

fn run(writer: &mut Writer, op: &Op, out: &mut BytesMut) -> bool {
    match op {
        Op::Open => writer.open(&Setup::default(), out).is_ok(),
        Op::History(roles) => {
            let role = |user| {
                if user {
                    HistoryRole::User
                } else {
                    HistoryRole::Assistant
                }
            };
            let turns = roles.iter().map(|user| (role(*user), "said"));
            let (history, _) = History::normalize(turns, &HistoryLimits::default());
            writer.history(&history, out).is_ok()
        }
        Op::OpenAudio => writer.open_audio(SampleRate::Hz16000, out).is_ok(),
        Op::Audio(len) => writer.audio(&vec![0; *len], out).is_ok(),
        Op::Silence(ms) => writer.silence(*ms, out).is_ok(),
        Op::Text(len) => writer.text(&"x".repeat(*len), out).is_ok(),
        Op::Context => writer.context("note", out).is_ok(),
        Op::ToolCalled(id) => {
            writer.tool_called(&id.to_string());
            true
        }
        Op::ToolResult(id) => {
            let result = ToolResult::text("done");
            writer.tool_result(&id.to_string(), &result, out).is_ok()
        }
        Op::Close => writer.close(out).is_ok(),
    }
}

/// Reads a whole session and fails at the first event that is out of order.
fn judge(wire: &BytesMut, called: &HashSet<String>) {
    let mut decoder = Decoder::new();
    decoder.feed(wire.clone().freeze());
    let mut events = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        let json = read_part(frame.payload()).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        let (name, body) = json["event"].as_object().unwrap().iter().next().unwrap();
        events.push((name.clone(), body.clone()));
    }
    decoder.finish().unwrap();
    if events.is_empty() {
        return;
    }
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["sessionStart", "promptStart"]);
    let prompt = &events[1].1["promptName"];
    let mut seen = HashSet::new();
    let mut answered = HashSet::new();
    let (mut audio, mut audio_bytes, mut last_history) = (None, 0, "ASSISTANT".to_owned());
    let mut at = 2;
    while at < events.len() {
        let (name, body) = &events[at];
        if name != "sessionEnd" {
            assert_eq!(&body["promptName"], prompt);
        }
        match name.as_str() {
            "contentStart" => {
                assert!(seen.insert(body["contentName"].clone()), "a name twice");
                let (role, interactive) =
                    (body["role"].as_str().unwrap(), body["interactive"] == true);
                if body["type"] == "AUDIO" {
                    assert!(audio.is_none(), "a second audio block");
                    audio = Some(body["contentName"].clone());
                    at += 1;
                    continue;
                }
                if at == 2 {
                    assert_eq!(role, "SYSTEM");
                } else {
                    assert_ne!(role, "SYSTEM");
                }
                if interactive {
                    assert!(audio_bytes >= 3200, "a text turn before the audio");
                }
                if audio.is_none() && at > 2 {
                    assert_ne!(role, last_history, "history must alternate, the user first");
                    role.clone_into(&mut last_history);
                }
                if role == "TOOL" {
                    let id = body["toolResultInputConfiguration"]["toolUseId"]
                        .as_str()
                        .unwrap();
                    assert!(called.contains(id), "a result nobody asked for");
                    assert!(answered.insert(id.to_owned()), "a second result");
                }
                // The block is whole: data of its kind and its name, then its end, and nothing between.
                let wanted = if role == "TOOL" {
                    "toolResult"
                } else {
                    "textInput"
                };
                let mut pieces = 0;
                at += 1;
                while events[at].0 == wanted {
                    assert_eq!(events[at].1["contentName"], body["contentName"]);
                    assert!(events[at].1["content"].as_str().unwrap().len() <= 1024);
                    (pieces, at) = (pieces + 1, at + 1);
                }
                assert!(pieces > 0);
                assert_eq!(events[at].0, "contentEnd");
                assert_eq!(events[at].1["contentName"], body["contentName"]);
            }
            "audioInput" => {
                assert_eq!(Some(&body["contentName"]), audio.as_ref());
                let content = body["content"].as_str().unwrap();
                let pcm = base64_simd::STANDARD.decode_to_vec(content).unwrap();
                assert!(pcm.len() % 2 == 0 && !pcm.is_empty());
                audio_bytes += pcm.len();
            }
            "contentEnd" => {
                assert_eq!(Some(&body["contentName"]), audio.as_ref());
                assert_eq!(
                    names[at + 1..],
                    ["promptEnd", "sessionEnd"],
                    "in order to the end"
                );
                assert!(audio_bytes >= 3200);
                return;
            }
            other => unreachable!("{other} out of place"),
        }
        at += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_operations_writes_an_illegal_sequence(ops in proptest::collection::vec(op(), 0..40), opened in any::<bool>()) {
        let mut writer = Writer::new(Dialect::V2, Names::new([9; 16]));
        let (mut out, mut called) = (BytesMut::new(), HashSet::new());
        let start = [Op::Open, Op::OpenAudio];
        let mut taken = 0;
        for op in start.iter().filter(|_| opened).chain(&ops) {
            let had = out.len();
            let ok = run(&mut writer, op, &mut out);
            if let Op::ToolCalled(id) = op {
                called.insert(id.to_string());
            }
            prop_assert!(ok || out.len() == had, "a refused operation has written");
            taken += usize::from(ok);
        }
        judge(&out, &called);
        if opened {
            prop_assert!(taken >= 2);
        }
        // Whatever came before, the session can be closed in order.
        writer.close(&mut out).unwrap();
        judge(&out, &called);
    }
}
