//! `bedrock sonic --live` with real ALSA devices that are files: opened, listed, heard, closed. Built with the feature `live` only.
#![cfg(all(feature = "live", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// An ALSA configuration whose only card is a silent microphone and a loudspeaker that writes what it plays.
struct Devices(PathBuf);

impl Devices {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("bedrock-live-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let devices = Self(folder);
        let heard = devices.heard();
        let config = format!(
            "</usr/share/alsa/alsa.conf>\n\
             pcm.silent {{ type null }}\n\
             pcm.mic {{ type file slave.pcm \"silent\" file \"/dev/null\" infile \"/dev/zero\" format \"raw\" }}\n\
             pcm.speaker {{ type file slave.pcm \"silent\" file \"{}\" format \"raw\" }}\n\
             pcm.both {{ type asym playback.pcm \"speaker\" capture.pcm \"mic\" }}\n\
             pcm.!default {{ type plug slave {{ pcm \"both\" format S16_LE rate 48000 channels 2 }} }}\n",
            heard.display()
        );
        std::fs::write(devices.config(), config).unwrap();
        devices
    }

    fn config(&self) -> PathBuf {
        self.0.join("asound.conf")
    }

    fn heard(&self) -> PathBuf {
        self.0.join("heard.raw")
    }

    fn bedrock(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
        command
            .args(args)
            .env("ALSA_CONFIG_PATH", self.config())
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A call that does not outlive its test.
struct Call(Child);

impl Drop for Call {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_greeting_is_played_and_ctrl_c_ends_the_call_in_order() {
    let devices = Devices::new("call");
    let args = [
        "sonic",
        "--live",
        "--loopback",
        "--json",
        "--greet",
        "Greet the caller.",
    ];
    let child = devices
        .bedrock(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut call = Call(child.unwrap());
    let lines = BufReader::new(call.0.stdout.take().unwrap()).lines();
    let mut last = Value::Null;
    for line in lines.map_while(Result::ok) {
        last = serde_json::from_str(&line).unwrap();
        if last["type"] == "assistantText" && last["stage"] == "final" {
            let id = call.0.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-INT", &id])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
    let mut said = String::new();
    call.0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let status = call.0.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{said} {last}");
    assert_eq!(last["outcome"], "complete", "{said}");
    let heard = std::fs::read(devices.heard()).unwrap();
    let loudest = heard
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs())
        .max();
    assert!(
        loudest > Some(1_000),
        "{loudest:?} in {} bytes",
        heard.len()
    );
}

#[test]
fn devices_are_listed_and_a_wrong_name_says_which_there_are() {
    let devices = Devices::new("list");
    let listed = devices
        .bedrock(&["sonic", "--list-devices"])
        .output()
        .unwrap();
    let names = String::from_utf8_lossy(&listed.stdout);
    assert_eq!(
        listed.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    assert!(
        names.contains("microphone") && names.contains("(default)"),
        "{names}"
    );
    let args = ["sonic", "--loopback", "--input-device", "no such thing"];
    let wrong = devices.bedrock(&args).output().unwrap();
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(
        said.contains("--input-device") && said.contains("default"),
        "{said}"
    );
}

#[test]
fn without_any_device_one_line_says_what_to_do() {
    let devices = Devices::new("none");
    std::fs::write(devices.config(), "pcm.!default { type hw card 0 }\n").unwrap();
    let output = devices
        .bedrock(&["sonic", "--live", "--loopback"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("bedrock:"))
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("--list-devices"), "{said}");
}
