//! `--record`, `bedrock replay`, and `bedrock frames` on a recording, as a person or a script runs them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const QUESTION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/audio/question.wav"
);

/// The command, in an environment that knows nothing of AWS.
fn bedrock() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::null());
    command
}

/// A folder of a test's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("bedrock-replay-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeded(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A server in another process, and what it printed when it was ready.
struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    /// A client of it.
    fn client(&self, operation: &str) -> Command {
        let of = |member: &str| self.ready[member].as_str().unwrap();
        let mut client = bedrock();
        client
            .args([
                operation,
                "--endpoint-url",
                of("url"),
                "--ca-file",
                of("ca_file"),
            ])
            .args(["--region", of("region")])
            .env("AWS_ACCESS_KEY_ID", of("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", of("secret_access_key"));
        client
    }

    /// Its exit code and what it said, when it ends.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
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

    let server = replay(&file);
    succeeded(&ask(&mut server.client("converse"), "something else"));
    let (code, said) = server.ended();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the request.messages.0.content.0.text is different"),
        "{said}"
    );
    assert!(!said.contains("something else"), "{said}");
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
    let id = server.child.id().to_string();
    Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert_eq!(server.ended().0, Some(0));

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
