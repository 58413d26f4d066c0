//! `bedrock frames` as a program: what it prints, when, how it ends, and that `encode` is its inverse.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use bytes::BytesMut;
use eventstream_codec::{FrameWriter, Limits, Parsed, Timestamp, parse};
use serde_json::{Value, json};

use crate::command::{bedrock, fed, json_lines};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/eventstream");

fn frames(args: &[&str]) -> Command {
    let mut command = bedrock();
    command.arg("frames").args(args);
    command
}

fn run(args: &[&str], input: &[u8]) -> Output {
    fed(&mut frames(args), input)
}

fn event(event_type: &str, payload: &[u8]) -> BytesMut {
    let mut wire = BytesMut::new();
    let frame = FrameWriter::event(&mut wire, event_type, Some("application/json")).unwrap();
    let mut body = frame.payload();
    body.put_slice(payload);
    body.finish().unwrap();
    wire
}

fn signed(inner: &[u8]) -> BytesMut {
    let mut wire = BytesMut::new();
    let date = Timestamp::from_millis(1_623_760_496_000);
    let mut body = FrameWriter::signed(&mut wire, &[0xab; 32], date)
        .unwrap()
        .payload();
    body.put_slice(inner);
    body.finish().unwrap();
    wire
}

#[test]
fn a_frame_is_one_json_object() {
    let wire = event("chunk", b"{}");
    let output = run(&["--json", "-"], &wire);
    assert_eq!(output.status.code(), Some(0));
    let expected = json!({
        "index": 0,
        "offset": 0,
        "total_length": wire.len(),
        "headers": [
            {"name": ":event-type", "type": 7, "value": "chunk"},
            {"name": ":content-type", "type": 7, "value": "application/json"},
            {"name": ":message-type", "type": 7, "value": "event"},
        ],
        "payload_base64": "e30=",
    });
    assert_eq!(json_lines(&output), [expected]);
}

#[test]
fn bad_input_gives_the_frames_before_it_then_one_error_and_exit_code_1() {
    let good = event("chunk", b"{}");
    let mut wire = [&good[..], &good, &good].concat();
    let at = good.len() * 2 - 5;
    wire[at] ^= 1;
    let output = run(&["--json", "-"], &wire);
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["error"]["kind"], "MessageCrcMismatch");
    assert_eq!(lines[1]["error"]["offset"], good.len() * 2 - 4);
    assert!(
        lines[1]["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("frame 1 at byte")
    );

    let text = run(&["-"], &wire);
    assert_eq!(text.status.code(), Some(1));
    let stderr = String::from_utf8(text.stderr).unwrap();
    assert!(
        stderr.starts_with("bedrock: MessageCrcMismatch: frame 1"),
        "{stderr}"
    );
    assert_eq!(
        String::from_utf8(text.stdout)
            .unwrap()
            .matches("event chunk")
            .count(),
        1
    );
}

#[test]
fn a_cut_stream_and_a_body_that_is_no_frames_are_named() {
    let wire = event("chunk", b"{}");
    let cut = run(&["--json", "-"], &wire[..wire.len() - 1]);
    assert_eq!(cut.status.code(), Some(1));
    assert_eq!(json_lines(&cut)[0]["error"]["kind"], "IncompleteAtEof");

    let body = run(&["--json", "-"], br#"{"message":"expired token"}"#);
    assert_eq!(body.status.code(), Some(1));
    let error = &json_lines(&body)[0]["error"];
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("looks like JSON") && !message.contains("expired"),
        "{message}"
    );

    let missing = frames(&["no such file"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(frames(&[]).output().unwrap().status.code(), Some(2));
    assert_eq!(
        frames(&["-", "--limits", "none"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn frames_are_shown_as_they_arrive() {
    let mut child = frames(&["--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (lines, shown) = mpsc::channel();
    std::thread::spawn(move || {
        for line in stdout.lines() {
            lines.send(line.unwrap()).unwrap();
        }
    });
    for index in 0..3 {
        let wire = event("chunk", b"{}");
        let (first, rest) = wire.split_at(30);
        stdin.write_all(first).unwrap();
        stdin.write_all(rest).unwrap();
        let line = shown.recv_timeout(Duration::from_mins(1)).unwrap();
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["index"], index);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn unwrap_shows_the_frame_inside_a_signed_one() {
    let inner = event("chunk", br#"{"bytes":"eyJhIjoxfQ=="}"#);
    let wire = [&signed(&inner)[..], &signed(b"")].concat();
    let lines = json_lines(&run(&["--json", "--unwrap", "--decode-bytes", "-"], &wire));
    assert_eq!(lines.len(), 2);
    let nested = &lines[0]["nested"];
    assert_eq!(nested["headers"][0]["value"], "chunk");
    assert_eq!(nested["offset"], 12 + 52 + 15);
    assert_eq!(nested["bytes_json"], json!({"a": 1}));
    assert_eq!(lines[1].get("nested"), None);
    assert_eq!(
        json_lines(&run(&["--json", "-"], &wire))[0].get("nested"),
        None
    );

    let text = String::from_utf8(run(&["--unwrap", "-"], &wire).stdout).unwrap();
    assert!(
        text.contains("signed\n") && text.contains("inside, "),
        "{text}"
    );
    assert!(text.contains("the signed end of the stream"), "{text}");
}

#[test]
fn what_is_inside_a_signed_frame_and_no_frame_is_an_error_with_its_place() {
    let mut inner = event("chunk", b"{}");
    inner[0] ^= 0x40;
    let output = run(&["--json", "--unwrap", "-"], &signed(&inner));
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 2, "the outer frame is shown all the same");
    assert_eq!(lines[1]["error"]["kind"], "PreludeCrcMismatch");
    assert_eq!(lines[1]["error"]["offset"], 79 + 8);
}

#[test]
fn only_the_event_types_that_were_asked_for_are_shown_under_their_own_index() {
    let wire = [
        &event("messageStart", b"{}")[..],
        &event("contentBlockDelta", b"{}"),
        &event("messageStop", b"{}"),
        &signed(&event("messageStop", b"{}")),
    ]
    .concat();
    let args = ["--json", "-", "--event-type", "messageStop"];
    let lines = json_lines(&run(&args, &wire));
    let indices: Vec<_> = lines
        .iter()
        .map(|line| line["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indices, [2]);
    let args = [
        "--json",
        "-",
        "--unwrap",
        "--event-type=messageStop",
        "--event-type=messageStart",
    ];
    assert_eq!(json_lines(&run(&args, &wire)).len(), 3);
}

#[test]
fn payloads_are_text_json_or_hex() {
    let wire = event("chunk", br#"{"a":1}"#);
    let shown =
        |style: &str| String::from_utf8(run(&["-", "--payload", style], &wire).stdout).unwrap();
    assert!(shown("auto").contains("    {\"a\":1}\n"));
    assert!(shown("json").contains("      \"a\": 1\n"));
    assert!(shown("hex").contains("7b 22 61 22 3a 31 7d"));
    assert!(!shown("none").contains("{\"a\"") && shown("none").contains("payload, 7 bytes"));
}

#[test]
fn limits_are_those_of_the_profile() {
    let fixture = format!("{FIXTURES}/duplicate_header.bin");
    let code = |limits: &str| {
        let output = frames(&[&fixture, "--json", "--limits", limits])
            .output()
            .unwrap();
        output.status.code()
    };
    assert_eq!(
        (code("bounded"), code("unlimited"), code("strict")),
        (Some(0), Some(0), Some(1))
    );
}

#[test]
fn encode_gives_back_the_bytes_that_were_printed() {
    let mut count = 0;
    for entry in std::fs::read_dir(FIXTURES).unwrap() {
        let path = entry.unwrap().path();
        let wire = std::fs::read(&path).unwrap();
        if path.extension().unwrap() != "bin" || !is_strictly_good(&wire) {
            continue;
        }
        let printed = frames(&["--json", path.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(printed.status.code(), Some(0), "{}", path.display());
        let encoded = run(&["encode"], &printed.stdout);
        assert_eq!(encoded.status.code(), Some(0), "{}", path.display());
        assert_eq!(encoded.stdout, wire, "{}", path.display());
        count += 1;
    }
    assert!(count >= 5, "{count} fixtures came round");
}

/// Whether all frames are such as an encoder may write.
fn is_strictly_good(mut wire: &[u8]) -> bool {
    let begun = wire;
    while !wire.is_empty() {
        let Ok(Parsed::Frame(frame)) = parse(wire, &Limits::strict()) else {
            return false;
        };
        wire = wire.split_at(frame.total_len()).1;
    }
    !begun.is_empty()
}

#[test]
fn encode_names_the_line_that_is_wrong_and_keeps_what_came_before() {
    let good = r#"{"headers":[{"name":"a","type":4,"value":7}],"payload_text":"hi"}"#;
    for (bad, why) in [
        ("no JSON", "no JSON"),
        (
            r#"{"headers":[]}"#,
            "neither `payload_base64` nor `payload_text`",
        ),
        (r#"{"payload_text":""}"#, "no list `headers`"),
        (
            r#"{"headers":[{"name":"a","type":3,"value":40000}],"payload_text":""}"#,
            "does not fit",
        ),
        (
            r#"{"headers":[{"name":"a","type":10,"value":0}],"payload_text":""}"#,
            "0 to 9",
        ),
        (
            r#"{"headers":[{"name":"","type":0}],"payload_text":""}"#,
            "must not be empty",
        ),
        (
            r#"{"error":{"kind":"x","message":"cut"}}"#,
            "no frame but an error: cut",
        ),
    ] {
        let output = run(
            &["encode", "-"],
            format!("{good}\n\n{bad}\n{good}\n").as_bytes(),
        );
        assert_eq!(output.status.code(), Some(1), "{bad}");
        assert_eq!(output.stdout.len(), 16 + 7 + 2, "{bad}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("line 3") && stderr.contains(why),
            "{stderr}"
        );
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    let mut child = frames(&["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    let wire = event("chunk", &[b'x'; 10_000]);
    while stdin.write_all(&wire).is_ok() {}
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(stderr, "");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
