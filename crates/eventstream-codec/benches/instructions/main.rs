//! Instructions a frame under callgrind, beside the record: `cargo bench -p eventstream-codec --bench instructions`.
//!
//! Counted without the functions of crc32fast: valgrind knows neither AVX-512 nor VPCLMULQDQ, so that their count says
//! nothing of a real machine and would drown the rest. `-- --record` writes the record anew. Where valgrind is missing,
//! or CPU model or toolchain are not the record's, the counts are printed and nothing is judged.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod callgrind;
#[path = "../speed/ours.rs"]
mod ours;
mod record;

use std::process::ExitCode;

use bytes::BytesMut;
use ours::Frames;
use record::Record;

/// Functions whose instructions are not counted, by a part of their names.
const LEFT_OUT: [&str; 1] = ["crc32fast"];

/// What is counted.
struct Case {
    name: &'static str,
    /// Bytes of a frame's payload.
    payload: usize,
    /// Whether a call handles all the frames of the chunked stream, not one.
    stream: bool,
    run: fn(&Frames, u32),
}

const fn case(name: &'static str, payload: usize, run: fn(&Frames, u32)) -> Case {
    Case {
        name,
        payload,
        stream: false,
        run,
    }
}

const fn stream(name: &'static str, payload: usize, run: fn(&Frames, u32)) -> Case {
    Case {
        name,
        payload,
        stream: true,
        run,
    }
}

const CASES: &[Case] = &[
    case("parse", 128, |frames, calls| {
        (0..calls).for_each(|_| frames.parse());
    }),
    case("parse, headers read", 128, |frames, calls| {
        (0..calls).for_each(|_| frames.read());
    }),
    case("own", 128, |frames, calls| {
        (0..calls).for_each(|_| frames.own());
    }),
    stream("chunks", 128, |frames, calls| {
        (0..calls).for_each(|_| frames.decode());
    }),
    stream("chunks", 1536, |frames, calls| {
        (0..calls).for_each(|_| frames.decode());
    }),
    stream("chunks, owned", 1536, |frames, calls| {
        (0..calls).for_each(|_| frames.decode_owned());
    }),
    case("encode", 128, |frames, calls| {
        let mut buf = BytesMut::new();
        (0..calls).for_each(|_| frames.encode(&mut buf));
    }),
    case("encode with block", 128, |frames, calls| {
        let (block, mut buf) = (frames.header_block(), BytesMut::new());
        (0..calls).for_each(|_| frames.encode_block(&block, &mut buf));
    }),
    case("around", 1536, |frames, calls| {
        let mut buf = BytesMut::new();
        (0..calls).for_each(|_| frames.around(&mut buf));
    }),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let value = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)?.parse::<u32>().ok()
    };
    if let (Some(case), Some(calls)) = (value("--case"), value("--calls")) {
        let case = CASES.get(case as usize).unwrap();
        (case.run)(&Frames::new(case.payload), calls);
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
    for (index, case) in CASES.iter().enumerate() {
        // The difference of two runs leaves the start of the program out.
        let (few, many) = (10, 60);
        let more = callgrind::count(index, many)?;
        let less = callgrind::count(index, few)?;
        let streamed = Frames::new(case.payload).count;
        let frames = if case.stream { streamed } else { 1 };
        let per = f64::from(many - few) * f64::from(u32::try_from(frames).unwrap());
        let name = format!("{} {}", case.name, case.payload);
        counts.push((name, ((more - less) / per).round()));
    }
    Some(counts)
}
