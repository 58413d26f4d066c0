//! `cargo xtask bench`: this client beside the official SDKs on the whole path, in one run and in turns.

mod contender;
mod menu;
mod process;
mod script;
mod table;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::{Outcome, peers, workspace};
use contender::Programs;
use menu::Bench;
use process::Sample;

/// What to measure, and how long.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Arguments {
    /// One of the benches; see `--list`. Default: all.
    name: Option<String>,
    /// Print the benches and end.
    #[arg(long)]
    list: bool,
    /// One short turn each: that everything runs.
    #[arg(long, conflicts_with = "bless")]
    smoke: bool,
    /// Turns of each contender.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// Only this client and its floor.
    #[arg(long, conflicts_with = "bless")]
    ours: bool,
    /// Write the tables of the benches that were run to docs/performance.md; then read the diff.
    #[arg(long)]
    bless: bool,
}

/// Runs the benches and prints a table for each.
///
/// # Errors
/// When something cannot be built, or a contender fails.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let wanted = |bench: &&Bench| {
        arguments
            .name
            .as_deref()
            .is_none_or(|name| name == bench.name)
    };
    let benches: Vec<&Bench> = menu::ALL.iter().filter(wanted).collect();
    if arguments.list {
        for bench in benches {
            println!("{:<16} {}", bench.name, bench.title);
        }
        return Ok(());
    }
    if benches.is_empty() {
        return Err(Failure::new("no such bench; see cargo xtask bench --list"));
    }
    let programs = Programs::build(arguments.ours)?;
    for bench in benches {
        let table = measure(bench, &programs, arguments)?;
        println!("\n{table}");
        if arguments.bless {
            table::save(bench.name, &table.to_string())?;
        }
    }
    Ok(())
}

/// Runs the contenders of a bench in turns.
fn measure<'b>(
    bench: &'b Bench,
    programs: &Programs,
    arguments: &Arguments,
) -> Result<table::Table<'b>, Failure> {
    let turns = if arguments.smoke { 1 } else { arguments.turns };
    let contenders: Vec<_> = bench
        .contenders
        .iter()
        .filter(|contender| programs.has(contender.program))
        .collect();
    let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..turns {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            let events = contender.events(arguments.smoke);
            samples.push(contender.measure(bench, programs, events)?);
        }
    }
    let rows = contenders.into_iter().zip(samples).collect();
    Ok(table::Table { bench, rows, turns })
}

/// Where the benches keep their files.
fn folder() -> PathBuf {
    peers::folder().join("bench")
}

/// A program of this workspace, built for speed.
///
/// # Errors
/// When it does not build.
fn example(package: &str, features: &[&str], name: &str) -> Result<PathBuf, Failure> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--locked", "--release"]);
    build
        .args(["--package", package, "--example", name])
        .args(features);
    workspace::capture(&mut build)?;
    let target = workspace::root().join("target/release/examples");
    Ok(target.join(name))
}

/// The `bedrock` command, built for speed.
///
/// # Errors
/// When it does not build.
fn bedrock() -> Result<PathBuf, Failure> {
    let mut build = workspace::cargo();
    build.args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "bedrock-cli",
    ]);
    workspace::capture(&mut build)?;
    Ok(workspace::root().join("target/release/bedrock"))
}
