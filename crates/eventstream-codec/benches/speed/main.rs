//! Speed beside aws-smithy-eventstream and bare crc32fast, in one run and in turns: `cargo bench -p eventstream-codec`.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod ours;
mod theirs;
mod turns;

use ours::{CHUNK, Frames, TEXTS};
use turns::{Contender, Turns};

const SIZES: [(&str, usize); 4] = [
    ("128 B", 128),
    ("1.5 KiB", 1536),
    ("64 KiB", 64 * 1024),
    ("1 MiB", 1024 * 1024),
];

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
        "payload behind {} string headers; ns a frame, medians of {} turns;",
        TEXTS.len(),
        turns.rounds()
    );
    println!("ratios are medians of the ratios within a turn");
    for (size, payload) in SIZES {
        decode(&turns, size, &Frames::new(payload));
    }
    for (size, payload) in SIZES {
        chunked(&turns, size, &Frames::new(payload));
    }
    for (size, payload) in SIZES {
        encode(&turns, size, &Frames::new(payload));
    }
}

fn decode(turns: &Turns, size: &str, frames: &Frames) {
    let table = turns.run(&mut [
        Contender::new("parse", || frames.parse()),
        Contender::new("parse, all headers read", || frames.read()),
        Contender::new("Message::from_bytes", || frames.own()),
        Contender::new("smithy read_message_from", || theirs::read(frames)),
        Contender::new("crc32fast alone", || theirs::crc(frames)),
    ]);
    println!("\ndecode whole, {size}\n{table}");
    table.print_ratios(&[
        ("smithy read_message_from", "parse"),
        ("parse", "crc32fast alone"),
    ]);
}

fn chunked(turns: &Turns, size: &str, frames: &Frames) {
    let count = frames.count;
    let table = turns.run(&mut [
        Contender::per(count, "Decoder::next_frame", || frames.decode()),
        Contender::per(count, "Decoder::next_message", || frames.decode_owned()),
        Contender::per(count, "smithy MessageFrameDecoder", || {
            theirs::chunked(frames);
        }),
        Contender::per(count, "crc32fast alone", || theirs::crc_chunked(frames)),
        Contender::per(count, "copy and crc32fast", || {
            theirs::copy_and_crc_chunked(frames);
        }),
    ]);
    println!("\ndecode in chunks of {CHUNK}, {size}\n{table}");
    table.print_ratios(&[
        ("smithy MessageFrameDecoder", "Decoder::next_frame"),
        ("smithy MessageFrameDecoder", "Decoder::next_message"),
        ("smithy MessageFrameDecoder", "copy and crc32fast"),
    ]);
}

fn encode(turns: &Turns, size: &str, frames: &Frames) {
    let (mut whole, mut from_block, mut head, mut reused) = <_>::default();
    let (block, message) = (frames.header_block(), theirs::message(frames));
    let table = turns.run(&mut [
        Contender::new("encode_frame", || frames.encode(&mut whole)),
        Contender::new("with a HeaderBlock", || {
            frames.encode_block(&block, &mut from_block);
        }),
        Contender::new("around the payload", || frames.around(&mut head)),
        Contender::new("smithy write_message_to", || {
            theirs::encode(&message, &mut reused);
        }),
        Contender::new("crc32fast alone", || theirs::crc(frames)),
    ]);
    println!("\nencode into a reused buffer, {size}\n{table}");
    table.print_ratios(&[
        ("smithy write_message_to", "encode_frame"),
        ("smithy write_message_to", "with a HeaderBlock"),
        ("smithy write_message_to", "around the payload"),
    ]);
}
