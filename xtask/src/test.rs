//! `cargo xtask test`: every check that needs nothing but the Rust toolchain.

use crate::Outcome;
use crate::steps::Steps;
use crate::{conformance, guides, tidy, workspace};

/// What default features leave out and tests need. Each feature by itself is built in `.ci/run`.
pub(crate) const FEATURES: &[&str] = &[
    "bedrock-stream/http1",
    "bedrock-stream/proxy",
    "bedrock-stream/tower",
    "bedrock-stream/tracing",
    "converse-stream/http-body",
    "eventstream-codec/http-body",
    "eventstream-codec/stream",
    "eventstream-codec/tokio-util",
    "h2-duplex/proxy",
    "h2-duplex/tower",
    "h2-duplex/tracing",
];

/// Runs the checks in the order in which they fail fastest.
///
/// # Errors
/// The first step that failed.
pub(crate) fn run() -> Outcome {
    let mut steps = Steps::default();
    steps.command(
        "format",
        workspace::cargo().args(["fmt", "--all", "--check"]),
    )?;
    steps.command(
        "format of the peers",
        workspace::cargo().args([
            "fmt",
            "--all",
            "--check",
            "--manifest-path",
            "xtask/peers/Cargo.toml",
        ]),
    )?;
    steps.step("tidy", tidy::run)?;
    steps.command(
        "clippy",
        workspace::cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    steps.command(
        "unit, property and doc tests",
        workspace::cargo().args(["test", "--workspace", "--features", &FEATURES.join(",")]),
    )?;
    steps.command(
        "the codec without std",
        workspace::cargo().args([
            "build",
            "--locked",
            "--manifest-path",
            "crates/eventstream-codec/no-std/Cargo.toml",
            "--target-dir",
            "target/no-std",
        ]),
    )?;
    steps.command(
        "docs",
        workspace::cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    steps.step("guides", guides::run_all)?;
    steps.step("conformance", conformance::run_ours)?;
    println!("all checks passed: {}", steps.summary());
    Ok(())
}
