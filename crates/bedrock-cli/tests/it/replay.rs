//! `--record`, `bedrock replay`, and `bedrock frames` on a recording, as a person or a script runs them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::command::{Folder, QUESTION, bedrock, text};
use crate::service::Server;

fn succeeded(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn replay(file: &Path) -> Server {
    Server::start(
        bedrock()
            .arg("replay")
            .arg(file)
            .args(["--once", "--json", "--at-once"]),
    )
}

#[test]
fn a_recorded_answer_is_given_again_and_another_question_is_told() {
    let folder = Folder::new("converse");
    let file = folder.file("answer.jsonl");
    let ask =
        |command: &mut Command, prompt: &str| command.args(["--json", prompt]).output().unwrap();
    let mut live = bedrock();
    live.args(["converse", "--loopback", "--record-text", "--record"])
        .arg(&file);
    let live = succeeded(&ask(&mut live, "one two three"));

    let server = replay(&file);
    let again = succeeded(&ask(&mut server.client("converse"), "one two three"));
    assert_eq!(again, live);
    let (code, said) = server.ended();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("call 1 (converse-stream): as recorded"),
        "{said}"
    );

    let other = folder.file("other.jsonl");
    let mut serve = bedrock();
    serve.arg("replay").arg(&file).args(["--once", "--json"]);
    let server = Server::start(serve.arg("--record").arg(&other));
    succeeded(&ask(&mut server.client("converse"), "something else"));
    let (code, said) = server.ended();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the request.messages.0.content.0.text is different"),
        "{said}"
    );
    assert!(!said.contains("something else"), "{said}");
    let recorded = std::fs::read_to_string(other).unwrap();
    assert!(recorded.contains("messageStop") && recorded.contains("\"closed\":true"));
}

#[test]
fn a_recorded_session_is_held_again_without_its_speech() {
    let folder = Folder::new("sonic");
    let file = folder.file("talk.jsonl");
    let mut live = bedrock();
    live.args(["sonic", "--loopback", "--fast", QUESTION, "--record"])
        .arg(&file);
    succeeded(&live.output().unwrap());
    let recorded = std::fs::read_to_string(&file).unwrap();
    assert!(recorded.ends_with("{\"closed\":true}\n"));
    assert!(!recorded.contains("AKIDEXAMPLE") && !recorded.contains("friendly"));

    let server = replay(&file);
    let mut again = server.client("sonic");
    let output = again.args(["--fast", "--json", QUESTION]).output().unwrap();
    let events = succeeded(&output);
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["outcome"], &last["turns"]),
        (&"complete".into(), &1.into())
    );
    let (code, said) = server.ended();
    assert_eq!(code, Some(0), "{said}");

    // A cut file is served to where it was cut, and nobody takes that for the whole.
    let cut = folder.file("cut.jsonl");
    std::fs::write(&cut, &recorded[..recorded.len() / 2]).unwrap();
    let server = replay(&cut);
    let output = server
        .client("sonic")
        .args(["--fast", QUESTION])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(server.ended().1.contains("the recording was cut"));
}

#[test]
fn a_server_takes_down_its_clients_and_frames_reads_it() {
    let folder = Folder::new("serve");
    let file = folder.file("calls.jsonl");
    let server = Server::start(
        bedrock()
            .args(["serve", "--json", "--record-text", "--record"])
            .arg(&file),
    );
    succeeded(
        &server
            .client("converse")
            .arg("one two three")
            .output()
            .unwrap(),
    );
    succeeded(
        &server
            .client("sonic")
            .args(["--fast", QUESTION])
            .output()
            .unwrap(),
    );
    assert_eq!(server.interrupted().0, Some(0));

    let frames = |args: &[&str]| {
        let mut frames = bedrock();
        frames.arg("frames").arg(&file).args(args).output().unwrap()
    };
    let down = succeeded(&frames(&["--call", "1", "--json"]));
    assert!(
        down.lines().count() > 4 && down.contains("messageStop"),
        "{down}"
    );
    let up = succeeded(&frames(&[
        "--direction",
        "up",
        "--unwrap",
        "--decode-bytes",
    ]));
    assert!(
        up.contains("sessionStart") && up.contains("the signed end"),
        "{}",
        up.len()
    );
    let none = frames(&["--call", "1", "--direction", "up"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("no frames went up"));

    let cases = folder.file("cases");
    let output = bedrock()
        .arg("replay")
        .arg(&file)
        .arg("--case")
        .arg(&cases)
        .output()
        .unwrap();
    succeeded(&output);
    let mut names: Vec<_> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "calls-1-down.bin",
            "calls-1-down.json",
            "calls-2-down.bin",
            "calls-2-down.json",
            "calls-2-up.bin",
            "calls-2-up.json",
        ]
    );
}

#[test]
fn what_is_no_recording_is_one_line() {
    let output = bedrock().args(["replay", QUESTION]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("this is no recording"));
}

#[test]
fn every_command_that_talks_takes_down_its_calls() {
    let folder = Folder::new("every");
    let question = ["--fast", QUESTION];
    let commands: [(&str, &[&str], &str); 4] = [
        ("sonic", &question, "invoke-with-bidirectional-stream"),
        ("converse", &["good morning"], "converse-stream"),
        ("invoke", &["good morning"], "invoke-with-response-stream"),
        (
            "doctor",
            &["--model", "amazon.nova-lite-v1:0"],
            "converse-stream",
        ),
    ];
    for (command, args, operation) in commands {
        let file = folder.file(&format!("{command}.jsonl"));
        let mut talking = bedrock();
        talking.args([command, "--loopback"]).args(args);
        talking.arg("--record").arg(&file);
        succeeded(&talking.output().unwrap());
        let recorded = std::fs::read_to_string(&file).unwrap();
        assert!(recorded.contains(operation), "{command}");
        assert!(recorded.ends_with("{\"closed\":true}\n"), "{command}");
    }
}
