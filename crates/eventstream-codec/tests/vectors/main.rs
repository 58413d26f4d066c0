//! Official vectors, recorded traffic and this project's own cases: what they say, in every chunk size, cut everywhere.
//!
//! The official ones lie beside the repository and are skipped where they do not; the format is docs/fixtures.md.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod case;
mod expectation;

use std::path::Path;

use bytes::Bytes;
use case::Case;
use eventstream_codec::{DecodeError, Decoder, Limits, Message};

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/eventstream");
const OFFICIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");

/// Frames, and how the stream ended.
type Outcome = (Vec<Message>, Result<(), DecodeError>);

#[test]
fn own_cases() {
    assert!(every_case(Path::new(OWN)) >= 60);
}

#[test]
fn official_vectors_and_recorded_traffic() {
    if Path::new(OFFICIAL).is_dir() {
        assert!(every_case(Path::new(OFFICIAL)) >= 220);
    } else {
        eprintln!("skipped: {OFFICIAL} is not there");
    }
}

/// Runs all cases under a folder and gives their number.
fn every_case(folder: &Path) -> usize {
    let mut count = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Some(case) = Case::load(&path) {
                run(&case, &path);
                count += 1;
            }
        }
    }
    count
}

fn run(case: &Case, path: &Path) {
    let name = path.display();
    if case.is_header_block() {
        return expectation::check_headers(case, &name);
    }
    let whole = decode(&case.bytes, case.bytes.len().max(1), case.limits());
    expectation::check_frames(case, &whole, &name);
    for chunk in chunk_sizes(&case.bytes, &whole.0) {
        let chunked = decode(&case.bytes, chunk, case.limits());
        assert_eq!(chunked, whole, "{name} in chunks of {chunk}");
    }
    cut_everywhere(case, &whole, &name);
}

/// Every size for small cases; 1 to 64, primes, frame edges and their neighbours for larger ones.
fn chunk_sizes(wire: &[u8], frames: &[Message]) -> Vec<usize> {
    if wire.len() <= 4096 {
        return (1..=wire.len()).collect();
    }
    if wire.len() > 1024 * 1024 {
        return vec![16 * 1024];
    }
    let mut sizes: Vec<_> = (1..=64).collect();
    sizes.extend([127, 257, 521, 1031, 2053, 4099, 8209, 16_411]);
    let mut edge = 0;
    for frame in frames.iter().take(40) {
        edge += frame.as_bytes().len();
        sizes.extend([edge - 1, edge, edge + 1]);
    }
    sizes
}

fn decode(wire: &Bytes, chunk: usize, limits: Limits) -> Outcome {
    let mut decoder = Decoder::with_limits(limits);
    let mut frames = Vec::new();
    for at in (0..wire.len()).step_by(chunk) {
        decoder.feed(wire.slice(at..wire.len().min(at + chunk)));
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => frames.push(message),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, decoder.finish())
}

/// One pass byte by byte that asks at each whether the stream may end there: at the frames' edges, and nowhere else.
fn cut_everywhere(case: &Case, whole: &Outcome, name: &impl std::fmt::Display) {
    if case.bytes.len() > 1024 * 1024 {
        return;
    }
    let mut decoder = Decoder::with_limits(case.limits());
    let mut edges = whole.0.iter().scan(0, |edge, frame| {
        *edge += frame.as_bytes().len();
        Some(*edge)
    });
    let mut next_edge = edges.next();
    for at in 0..case.bytes.len() {
        decoder.feed(case.bytes.slice(at..=at));
        match decoder.next_frame() {
            Ok(None) => {
                let error = decoder.finish().unwrap_err();
                assert_eq!(
                    error.kind().name(),
                    "IncompleteAtEof",
                    "{name} cut behind {at}"
                );
            }
            Ok(Some(_)) => {
                assert_eq!(next_edge, Some(at + 1), "{name}");
                next_edge = edges.next();
                assert_eq!(decoder.finish(), Ok(()), "{name} cut behind {at}");
            }
            Err(error) => {
                assert_eq!(Err(error.clone()), whole.1, "{name} cut behind {at}");
                assert_eq!(decoder.finish(), Err(error));
                break;
            }
        }
    }
    assert_eq!(next_edge, None, "{name}: a frame is missing");
}
