//! Instructions a frame under callgrind, beside the record: `cargo bench -p eventstream-sigv4 --bench instructions`.
//!
//! Counted without the functions that hash: valgrind knows no SHA instructions, so that their count says nothing of a real
//! machine and would drown the rest. `-- --record` writes the record anew. Where valgrind is missing, or CPU model or
//! toolchain are not the record's, the counts are printed and nothing is judged.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

#[path = "../../../eventstream-codec/benches/instructions/callgrind.rs"]
mod callgrind;
#[path = "../speed/ours.rs"]
mod ours;
#[path = "../../../eventstream-codec/benches/instructions/record.rs"]
mod record;

use std::hint::black_box;
use std::process::ExitCode;

use eventstream_codec::{Limits, Parsed, parse};
use eventstream_sigv4::{
    Credentials, DatePrecision, EventVerifier, Scope, Signature, VerifiedEvent,
};
use ours::{KEY_ID, SECRET, Stream};
use record::Record;

/// Functions whose instructions are not counted, by a part of their names.
const LEFT_OUT: [&str; 2] = ["crc32fast", "compress"];

/// What is counted, over so many frames.
type Case = (&'static str, fn(u32));

const CASES: [Case; 3] = [
    ("seal, dates cut to seconds", |frames| {
        seal(Stream::new(2028), frames);
    }),
    ("seal, dates in milliseconds", |frames| {
        let mut stream = Stream::new(2028);
        stream.signer = stream.signer.with_date_precision(DatePrecision::Millis);
        seal(stream, frames);
    }),
    ("seal and verify", verify),
];

fn seal(mut stream: Stream, frames: u32) {
    for _ in 0..frames {
        black_box(stream.seal());
    }
}

fn verify(frames: u32) {
    let mut stream = Stream::new(2028);
    let credentials = Credentials::new(KEY_ID, SECRET);
    let scope = Scope::new("us-east-1", "bedrock");
    let mut verifier = EventVerifier::new(Signature::from_bytes([7; 32]), &credentials, scope);
    for _ in 0..frames {
        let Ok(Parsed::Frame(outer)) = parse(stream.seal(), &Limits::bounded()) else {
            return;
        };
        let event = verifier.verify(outer).unwrap();
        assert!(matches!(event, VerifiedEvent::Event { .. }));
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let value = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)?.parse::<u32>().ok()
    };
    if let (Some(case), Some(calls)) = (value("--case"), value("--calls")) {
        CASES.get(case as usize).unwrap().1(calls);
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if !has("--bench") {
        return ExitCode::SUCCESS; // `cargo test --benches`: that it builds is enough
    }
    let Some(counts) = count_all() else {
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    };
    let found = Record::here(counts);
    print!("{found}");
    if has("--record") {
        found.write();
        return ExitCode::SUCCESS;
    }
    let rises = found.rises_over(&Record::read());
    for rise in &rises {
        println!("RISE {rise}");
    }
    ExitCode::from(u8::from(!rises.is_empty()))
}

/// Instructions a frame of every case, or `None` without valgrind.
fn count_all() -> Option<Vec<(String, f64)>> {
    let mut counts = Vec::new();
    for (index, (name, _)) in CASES.iter().enumerate() {
        // The difference of two runs leaves the start of the program out; 125 frames are four seconds.
        let (few, many) = (10, 135);
        let more = callgrind::count(index, many)?;
        let less = callgrind::count(index, few)?;
        let count = (more - less) / f64::from(many - few);
        counts.push(((*name).to_owned(), count.round()));
    }
    Some(counts)
}
