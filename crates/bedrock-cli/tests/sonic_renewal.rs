//! `bedrock sonic` with connections that are replaced, over real sockets; and without the live audio that it was not built with.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
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
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `bedrock serve`.
struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let mut child = bedrock()
            .args(["serve", "--json", "--quiet", "--strict"])
            .args(args)
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

/// A second of noise that no other number gives, at 16 kHz.
fn noise(number: u32) -> Vec<i16> {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let sample = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::try_from(state >> 19).unwrap() - 4_096
    };
    (0..16_000).map(sample).collect()
}

fn write_wav(path: &std::path::Path, samples: impl Iterator<Item = i16>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        file.write_sample(sample).unwrap();
    }
    file.finalize().unwrap();
}

/// 20 s of speech and pauses over real sockets, in real time, with a Bedrock that ends each session after five.
#[test]
fn a_voice_outlives_its_connections_and_keeps_every_sample() {
    let folder = Folder::new("renewal");
    let (question, reply) = (folder.0.join("question.wav"), folder.0.join("reply.wav"));
    let utterances: Vec<_> = (1..=5).map(noise).collect();
    let pause = std::iter::repeat_n(0, 16_000 * 31 / 10);
    let speech = utterances
        .iter()
        .flat_map(|said| said.iter().copied().chain(pause.clone()));
    write_wav(&question, speech);
    let server = Server::start(&["--fault", "model-timeout@5"]);
    let output = server.sonic(&[
        question.to_str().unwrap(),
        "--output-rate",
        "16000",
        "--renew-after",
        "3",
        "--out",
        reply.to_str().unwrap(),
    ]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let lines = lines(&output);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["outcome"], &last["dropped_ms"]),
        (&json!("complete"), &json!(0))
    );
    assert!(last["legs"].as_u64().unwrap() >= 5, "{last}");
    assert!(of_type(&lines, "renewed").len() >= 4);
    // The loopback says back what it heard, sample by sample.
    let heard = hound::WavReader::open(&reply).unwrap();
    let heard: Vec<i16> = heard.into_samples().map(Result::unwrap).collect();
    for (number, said) in utterances.iter().enumerate() {
        let found = heard
            .windows(said.len())
            .filter(|window| window == said)
            .count();
        assert_eq!(found, 1, "utterance {number} was heard {found} times");
    }
}

#[test]
fn live_audio_says_what_it_needs() {
    let cases: [&[&str]; 3] = [
        &["sonic"],
        &["sonic", "--loopback", "--live"],
        &["sonic", "--list-devices"],
    ];
    for case in cases {
        let output = bedrock()
            .args(case)
            .env("ALSA_CONFIG_PATH", "/dev/null")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if cfg!(feature = "live") {
            // No audio system at all.
            assert!(
                case[1..] == ["--list-devices"] || output.status.code() == Some(1),
                "{case:?}: {said}"
            );
        } else {
            assert_ne!(output.status.code(), Some(0));
            assert!(said.contains("--features live"), "{case:?}: {said}");
        }
    }
    let wrong = bedrock()
        .args(["sonic", "--renew-after", "5", "--no-renew", "x.wav"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
