//! `bedrock sonic` and `bedrock serve` as a person or a script runs them.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::command::{Folder, QUESTION, bedrock, fed, interrupt, last_json, text};
use crate::service::Server;

fn peak(pcm: &[u8]) -> i16 {
    pcm.chunks_exact(2)
        .map(|s| i16::from_le_bytes([s[0], s[1]]).saturating_abs())
        .max()
        .unwrap_or(0)
}

#[test]
fn a_question_in_a_wav_file_gives_a_reply_in_one() {
    let folder = Folder::new("reply");
    let reply = folder.file("reply.wav");
    let output = bedrock()
        .args(["sonic", "--loopback", "--fast", "--json", QUESTION, "--out"])
        .arg(&reply)
        .output()
        .unwrap();
    let wav = std::fs::read(&reply).unwrap();
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
    let speech = std::fs::read(QUESTION).unwrap().split_off(44);
    let args = [
        "sonic",
        "--loopback",
        "-",
        "--out",
        "-",
        "--output-rate",
        "16000",
    ];
    let output = fed(bedrock().args(args), &speech);
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
    let folder = Folder::new("interrupted");
    let reply = folder.file("reply.wav");
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
    assert_eq!(&wav[..4], b"RIFF");
}

#[test]
fn silence_gets_no_reply_and_is_called_incomplete() {
    let args = ["sonic", "--loopback", "--json", "-"];
    let output = fed(bedrock().args(args), &[0; 3200]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(last_json(&output)["outcome"], "incomplete");
    assert!(text(&output.stderr).contains("no reply within 15 s"));
}

#[test]
fn a_server_in_another_terminal_is_reached_by_url_and_ca_file() {
    let server = Server::start(bedrock().args(["serve", "--json"]));
    let ca_file = server.of("ca_file").to_owned();
    let call = |secret: &str| {
        let mut client = server.client("sonic");
        client.args(["--fast", QUESTION]);
        client
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .output()
            .unwrap()
    };
    let good = call(server.of("secret_access_key"));
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
    assert_eq!(server.interrupted().0, Some(0));
    assert!(!std::path::Path::new(&ca_file).exists());
}

#[test]
fn the_authority_is_named_so_that_it_is_found_from_any_folder() {
    let folder = Folder::new("authority");
    let mut command = bedrock();
    command.current_dir(folder.file("."));
    let server = Server::start(command.args(["serve", "--json", "--tls-dir", "ca"]));
    let ca_file = std::path::Path::new(server.of("ca_file"));
    assert!(ca_file.is_absolute() && ca_file.exists(), "{ca_file:?}");
    assert_eq!(server.interrupted().0, Some(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::start(bedrock().args(["serve", "--json"]));
    let taken = server.of("url").trim_start_matches("https://");
    let second = bedrock().args(["serve", "--listen", taken]).output();
    let second = second.unwrap();
    let said = text(&second.stderr);
    assert!(
        said.contains(&format!("cannot listen on {taken}")),
        "{said}"
    );
    assert_eq!(server.interrupted().0, Some(0));
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

    let mut serve = bedrock();
    serve.args(["serve", "--json", "--quiet", "--fault", "cut-mid-frame@3"]);
    let server = Server::start(&mut serve);
    let mut client = server.client("sonic");
    let output = client
        .args(["--fast", "--json", QUESTION])
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0));
    assert_ne!(last_json(&output)["outcome"], "complete");
    assert_eq!(server.interrupted().0, Some(0));
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
