//! `cargo xtask test`: every check that needs nothing but the Rust toolchain.

use std::process::Command;

use crate::Outcome;
use crate::steps::Steps;
use crate::{conformance, tidy, workspace};

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
        workspace::cargo().args(["test", "--workspace"]),
    )?;
    // What default features leave out.
    steps.command(
        "features of the codec",
        &mut with_features("eventstream-codec", "stream,http-body,tokio-util"),
    )?;
    steps.command(
        "features of the transport",
        &mut with_features("h2-duplex", "proxy,tower,tracing"),
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
    steps.step("conformance", conformance::run_ours)?;
    println!("all checks passed: {}", steps.summary());
    Ok(())
}

fn with_features(package: &str, features: &str) -> Command {
    let mut command = workspace::cargo();
    command.args(["test", "--package", package, "--features", features]);
    command
}
