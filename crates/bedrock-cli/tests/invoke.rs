//! `bedrock invoke`, run as a program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use bedrock_loopback::{Fault, FaultKind, Loopback};
use serde_json::{Value, json};

fn bedrock(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    command
        .arg("invoke")
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

fn last_line(output: &Output) -> Value {
    serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap()
}

#[test]
fn every_kind_of_model_answers_in_its_own_format() {
    for model in [
        "amazon.nova-lite-v1:0",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "meta.llama3-8b-instruct-v1:0",
        "amazon.titan-text-express-v1",
        "mistral.mistral-7b-instruct-v0:2",
        "cohere.command-r-v1:0",
    ] {
        let output = bedrock(&["--loopback", "--model", model, "--json", "good morning"])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{model}: {}", text(&output.stderr));
        let last = last_line(&output);
        assert_eq!(last["outcome"], "complete", "{model}");
        let said = last["reply"]["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(said.contains("good morning"), "{model}: {said}");
    }
}

#[test]
fn a_body_goes_out_as_it_is_from_a_file_or_stdin() {
    let body = json!({"prompt": "good morning", "max_gen_len": 50}).to_string();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("body.json");
    std::fs::write(&path, &body).unwrap();
    let model = ["--loopback", "--model", "meta.llama3-8b-instruct-v1:0"];
    let file = bedrock(&[&model[..], &["--body", path.to_str().unwrap()]].concat());
    let from_file = { file }.output().unwrap();
    assert_eq!(code(&from_file), 0, "{}", text(&from_file.stderr));
    assert_eq!(text(&from_file.stdout), "good morning\n");

    let mut child = bedrock(&[&model[..], &["--body", "-"]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    let from_stdin = child.wait_with_output().unwrap();
    assert_eq!(from_stdin.stdout, from_file.stdout);
}

#[test]
fn a_failure_is_1_and_a_cut_is_3_and_both_keep_what_had_come() {
    for (kind, expected, outcome) in [
        (FaultKind::ExceptionThrottling, 1, "failed"),
        (FaultKind::EndEarly, 3, "incomplete"),
    ] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let builder = Loopback::builder().fault(Fault::new(kind).at(3));
        let server = runtime.block_on(builder.start()).unwrap();
        let ca_file =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("invoke-{outcome}.pem"));
        std::fs::write(&ca_file, server.ca_pem()).unwrap();
        let output = bedrock(&[
            "--json",
            "--model",
            "meta.llama3-8b-instruct-v1:0",
            "a b c d e f",
        ])
        .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url())
        .env("AWS_CA_BUNDLE", &ca_file)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", server.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", server.secret_access_key())
        .output()
        .unwrap();
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
        let last = last_line(&output);
        assert_eq!(last["outcome"], outcome);
        let said = last["reply"]["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(!said.is_empty());
    }
}

#[test]
fn wrong_usage_is_2_and_names_what_is_wrong() {
    for (args, says) in [
        (&["--model", "my-own-model", "x"][..], "--family"),
        (&["--family", "lama", "x"], "one of nova"),
        (&["--body", "/nowhere.json"], "/nowhere.json"),
        (&["--body", "/dev/null"], "EOF"),
        (&["--body", "b.json", "x"], "cannot be used with"),
        (&[" "], "empty"),
        (&[], "PROMPT"),
    ] {
        let output = bedrock(&[&["--loopback"], args].concat()).output().unwrap();
        assert_eq!(code(&output), 2, "{args:?}: {}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(says),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
}
