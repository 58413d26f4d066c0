//! `bedrock sonic` with a greeting, texts, tools that are commands, a history and a transcript, against a scripted Bedrock.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

fn bedrock() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

/// A folder of this test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("bedrock-sonic-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, json: &Value) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, json.to_string()).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `bedrock serve` with a scenario.
struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    fn start(scenario: &Path) -> Self {
        let mut child = bedrock()
            .args(["serve", "--json", "--quiet", "--strict", "--scenario"])
            .arg(scenario)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    fn sonic(&self, args: &[&str]) -> Output {
        let of = |name: &str| self.ready[name].as_str().unwrap();
        bedrock()
            .args(["sonic", "--json", "--region", of("region")])
            .args(["--endpoint-url", of("url"), "--ca-file", of("ca_file")])
            .args(args)
            .env("AWS_ACCESS_KEY_ID", of("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", of("secret_access_key"))
            .output()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let _ = self.child.wait();
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_type<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[test]
fn a_conversation_in_text_with_a_tool_that_is_a_command() {
    let folder = Folder::new("text");
    let scenario = folder.file(
        "scenario.json",
        &json!({"sonic": [
            {"when": "text", "contains": "Greet", "send": [{"say": {"text": "Welcome back.", "tone_ms": 200}}]},
            {"when": "text", "contains": "clock", "send": [{"tool": {"name": "clock", "input": {"zone": "Lima"}}}]},
            {"when": "tool-result", "tool": "clock", "expect": {"zone": "Lima"},
             "send": [{"say": {"text": "It is noon.", "tone_ms": 200}}]},
            {"when": "text", "contains": "thanks", "send": [{"say": {"text": "My pleasure.", "tone_ms": 200}}]}
        ]}),
    );
    let history = folder.file("history.json", &json!([{"role": "user", "text": "I live in Lima."}, {"role": "assistant", "content": [{"text": "Noted."}]}]));
    let tools = folder.file(
        "tools.json",
        &json!([{"name": "clock", "description": "The time", "inputSchema": {"type": "object", "properties": {"zone": {"type": "string"}}}}]),
    );
    let transcript = folder.0.join("said.json");
    let server = Server::start(&scenario);
    let (history, tools, said) = (
        history.to_str().unwrap(),
        tools.to_str().unwrap(),
        transcript.to_str().unwrap(),
    );
    let output = server.sonic(&[
        "--greet",
        "Greet the caller.",
        "--text",
        "Ask the clock.",
        "--text",
        "many thanks",
        "--tool-command",
        "clock=cat",
        "--tools",
        tools,
        "--history",
        history,
        "--save-transcript",
        said,
        "--voice",
        "amy",
        "--system",
        "You are a clock.",
    ]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let lines = lines(&output);
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
    let again = server.sonic(&["--greet", "Greet the caller.", "--history", said]);
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
    let wrong = folder.file("wrong.json", &json!({"role": "user"}));
    let wrong = wrong.to_str().unwrap();
    for args in [
        &["--text", "hi", "--history", wrong][..],
        &["--text", "hi", "--history", "/nonexistent.json"],
        &["--text", "hi", "--tools", wrong],
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
