//! `bedrock sonic` and `bedrock serve` as a person or a script runs them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
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

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("bedrock-cli-{}-{name}", std::process::id()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn peak(pcm: &[u8]) -> i16 {
    pcm.chunks_exact(2)
        .map(|s| i16::from_le_bytes([s[0], s[1]]).saturating_abs())
        .max()
        .unwrap_or(0)
}

fn last_json(output: &Output) -> Value {
    serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap()
}

#[test]
fn a_question_in_a_wav_file_gives_a_reply_in_one() {
    let reply = temporary("reply.wav");
    let output = bedrock()
        .args(["sonic", "--loopback", "--fast", "--json", QUESTION, "--out"])
        .arg(&reply)
        .output()
        .unwrap();
    let wav = std::fs::read(&reply).unwrap();
    std::fs::remove_file(&reply).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(&wav[..4], b"RIFF");
    assert_eq!(
        u32::from_le_bytes([wav[24], wav[25], wav[26], wav[27]]),
        24_000
    );
    assert!(peak(&wav[44..]) > 1000);
    let last = last_json(&output);
    assert_eq!(last["outcome"], "complete");
    assert_eq!(last["turns"], 1);
    assert_eq!(last["audio_bytes"].as_u64().unwrap(), wav.len() as u64 - 44);
}

#[test]
fn raw_audio_goes_through_pipes() {
    let mut child = bedrock()
        .args([
            "sonic",
            "--loopback",
            "-",
            "--out",
            "-",
            "--output-rate",
            "16000",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let speech = std::fs::read(QUESTION).unwrap().split_off(44);
    child.stdin.take().unwrap().write_all(&speech).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stdout.len() > 32_000,
        "{} bytes",
        output.stdout.len()
    );
    assert!(peak(&output.stdout) > 1000);
}

#[test]
fn ctrl_c_closes_cleanly_and_keeps_a_whole_file() {
    let reply = temporary("interrupted.wav");
    let mut child = bedrock()
        .args(["sonic", "--loopback", QUESTION, "--out"])
        .arg(&reply)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The session stands as soon as the service has heard the user.
    lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.starts_with("you"))
        .unwrap();
    interrupt(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line == "complete"), "{rest:?}");
    let wav = std::fs::read(&reply).unwrap();
    std::fs::remove_file(&reply).unwrap();
    assert_eq!(&wav[..4], b"RIFF");
}

#[test]
fn silence_gets_no_reply_and_is_called_incomplete() {
    let mut child = bedrock()
        .args(["sonic", "--loopback", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&[0; 3200]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(last_json(&output)["outcome"], "incomplete");
    assert!(text(&output.stderr).contains("no reply within 15 s"));
}

#[test]
fn a_server_in_another_terminal_is_reached_by_url_and_ca_file() {
    let mut server = bedrock()
        .args(["serve", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let of = |name: &str| ready[name].as_str().unwrap().to_owned();
    let call = |secret: &str| {
        bedrock()
            .args([
                "sonic",
                "--fast",
                QUESTION,
                "--endpoint-url",
                &of("url"),
                "--ca-file",
                &of("ca_file"),
            ])
            .args(["--region", &of("region")])
            .env("AWS_ACCESS_KEY_ID", of("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .output()
            .unwrap()
    };
    let good = call(&of("secret_access_key"));
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    let bad = call("another secret");
    assert_eq!(bad.status.code(), Some(1));
    let said = text(&bad.stderr);
    let line = said
        .lines()
        .find(|line| line.starts_with("bedrock:"))
        .unwrap();
    for part in [
        "InvalidSignatureException",
        "HTTP 403",
        "request id",
        "advice: do not retry",
    ] {
        assert!(line.contains(part), "{line}");
    }
    interrupt(&server);
    let mut log = String::new();
    server
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(&of("ca_file")).exists());
}

#[test]
fn a_fault_from_the_menu_ends_in_its_typed_outcome() {
    let menu = bedrock().args(["serve", "--list-faults"]).output().unwrap();
    assert_eq!(menu.status.code(), Some(0));
    let menu = text(&menu.stdout);
    assert!(
        menu.lines().count() > 30 && menu.contains("cut-mid-frame "),
        "{menu}"
    );

    let mut server = bedrock()
        .args(["serve", "--json", "--quiet", "--fault", "cut-mid-frame@3"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let of = |name: &str| ready[name].as_str().unwrap().to_owned();
    let output = bedrock()
        .args([
            "sonic",
            "--fast",
            "--json",
            QUESTION,
            "--region",
            "us-east-1",
        ])
        .args(["--endpoint-url", &of("url"), "--ca-file", &of("ca_file")])
        .env("AWS_ACCESS_KEY_ID", of("access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", of("secret_access_key"))
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0));
    assert_ne!(last_json(&output)["outcome"], "complete");
    interrupt(&server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn without_credentials_one_line_says_what_to_set() {
    let output = bedrock()
        .args(["sonic", QUESTION, "--region", "us-east-1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("bedrock:"))
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(
        lines[0].contains("AWS_ACCESS_KEY_ID") && lines[0].contains("aws sso login"),
        "{said}"
    );
    let output = bedrock().args(["sonic", QUESTION]).output().unwrap();
    assert!(text(&output.stderr).contains("AWS_REGION"));
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let cases: [&[&str]; 4] = [
        &["sonic"],
        &["sonic", "--loopback", "/nonexistent/voice.wav"],
        &["sonic", "--loopback", "-", "--input-rate", "44100"],
        &["sonic", "--loopback", QUESTION, "--json", "--out", "-"],
    ];
    for case in cases {
        let output = bedrock().args(case).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{case:?}: {}",
            text(&output.stderr)
        );
    }
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
