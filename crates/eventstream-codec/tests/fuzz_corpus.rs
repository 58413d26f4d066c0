//! The fuzz targets, replayed over their committed corpus.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../fuzz/src/lib.rs"]
mod bodies;

use std::path::Path;

/// Files that a corpus holds at least; an empty folder would prove nothing.
const LEAST: usize = 5;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let data = std::fs::read(entry.unwrap().path()).unwrap();
        // Cut anywhere and with any byte changed it must hold as well.
        for cut in 0..=data.len() {
            body(&data[..cut]);
        }
        for at in 0..data.len() {
            let mut data = data.clone();
            data[at] = data[at].wrapping_add(97);
            body(&data);
        }
        count += 1;
    }
    assert!(count >= LEAST, "{}: {count} files", folder.display());
}

#[test]
fn decode() {
    replay("decode", bodies::decode);
}

#[test]
fn repaired() {
    replay("repaired", bodies::repaired);
}

#[test]
fn headers() {
    replay("headers", bodies::headers);
}

#[test]
fn encode() {
    replay("encode", bodies::encode);
}

#[test]
fn differential() {
    replay("differential", bodies::differential);
}
