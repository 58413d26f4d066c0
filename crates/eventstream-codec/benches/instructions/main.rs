//! Instructions a frame under callgrind, beside the record: `cargo bench -p eventstream-codec --bench instructions`.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

mod callgrind;
mod harness;
#[path = "../speed/ours.rs"]
mod ours;
mod record;

use std::process::ExitCode;

use bytes::BytesMut;
use harness::Case;
use ours::Frames;

/// Functions whose instructions are not counted, by a part of their names.
const LEFT_OUT: &[&str] = &["crc32fast"];

/// A case of one frame a call.
fn case(name: &'static str, payload: usize, run: fn(&Frames)) -> Case {
    Case::new(name, move |calls| {
        let frames = Frames::new(payload);
        (0..calls).for_each(|_| run(&frames));
    })
}

/// A case that handles all the frames of the chunked stream in a call.
fn stream(name: &'static str, payload: usize, run: fn(&Frames)) -> Case {
    Case {
        frames: u32::try_from(Frames::new(payload).count).unwrap(),
        ..case(name, payload, run)
    }
}

fn main() -> ExitCode {
    let cases = [
        case("parse 128", 128, Frames::parse),
        case("parse, headers read 128", 128, Frames::read),
        case("own 128", 128, Frames::own),
        stream("chunks 128", 128, Frames::decode),
        stream("chunks 1536", 1536, Frames::decode),
        stream("chunks, owned 1536", 1536, Frames::decode_owned),
        Case::new("encode 128", |calls| {
            let (frames, mut buf) = (Frames::new(128), BytesMut::new());
            (0..calls).for_each(|_| frames.encode(&mut buf));
        }),
        Case::new("encode with block 128", |calls| {
            let (frames, mut buf) = (Frames::new(128), BytesMut::new());
            let block = frames.header_block();
            (0..calls).for_each(|_| frames.encode_block(&block, &mut buf));
        }),
        Case::new("around 1536", |calls| {
            let (frames, mut buf) = (Frames::new(1536), BytesMut::new());
            (0..calls).for_each(|_| frames.around(&mut buf));
        }),
    ];
    harness::main(&cases, 10, 50)
}
