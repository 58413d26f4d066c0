//! What a user is told of each fault of the loopback's menu: one line each, in `fixtures/errors`.
//!
//! `BLESS=1` writes the lines anew; each is to be read as somebody would who has been woken by it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ask;
mod stage;

use std::fmt::Write as _;
use std::path::Path;

use bedrock_loopback::FaultKind;
use std::future::Future;
use std::pin::Pin;

use stage::Stage;

#[tokio::test(start_paused = true)]
async fn of_a_voice_session() {
    compare("sonic.txt", |stage| Box::pin(ask::speak(stage))).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_converse_stream() {
    compare("converse.txt", |stage| Box::pin(ask::converse(stage))).await;
}

/// Faults of the CONNECT front, which these pipes go past.
fn of_a_proxy(fault: FaultKind) -> bool {
    fault.name().starts_with("connect-")
}

/// Checksums hang on names drawn at random.
fn without_numbers(line: &str) -> String {
    let mut parts = line.split("0x");
    let mut told = parts.next().unwrap().to_owned();
    for part in parts {
        told.push_str("0x…");
        told.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    told
}

/// Asks each server of the menu and compares what is told with the golden file.
async fn compare(golden: &str, ask: fn(Stage) -> Pin<Box<dyn Future<Output = String>>>) {
    let mut told = String::new();
    for fault in FaultKind::all().filter(|fault| !of_a_proxy(*fault)) {
        let line = without_numbers(&ask(Stage::with(fault)).await);
        assert!(!line.contains('\n'), "{}: {line}", fault.name());
        writeln!(told, "{}: {line}", fault.name()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/errors")
        .join(golden);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file");
    let falls_back = cfg!(feature = "http1") && golden == "converse.txt";
    for (told, expected) in told.lines().zip(expected.lines()) {
        // Where the client may speak HTTP/1.1 as well, a one-way call is well.
        if falls_back && expected.starts_with("alpn-http1: ") {
            assert_eq!(told, "alpn-http1: complete");
            continue;
        }
        assert_eq!(told, expected);
    }
    assert_eq!(told.lines().count(), expected.lines().count());
}
