//! Instructions a frame under callgrind, beside the record: `cargo bench -p eventstream-sigv4 --bench instructions`.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

#[path = "../../../eventstream-codec/benches/instructions/callgrind.rs"]
mod callgrind;
#[path = "../../../eventstream-codec/benches/instructions/harness.rs"]
mod harness;
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
use harness::Case;
use ours::{KEY_ID, SECRET, Stream};

/// Functions whose instructions are not counted, by a part of their names.
const LEFT_OUT: &[&str] = &["crc32fast", "compress"];

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
    let cases = [
        Case::new("seal, dates cut to seconds", |frames| {
            seal(Stream::new(2028), frames);
        }),
        Case::new("seal, dates in milliseconds", |frames| {
            let mut stream = Stream::new(2028);
            stream.signer = stream.signer.with_date_precision(DatePrecision::Millis);
            seal(stream, frames);
        }),
        Case::new("seal and verify", verify),
    ];
    // 125 frames are four seconds, and so as many new dates.
    harness::main(&cases, 10, 125)
}
