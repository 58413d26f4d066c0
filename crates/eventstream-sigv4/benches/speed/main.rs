//! Signing a frame beside aws-sigv4 and beside bare hashing, in one run and in turns: `cargo bench -p eventstream-sigv4`.
//!
//! The floor is SHA-256 of the inner frame and an HMAC over 320 bytes whose key was made before, both by sha2.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod floor;
mod ours;
mod theirs;
#[path = "../../../eventstream-codec/benches/speed/turns.rs"]
mod turns;

use std::hint::black_box;

use floor::Floor;
use ours::Stream;
use theirs::Theirs;
use turns::{Contender, Turns};

/// Payloads of the inner frames: next to none, 32 ms of speech as Nova Sonic carries it, a large one.
const SIZES: [(&str, usize); 3] = [("16 B", 16), ("2 KiB", 2028), ("64 KiB", 64 * 1024)];

fn main() {
    // `cargo bench` says `--bench`; `cargo test --benches` and `-- --smoke` only see that everything runs.
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let turns = if has("--bench") && !has("--smoke") {
        Turns::measured()
    } else {
        Turns::smoke()
    };
    println!(
        "a frame every 32 ms; ns a frame, medians of {} turns;",
        turns.rounds()
    );
    println!("ratios are medians of the ratios within a turn");
    for (size, payload) in SIZES {
        let (mut ours, mut theirs) = (Stream::new(payload), Theirs::new(payload));
        let floor = Floor::new(payload);
        let table = turns.run(&mut [
            Contender::new("EventSigner", || {
                black_box(ours.seal());
            }),
            Contender::new("aws-sigv4", || {
                black_box(theirs.sign());
            }),
            Contender::new("floor", || floor.hash()),
        ]);
        println!("\n{size}");
        print!("{table}");
        table.print_ratios(&[("aws-sigv4", "EventSigner"), ("EventSigner", "floor")]);
    }
}
