//! `bedrock frames --verify` as a program: a good chain passes, and the first wrong frame is named.

use std::process::Output;

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp, encode_frame};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};
use serde_json::Value;

use crate::command::{bedrock, fed};

const SEED: &str = "9d9ab996c81f32c9d4e6fc166c92584f3741d1cb5ce325cd11a77d1f962c8de2";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Five signed events and, perhaps, the signed end.
fn stream(ended: bool) -> BytesMut {
    let seed: Signature = SEED.parse().unwrap();
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET);
    let mut signer = EventSigner::new(seed, &credentials, Scope::new("us-east-1", "bedrock"));
    let mut wire = BytesMut::new();
    for second in 0..5_i64 {
        let now = Timestamp::from_millis(1_548_628_674_000 + second * 1000);
        let at = wire.len();
        wire.resize(at + signer.headroom(), 0);
        encode_frame(&[], b"an event", &mut wire).unwrap();
        signer.seal(now, &mut wire, at).unwrap();
    }
    if ended {
        signer
            .seal_end(Timestamp::from_millis(1_548_628_679_000), &mut wire)
            .unwrap();
    }
    wire
}

fn verify(secret: Option<&str>, seed: &str, input: &[u8]) -> Output {
    let mut command = bedrock();
    command.args([
        "frames",
        "-",
        "--json",
        "--verify",
        "--seed",
        seed,
        "--region",
        "us-east-1",
    ]);
    command.envs(secret.map(|secret| ("AWS_SECRET_ACCESS_KEY", secret)));
    fed(&mut command, input)
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_whole_chain_passes() {
    let output = verify(Some(SECRET), SEED, &stream(true));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines(&output).len(), 6);
}

#[test]
fn the_first_wrong_frame_is_named_and_those_before_it_are_shown() {
    let wire = stream(true);
    let frame = 79 + 24 + 4;
    let mut swapped = wire.to_vec();
    // The third event left out: the fourth no longer follows what it was signed behind.
    swapped.drain(2 * frame..3 * frame);
    let output = verify(Some(SECRET), SEED, &swapped);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    let error = &lines.last().unwrap()["error"];
    assert_eq!(error["kind"], "EventSignatureMismatch");
    assert_eq!(error["offset"], 2 * frame);
    assert!(
        error["message"].as_str().unwrap().starts_with("event 2:"),
        "{error}"
    );
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_wrong_seed_or_secret_fails_at_the_first_frame() {
    let (wire, other_seed) = (stream(true), "0".repeat(64));
    for (secret, seed) in [("another", SEED), (SECRET, other_seed.as_str())] {
        let output = verify(Some(secret), seed, &wire);
        assert_eq!(output.status.code(), Some(1));
        let lines = lines(&output);
        let error = &lines.last().unwrap()["error"];
        assert!(
            error["message"].as_str().unwrap().starts_with("event 0:"),
            "{error}"
        );
    }
}

#[test]
fn a_stream_without_its_signed_end_is_not_whole() {
    let output = verify(Some(SECRET), SEED, &stream(false));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        lines(&output).last().unwrap()["error"]["kind"],
        "EventEndMissing"
    );
}

#[test]
fn the_secret_comes_from_the_environment_alone() {
    let output = verify(None, SEED, &stream(true));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("AWS_SECRET_ACCESS_KEY"));
}
