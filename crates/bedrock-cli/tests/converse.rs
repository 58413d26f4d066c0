//! `bedrock converse`, run as a program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use bedrock_loopback::{Fault, FaultKind, Loopback};
use serde_json::Value;

fn bedrock(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    command
        .arg("converse")
        .args(args)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json_lines(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout).lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn file(name: &str, bytes: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A server in this process, and a command that talks to it with what the environment says.
struct Served {
    _runtime: tokio::runtime::Runtime,
    server: Loopback,
    ca_file: String,
}

impl Served {
    fn start(name: &str, fault: Option<Fault>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut builder = Loopback::builder().bearer_key("bedrock-api-key-1");
        if let Some(fault) = fault {
            builder = builder.fault(fault);
        }
        let server = runtime.block_on(builder.start()).unwrap();
        let ca_file = file(&format!("{name}.pem"), server.ca_pem().as_bytes());
        Self {
            _runtime: runtime,
            server,
            ca_file,
        }
    }

    fn bedrock(&self, args: &[&str]) -> Command {
        let mut command = bedrock(args);
        command
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", self.server.url())
            .env("AWS_CA_BUNDLE", &self.ca_file)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", self.server.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.server.secret_access_key());
        command
    }
}

#[test]
fn the_answer_is_on_stdout_and_nothing_else() {
    let output = bedrock(&["--loopback", "good morning"]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "good morning\n");
    assert_eq!(code(&output), 0);
}

#[test]
fn json_has_an_object_a_line_and_the_outcome_last() {
    let output = bedrock(&["--loopback", "--json", "--max-tokens", "1", "good morning"]);
    let output = { output }.output().unwrap();
    assert_eq!(code(&output), 0);
    let lines = json_lines(&output);
    assert_eq!(lines[0]["type"], "messageStart");
    let last = lines.last().unwrap();
    assert_eq!(last["outcome"], "complete");
    assert_eq!(last["error"], Value::Null);
    assert_eq!(last["reply"]["stop"]["reason"], "max_tokens");
    assert!(last["request_id"].is_string());
    assert!(lines.iter().any(|line| line["text"] == "good "));
}

#[test]
fn a_chat_remembers_and_ends_with_its_input() {
    let mut command = bedrock(&["--loopback", "--json", "--system", "Echo."]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"one\n\ntwo three\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    let lines = json_lines(&output);
    let outcomes: Vec<_> = lines
        .iter()
        .filter(|l| l["outcome"] == "complete")
        .collect();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(
        outcomes[1]["reply"]["blocks"][0]["text"]["text"],
        "two three"
    );
    let input = |n: usize| outcomes[n]["reply"]["metadata"]["usage"]["inputTokens"].as_u64();
    // The second request carries the first question and its answer.
    assert!(input(1).unwrap() > input(0).unwrap() + 10);
}

#[test]
fn pictures_documents_and_tools_go_along() {
    let image = file("dot.png", b"\x89PNG\r\n\x1a\n");
    let document = file("notes.txt", b"notes");
    let tool = r#"{"name":"t","inputSchema":{"json":{"type":"object"}}}"#;
    let tool = file("tool.json", tool.as_bytes());
    let args = ["--loopback", "--image", &image, "--document", &document];
    let output = bedrock(&[&args[..], &["--tool-spec", &tool, "see?"]].concat())
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let answer = text(&output.stdout);
    let image = answer.find("\"image\"").unwrap();
    assert!(image < answer.find("\"document\"").unwrap(), "{answer}");
    assert!(answer.ends_with("see?\n"), "{answer}");
}

#[test]
fn wrong_usage_is_2_and_names_what_is_wrong() {
    let not_an_image = file("not.png", b"GIF");
    for (args, says) in [
        (vec!["--image", "/nowhere.png", "x"], "/nowhere.png"),
        (vec!["--image", &not_an_image, "x"], "not a PNG"),
        (vec!["--document", &not_an_image, "x"], "must end in"),
        (
            vec!["--thinking", "2000", "--max-tokens", "2000", "x"],
            "--thinking",
        ),
        (vec![" "], "empty"),
        (vec!["--no-such-option"], "--no-such-option"),
        (vec![], "nothing was asked"),
    ] {
        let output = bedrock(&[&["--loopback"], &args[..]].concat())
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn the_environment_leads_to_the_endpoint_with_credentials_or_an_api_key() {
    let served = Served::start("environment", None);
    let output = served.bedrock(&["hello"]).output().unwrap();
    assert_eq!(text(&output.stdout), "hello\n", "{}", text(&output.stderr));
    for (key, expected) in [("bedrock-api-key-1", 0), ("bedrock-api-key-2", 1)] {
        let output = served
            .bedrock(&["hello"])
            .env("AWS_BEARER_TOKEN_BEDROCK", key)
            .output()
            .unwrap();
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("bedrock-api-key"));
    }
}

#[test]
fn a_failure_is_1_and_a_cut_is_3_and_both_keep_what_had_come() {
    for (kind, place, expected, outcome) in [
        (FaultKind::ExceptionThrottling, 3, 1, "failed"),
        (FaultKind::EndEarly, 2, 3, "incomplete"),
    ] {
        let served = Served::start(outcome, Some(Fault::new(kind).at(place)));
        let output = served.bedrock(&["good morning"]).output().unwrap();
        assert_eq!(text(&output.stdout), "good \n");
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).lines().count(), 1);

        let output = served
            .bedrock(&["--json", "good morning"])
            .output()
            .unwrap();
        assert_eq!(code(&output), expected);
        let last = json_lines(&output).pop().unwrap();
        assert_eq!(last["outcome"], outcome);
        assert!(last["error"].is_string());
        assert_eq!(last["reply"]["blocks"][0]["text"]["text"], "good ");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_had_come_and_is_130() {
    let silent = Fault::new(FaultKind::Silence).at(2);
    let served = Served::start("silence", Some(silent));
    let mut child = served
        .bedrock(&["--json", "good morning"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("good ") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "ended by itself");
    }
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(killed.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["outcome"], "incomplete");
    assert_eq!(last["error"], "interrupted");
    assert_eq!(last["reply"]["blocks"][0]["text"]["text"], "good ");
}
