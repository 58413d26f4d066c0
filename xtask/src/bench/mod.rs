//! `cargo xtask bench`: this client beside the official SDKs on the whole path, in one run and in turns.

mod contender;
mod instructions;
mod machine;
mod menu;
mod process;
mod script;
mod table;
mod weight;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::{Outcome, peers, workspace};
use contender::{Contender, Programs};
use menu::Bench;
use table::{Row, Table};

/// What is measured in another way than by watching clients.
const INSTRUCTIONS: &str = "instructions";
const WEIGHT: &str = "weight";

/// The client without AWS's credential chain, which is no part of what is measured, and takes minutes to link.
const LEAN: [&str; 3] = [
    "--no-default-features",
    "--features",
    "bedrock-stream/ring,bedrock-stream/native-roots",
];

/// What to measure, and how long.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Arguments {
    /// One of the benches; see `--list`. Default: all.
    name: Option<String>,
    /// Print the benches and end.
    #[arg(long)]
    list: bool,
    /// Build everything that is to run, and end.
    #[arg(long, conflicts_with_all = ["bless", "smoke"])]
    build: bool,
    /// One short turn each: that everything runs, and that nothing is far from what it should be.
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
        println!("{INSTRUCTIONS:<16} Instructions an event under callgrind, beside the record");
        println!("{WEIGHT:<16} Packages, build time and binary growth beside AWS's crates");
        return Ok(());
    }
    match arguments.name.as_deref() {
        Some(INSTRUCTIONS) => return instructions::run(arguments.bless),
        Some(WEIGHT) => return weight::run(arguments.bless),
        _ => {}
    }
    if benches.is_empty() {
        return Err(Failure::new("no such bench; see cargo xtask bench --list"));
    }
    let programs = Programs::build(&benches, arguments.ours)?;
    if arguments.build {
        return Ok(());
    }
    for bench in benches {
        let table = measure(bench, &programs, arguments)?;
        println!("\n{table}");
        if arguments.smoke {
            table.check()?;
        }
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
) -> Result<Table<'b>, Failure> {
    let turns = if arguments.smoke { 1 } else { arguments.turns };
    let mut rows = Vec::new();
    for (index, step) in bench.steps.iter().enumerate() {
        let here = |c: &&Contender| (index == 0 || c.every_step) && programs.has(c.program);
        rows.extend(bench.contenders.iter().filter(here).map(|contender| Row {
            contender: *contender,
            step: *step,
            samples: Vec::new(),
        }));
    }
    for turn in 1..=turns {
        for row in &mut rows {
            eprintln!(
                "{} {turn}/{turns}: {} {}",
                bench.name, row.contender.name, row.step.label
            );
            let sample = row
                .contender
                .measure(bench, row.step, programs, arguments.smoke)?;
            row.samples.push(sample);
        }
    }
    Ok(Table {
        bench,
        rows,
        turns,
        taken: machine::taken()?,
    })
}

/// Where the benches keep their files.
fn folder() -> PathBuf {
    peers::folder().join("bench")
}

/// Builds programs of this workspace for speed; gives the folder in which they are.
///
/// # Errors
/// When one does not build.
fn build(what: &[&str]) -> Result<PathBuf, Failure> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--locked", "--release"]);
    build.args(what);
    eprintln!("$ {}", workspace::show(&build));
    workspace::capture(&mut build)?;
    Ok(workspace::root().join("target/release"))
}
