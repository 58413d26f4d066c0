//! `bedrock sonic` with a greeting, texts, tools that are commands, a history and a transcript, against a scripted Bedrock.

use std::process::Output;

use serde_json::{Value, json};

use crate::command::{Folder, bedrock, json_lines, shown};
use crate::service::Server;

/// `bedrock serve` with a scenario.
fn serve(scenario: &str) -> Server {
    let mut serve = bedrock();
    serve.args([
        "serve",
        "--json",
        "--quiet",
        "--strict",
        "--scenario",
        scenario,
    ]);
    Server::start(&mut serve)
}

fn sonic(server: &Server, args: &[&str]) -> Output {
    let mut sonic = server.client("sonic");
    sonic.arg("--json").args(args).output().unwrap()
}

fn of_type<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[test]
fn a_conversation_in_text_with_a_tool_that_is_a_command() {
    let folder = Folder::new("text");
    let scenario = folder.write(
        "scenario.json",
        json!({"sonic": [
            {"when": "text", "contains": "Greet", "send": [{"say": {"text": "Welcome back.", "tone_ms": 200}}]},
            {"when": "text", "contains": "clock", "send": [{"tool": {"name": "clock", "input": {"zone": "Lima"}}}]},
            {"when": "tool-result", "tool": "clock", "expect": {"zone": "Lima"},
             "send": [{"say": {"text": "It is noon.", "tone_ms": 200}}]},
            {"when": "text", "contains": "thanks", "send": [{"say": {"text": "My pleasure.", "tone_ms": 200}}]}
        ]}).to_string(),
    );
    let history = folder.write("history.json", json!([{"role": "user", "text": "I live in Lima."}, {"role": "assistant", "content": [{"text": "Noted."}]}]).to_string());
    let tools = folder.write(
        "tools.json",
        json!([{"name": "clock", "description": "The time", "inputSchema": {"type": "object", "properties": {"zone": {"type": "string"}}}}]).to_string(),
    );
    let transcript = folder.file("said.json");
    let server = serve(&scenario);
    let said = shown(&transcript);
    let output = sonic(
        &server,
        &[
            "--greet",
            "Greet the caller.",
            "--text",
            "Ask the clock.",
            "--text",
            "many thanks",
            "--tool-command",
            "clock=cat",
            "--tools",
            &tools,
            "--history",
            &history,
            "--save-transcript",
            &said,
            "--voice",
            "amy",
            "--system",
            "You are a clock.",
        ],
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let lines = json_lines(&output);
    assert_eq!(
        of_type(&lines, "toolCall")[0]["call"]["arguments"],
        json!({"zone": "Lima"})
    );
    let speech = of_type(&lines, "audio");
    assert!(
        speech
            .iter()
            .all(|line| line["audioBytes"].as_u64().unwrap() > 0 && line.get("pcm").is_none())
    );
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["outcome"], &last["turns"], &last["legs"]),
        (&json!("complete"), &json!(3), &json!(1))
    );

    let entries: Value =
        serde_json::from_str(&std::fs::read_to_string(&transcript).unwrap()).unwrap();
    let entries: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["speaker"].as_str().unwrap(),
                entry["text"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("assistant", "Welcome back."),
            ("user", "Ask the clock."),
            ("assistant", "It is noon."),
            ("user", "many thanks"),
            ("assistant", "My pleasure."),
        ]
    );
    // What was saved is a history.
    let again = sonic(
        &server,
        &["--greet", "Greet the caller.", "--history", &said],
    );
    assert_eq!(
        again.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
}

#[test]
fn a_wrong_file_or_tool_is_exit_code_2() {
    let folder = Folder::new("wrong");
    let wrong = folder.write("wrong.json", json!({"role": "user"}).to_string());
    for args in [
        &["--text", "hi", "--history", &wrong][..],
        &["--text", "hi", "--history", "/nonexistent.json"],
        &["--text", "hi", "--tools", &wrong],
        &["--text", "hi", "--tool-command", "clock"],
        &["--text", "hi", "--tool-command", "the clock=date"],
    ] {
        let output = bedrock()
            .args(["sonic", "--loopback"])
            .args(args)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
