//! 32 ms of speech to a signed wire frame, beside the same work done with AWS's crates, in one run and in turns:
//! `cargo bench -p bedrock-stream --bench audio_frame`.
//!
//! Both sides make an `audioInput` event of 1 KiB of PCM, its base64 in JSON, that as base64 in JSON again, an inner
//! frame of it and a signed outer one. The floor is the hashing that no signer can do without, with the same library that
//! hashes frames here: SHA-256 of the inner frame, and an HMAC over 320 bytes whose key was made before.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod floor;
mod ours;
mod theirs;
#[path = "../../../eventstream-codec/benches/speed/turns.rs"]
mod turns;

use std::hint::black_box;

use floor::Floor;
use ours::Ours;
use theirs::Theirs;
use turns::{Contender, Turns};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const START_MS: i64 = 1_798_700_000_000;
/// What one frame of audio lasts, and so how far the clock moves.
const FRAME_MS: i64 = 32;

fn main() {
    // `cargo bench` says `--bench`; `cargo test --benches` and `-- --smoke` only see that everything runs.
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let turns = if has("--bench") && !has("--smoke") {
        Turns::measured()
    } else {
        Turns::smoke()
    };
    let pcm: Vec<u8> = (0..1024_u32)
        .map(|i| (i * 37 % 251).to_le_bytes()[0])
        .collect();
    let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
    assert_eq!(
        ours.frame(&pcm).len(),
        theirs.frame(&pcm).len(),
        "the same work"
    );
    let floor = Floor::new(ours.frame(&pcm).len() - 83);

    println!(
        "1 KiB of PCM to a signed frame; ns a frame, medians of {} turns;",
        turns.rounds()
    );
    println!("ratios are medians of the ratios within a turn");
    let table = turns.run(&mut [
        Contender::new("Writer + EventSigner", || {
            black_box(ours.frame(&pcm));
        }),
        Contender::new("base64, serde_json, smithy, aws-sigv4", || {
            black_box(theirs.frame(&pcm));
        }),
        Contender::new("floor", || floor.hash()),
        Contender::new("floor by sha2", || floor.hash_by_sha2()),
    ]);
    print!("{table}");
    table.print_ratios(&[
        (
            "base64, serde_json, smithy, aws-sigv4",
            "Writer + EventSigner",
        ),
        ("Writer + EventSigner", "floor"),
        ("Writer + EventSigner", "floor by sha2"),
    ]);
}
