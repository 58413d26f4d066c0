//! `bedrock converse`, run as a program.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use bedrock_loopback::{Fault, FaultKind, Loopback};
use serde_json::Value;

use crate::command::{Folder, bedrock, code, fed, interrupt, json_lines, text};
use crate::service::Served;

fn converse(args: &[&str]) -> Command {
    let mut command = bedrock();
    command.arg("converse").args(args);
    command
}

fn asked(served: &Served, args: &[&str]) -> Command {
    let mut command = served.bedrock();
    command.arg("converse").args(args);
    command
}

#[test]
fn the_answer_is_on_stdout_and_nothing_else() {
    let output = converse(&["--loopback", "good morning"]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "good morning\n");
    assert_eq!(code(&output), 0);
}

#[test]
fn json_has_an_object_a_line_and_the_outcome_last() {
    let output = converse(&["--loopback", "--json", "--max-tokens", "1", "good morning"]);
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
    let mut command = converse(&["--loopback", "--json", "--system", "Echo."]);
    let output = fed(&mut command, b"one\n\ntwo three\n");
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
    let folder = Folder::new("attachments");
    let image = folder.write("dot.png", b"\x89PNG\r\n\x1a\n");
    let document = folder.write("notes.txt", b"notes");
    let tool = r#"{"name":"t","inputSchema":{"json":{"type":"object"}}}"#;
    let tool = folder.write("tool.json", tool);
    let args = ["--loopback", "--image", &image, "--document", &document];
    let output = converse(&[&args[..], &["--tool-spec", &tool, "see?"]].concat())
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
    let folder = Folder::new("no-image");
    let not_an_image = folder.write("not.png", b"GIF");
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
        let output = converse(&[&["--loopback"], &args[..]].concat())
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
    let served = Served::start(
        "environment",
        Loopback::builder().bearer_key("bedrock-api-key-1"),
    );
    let output = asked(&served, &["hello"]).output().unwrap();
    assert_eq!(text(&output.stdout), "hello\n", "{}", text(&output.stderr));
    for (key, expected) in [("bedrock-api-key-1", 0), ("bedrock-api-key-2", 1)] {
        let output = asked(&served, &["hello"])
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
        let served = Served::start(
            outcome,
            Loopback::builder().fault(Fault::new(kind).at(place)),
        );
        let output = asked(&served, &["good morning"]).output().unwrap();
        assert_eq!(text(&output.stdout), "good \n");
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).lines().count(), 1);

        let output = asked(&served, &["--json", "good morning"])
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
    let served = Served::start("silence", Loopback::builder().fault(silent));
    let mut child = asked(&served, &["--json", "good morning"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("good ") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "ended by itself");
    }
    interrupt(&child);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["outcome"], "incomplete");
    assert_eq!(last["error"], "interrupted");
    assert_eq!(last["reply"]["blocks"][0]["text"]["text"], "good ");
}
