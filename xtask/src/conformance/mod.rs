//! `cargo xtask conformance`: every fixture case against an implementation, ours by default.
//!
//! The case format is docs/fixtures.md. [`load`] reads, [`judge`] asks an
//! [`Implementation`](implementation::Implementation) and compares, [`report`] counts.

mod case;
mod fields;
mod hex;
mod implementation;
mod input;
mod judge;
mod load;
mod ours;
mod report;

use std::path::PathBuf;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;
use report::Report;

/// What to run against what.
#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// A folder of cases, searched to its bottom; again for more. Default: this repository's own.
    #[arg(long, value_name = "DIR")]
    fixtures: Vec<PathBuf>,
    /// Only the cases that lie right in a folder of this name.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// Show each case that passes, too.
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the cases and prints a line for each that fails.
///
/// # Errors
/// When a case fails, when none is found, or when a case cannot be read.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let folders = if arguments.fixtures.is_empty() {
        vec![workspace::root().join("fixtures")]
    } else {
        arguments.fixtures.clone()
    };
    let mut cases = Vec::new();
    for folder in &folders {
        cases.extend(load::load(folder)?);
    }
    if let Some(suite) = &arguments.suite {
        cases.retain(|case| case.suite() == suite);
    }
    if cases.is_empty() {
        return Err(Failure::new(
            "no case found: is the folder (and the suite) right?",
        ));
    }
    let mut implementation = ours::Ours;
    let mut report = Report::new(arguments.verbose);
    for case in &cases {
        report.add(case, judge::judge(case, &mut implementation)?);
    }
    report.finish()
}
