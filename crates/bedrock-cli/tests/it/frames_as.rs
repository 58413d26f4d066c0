//! `bedrock frames --as` as a program: typed events as they arrive, the verdict last, and its exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use converse_stream::family::Family;
use converse_stream::{MessageStop, Metadata, Role, StopReason, Usage, Writer};
use eventstream_codec::{FrameWriter, Timestamp};
use serde_json::{Value, json};

use crate::command::{bedrock, fed, json_lines, text};

fn frames(args: &[&str]) -> Command {
    let mut command = bedrock();
    command.args(["frames", "--as"]).args(args);
    command
}

fn run(args: &[&str], input: &[u8]) -> Output {
    fed(&mut frames(args), input)
}

fn lima() -> Bytes {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    writer.text("Lima\n\u{1b}[2J").unwrap();
    let call = writer.tool_use("id-1", "clock").unwrap();
    writer.tool_input(&call, r#"{"zone":"Lima"}"#).unwrap();
    let stopped = writer.stop(MessageStop::new(StopReason::ToolUse)).unwrap();
    let metadata = Metadata::with_usage(Usage::new(12, 7));
    stopped.metadata(&metadata).unwrap().finish()
}

/// Every frame of a body within a signed one, then the signed end.
fn signed(body: &Bytes) -> Bytes {
    let (mut wire, mut decoder) = (BytesMut::new(), eventstream_codec::Decoder::new());
    decoder.feed(body.clone());
    let mut wrap = |inner: &[u8]| {
        let date = Timestamp::from_millis(1_623_760_496_000);
        let frame = FrameWriter::signed(&mut wire, &[0xab; 32], date).unwrap();
        let mut payload = frame.payload();
        payload.put_slice(inner);
        payload.finish().unwrap();
    };
    while let Some(frame) = decoder.next_frame().unwrap() {
        wrap(frame.as_bytes());
    }
    wrap(b"");
    wire.freeze()
}

#[test]
fn every_case_of_converse_ends_as_it_must() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/converse/cases.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 69);
    for case in cases {
        let name = &case["name"];
        let body = BASE64_STANDARD
            .decode(case["body_base64"].as_str().unwrap())
            .unwrap();
        let output = run(&["converse", "--json", "-"], &body);
        // A file's end is a clean end of the transport.
        let cut_only = case["transport_end"] == "cut" && case["missing"] == "cleanEnd";
        let (outcome, missing) = if cut_only {
            ("complete", &Value::Null)
        } else {
            (case["outcome"].as_str().unwrap(), &case["missing"])
        };
        let code = match outcome {
            "complete" => 0,
            "failed" => 1,
            _ => 3,
        };
        assert_eq!(output.status.code(), Some(code), "{name}");
        assert_eq!(text(&output.stderr), "", "{name}");
        let last = json_lines(&output).pop().unwrap();
        assert_eq!(last["outcome"], outcome, "{name}");
        assert_eq!(&last["missing"], missing, "{name}");
        assert_eq!(last["reply"], case["reply"], "{name}");
        match case["error"]["kind"].as_str() {
            None => assert_eq!(last["error"], Value::Null, "{name}"),
            Some("exception" | "error") => assert_eq!(last["error"], case["error"], "{name}"),
            Some("decode") => assert_eq!(last["error"]["kind"], case["error"]["name"], "{name}"),
            Some(_) => assert_eq!(last["error"]["kind"], "protocol", "{name}"),
        }
    }
}

/// A chunk of a model's own JSON in its frame.
fn chunk(json: &Value, wire: &mut BytesMut) {
    let bytes = BASE64_STANDARD.encode(json.to_string());
    let mut payload = FrameWriter::event(wire, "chunk", None).unwrap().payload();
    payload.put_slice(json!({"bytes": bytes}).to_string().as_bytes());
    payload.finish().unwrap();
}

#[test]
fn every_case_of_a_family_ends_as_it_must() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/invoke");
    let mut count = 0;
    for family in Family::all() {
        let path = format!("{folder}/{family}/cases.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            if case.get("exception").is_some() {
                continue;
            }
            let mut body = BytesMut::new();
            for json in case["chunks"].as_array().unwrap() {
                chunk(json, &mut body);
            }
            let name = case["family"].as_str().unwrap();
            let output = run(&["invoke", "--family", name, "--json", "-"], &body);
            let last = json_lines(&output).pop().unwrap();
            assert_eq!(last["outcome"], case["outcome"], "{path}: {}", case["name"]);
            let texts = |reply: &Value| -> Vec<Value> {
                let blocks = reply["blocks"].as_array().unwrap().iter();
                blocks.map(|block| block["text"].clone()).collect()
            };
            assert_eq!(
                texts(&last["reply"]),
                texts(&case["reply"]),
                "{path}: {}",
                case["name"]
            );
            count += 1;
        }
    }
    assert!(count >= 50, "{count}");
}

#[test]
fn a_family_says_itself_what_it_is_and_an_unknown_name_is_wrong_usage() {
    let mut body = BytesMut::new();
    chunk(
        &json!({"generation": "Lima", "stop_reason": null}),
        &mut body,
    );
    chunk(&json!({"generation": "", "stop_reason": "stop"}), &mut body);
    let output = run(&["invoke", "-"], &body);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("0: text \"Lima\"\n"));
    let output = run(&["invoke", "--family", "lama", "-"], &body);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("one of nova, anthropic-messages"));
}

#[test]
fn events_are_shown_as_they_arrive() {
    let mut child = frames(&["converse", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let mut decoder = eventstream_codec::Decoder::new();
    decoder.feed(lima());
    for expected in [
        &["messageStart"][..],
        &["blockStart", "text"],
        &["blockStop"],
    ] {
        // The first half of a frame says nothing; the second says all of it before more is sent.
        let frame = decoder.next_frame().unwrap().unwrap();
        let (first, rest) = frame.as_bytes().split_at(30);
        stdin.write_all(first).unwrap();
        stdin.write_all(rest).unwrap();
        for kind in expected {
            assert_eq!(next()["type"], *kind);
        }
    }
    drop(stdin);
    assert_eq!(next()["missing"], "messageStop");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn people_get_a_line_an_event_in_which_nothing_moves_the_cursor() {
    let output = run(&["converse", "-"], &lima());
    let expected = "\
message of assistant
0: begins: text
0: text \"Lima\\n\\u{1b}[2J\"
0: ends
1: begins: call of clock (id-1)
1: input \"{\\\"zone\\\":\\\"Lima\\\"}\"
1: call clock({\"zone\":\"Lima\"})
1: ends
message ends: tool_use, with calls
metadata: {\"usage\":{\"inputTokens\":12,\"outputTokens\":7,\"totalTokens\":19}}
complete
";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));

    let body = lima();
    let cut = run(&["converse", "-"], &body[..body.len() - 1]);
    assert!(text(&cut.stdout).ends_with("message ends: tool_use, with calls\nincomplete\n"));
    assert!(text(&cut.stderr).starts_with("bedrock: the transport was cut"));
    assert_eq!(cut.status.code(), Some(3));
}

#[test]
fn damage_is_a_failure_with_its_place_behind_all_that_came_before() {
    let mut body = lima().to_vec();
    let at = body.len() - 5;
    body[at] ^= 1;
    let output = run(&["converse", "--json", "-"], &body);
    let lines = json_lines(&output);
    let last = lines.last().unwrap();
    assert_eq!(last["outcome"], "failed");
    assert_eq!(last["error"]["kind"], "MessageCrcMismatch");
    assert_eq!(last["error"]["offset"], body.len() - 4);
    assert_eq!(last["reply"]["stop"]["reason"], "tool_use");
    assert_eq!(lines[lines.len() - 2]["type"], "messageStop");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn signed_frames_are_read_under_unwrap_and_unknown_without_it() {
    let wire = signed(&lima());
    let inside = run(&["converse", "--json", "--unwrap", "-"], &wire);
    assert_eq!(
        inside.stdout,
        run(&["converse", "--json", "-"], &lima()).stdout
    );
    assert_eq!(inside.status.code(), Some(0));

    let outside = run(&["converse", "--json", "-"], &wire);
    assert_eq!(outside.status.code(), Some(3));
    assert!(
        json_lines(&outside)
            .iter()
            .any(|line| line["type"] == "unknown")
    );

    let date = Timestamp::from_millis(0);
    let mut bad = BytesMut::new();
    let mut payload = FrameWriter::signed(&mut bad, &[0; 32], date)
        .unwrap()
        .payload();
    payload.put_slice(b"no frame");
    payload.finish().unwrap();
    let output = run(&["converse", "--json", "--unwrap", "-"], &bad);
    let last = json_lines(&output).pop().unwrap();
    assert_eq!(last["outcome"], "failed");
    assert_eq!(last["reply"], json!({"blocks": []}));
}

#[test]
fn options_about_frames_are_wrong_usage() {
    for args in [
        &["converse", "--payload", "hex", "-"][..],
        &["converse", "--decode-bytes", "-"],
        &["converse", "--event-type", "x", "-"],
        &["nothing", "-"],
    ] {
        assert_eq!(run(args, b"").status.code(), Some(2), "{args:?}");
    }
}
