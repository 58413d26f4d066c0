//! The project's own checks, as `cargo xtask NAME`: one file or folder a subcommand.

mod bench;
mod browser;
mod conformance;
mod failure;
mod guides;
mod interop;
mod netns;
mod peers;
mod public_api;
mod sbom;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Every check of this repository; `test` runs all that need nothing but the Rust toolchain.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Format, lints, unit, property and doc tests, tidy, conformance, docs.
    Test,
    /// Event-stream and signing cases against this repository's crates.
    Conformance(conformance::Arguments),
    /// Official SDKs against our local Bedrock, and our client against servers that others wrote.
    Interop(interop::Arguments),
    /// The public surface of each crate against the committed one; needs cargo-public-api.
    PublicApi(public_api::Arguments),
    /// The bill of materials of each published crate, as `CycloneDX` in `target/sbom`; needs cargo-cyclonedx.
    Sbom,
    /// Our client and the loopback with a bad link between them: delay, loss, a bit rate, a link that goes down.
    Netns(netns::Arguments),
    /// The page of `bedrock talk` in Chromium, with a file for a microphone.
    Browser,
    /// This client beside the official SDKs: CPU, memory, delay.
    Bench(bench::Arguments),
    /// The docs' commands and every example, run as they stand, offline.
    Guides(guides::Arguments),
    /// House rules: dependency direction, purity, Rust versions, weight, file shape, left-overs.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Interop(arguments) => interop::run(&arguments),
        Command::PublicApi(arguments) => public_api::run(&arguments),
        Command::Sbom => sbom::run(),
        Command::Netns(arguments) => netns::run(&arguments),
        Command::Browser => browser::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Guides(arguments) => guides::run(&arguments),
        Command::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// What every subcommand returns.
type Outcome = Result<(), Failure>;
