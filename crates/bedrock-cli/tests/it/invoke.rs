//! `bedrock invoke`, run as a program.

use std::process::Command;

use bedrock_loopback::{Fault, FaultKind, Loopback};
use serde_json::json;

use crate::command::{Folder, bedrock, code, fed, last_json, text};
use crate::service::Served;

fn invoke(args: &[&str]) -> Command {
    let mut command = bedrock();
    command.arg("invoke").args(args);
    command
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
        let output = invoke(&["--loopback", "--model", model, "--json", "good morning"])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{model}: {}", text(&output.stderr));
        let last = last_json(&output);
        assert_eq!(last["outcome"], "complete", "{model}");
        let said = last["reply"]["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(said.contains("good morning"), "{model}: {said}");
    }
}

#[test]
fn a_body_goes_out_as_it_is_from_a_file_or_stdin() {
    let body = json!({"prompt": "good morning", "max_gen_len": 50}).to_string();
    let folder = Folder::new("body");
    let path = folder.write("body.json", &body);
    let model = ["--loopback", "--model", "meta.llama3-8b-instruct-v1:0"];
    let file = invoke(&[&model[..], &["--body", &path]].concat());
    let from_file = { file }.output().unwrap();
    assert_eq!(code(&from_file), 0, "{}", text(&from_file.stderr));
    assert_eq!(text(&from_file.stdout), "good morning\n");

    let mut from_stdin = invoke(&[&model[..], &["--body", "-"]].concat());
    let from_stdin = fed(&mut from_stdin, body.as_bytes());
    assert_eq!(from_stdin.stdout, from_file.stdout);
}

#[test]
fn a_failure_is_1_and_a_cut_is_3_and_both_keep_what_had_come() {
    for (kind, expected, outcome) in [
        (FaultKind::ExceptionThrottling, 1, "failed"),
        (FaultKind::EndEarly, 3, "incomplete"),
    ] {
        let builder = Loopback::builder().fault(Fault::new(kind).at(3));
        let served = Served::start(&format!("invoke-{outcome}"), builder);
        let model = ["invoke", "--model", "meta.llama3-8b-instruct-v1:0"];
        let mut invoke = served.bedrock();
        invoke.args(model).args(["--json", "a b c d e f"]);
        let output = invoke.output().unwrap();
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
        let last = last_json(&output);
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
        let output = invoke(&[&["--loopback"], args].concat()).output().unwrap();
        assert_eq!(code(&output), 2, "{args:?}: {}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(says),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
}
