//! `cargo xtask conformance`: every fixture case against an implementation, ours by default.
//!
//! The case format is docs/fixtures.md. [`load`] reads cases, [`judge`] asks an
//! [`Implementation`] and compares, [`report`] counts.

mod amz_date;
mod case;
mod converse;
mod fields;
mod golden;
mod hex;
mod implementation;
mod input;
mod judge;
mod load;
mod ours;
mod program;
mod report;

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};
use crate::workspace;
use case::{Case, Kind};
use golden::Results;
use implementation::Implementation;
use program::Program;
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
    /// Who answers: ours, aws-rust, smithy-js, botocore, smithy-python (frames, signatures), aws-sdk-rust, aws-sdk-js,
    /// boto3, rig (ConverseStream), all of them with `all`, or the path of a program.
    #[arg(long = "impl", value_name = "NAME", default_value = OURS)]
    implementation: String,
    /// Take what comes of this run as xtask/peers/results.json; then read the diff.
    #[arg(long, conflicts_with_all = ["fixtures", "suite"])]
    bless: bool,
    /// Show each case that passes, too.
    #[arg(long, short)]
    verbose: bool,
}

const OURS: &str = "ours";
/// Who else can be asked by name, and about what.
const PEERS: &[(&str, Subject)] = &[
    ("aws-rust", Subject::Framing),
    ("smithy-js", Subject::Framing),
    ("botocore", Subject::Framing),
    ("smithy-python", Subject::Framing),
    ("aws-sdk-rust", Subject::Converse),
    ("aws-sdk-js", Subject::Converse),
    ("boto3", Subject::Converse),
    ("rig", Subject::Converse),
];

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// Frames and the signatures of events.
    Framing,
    /// What ConverseStream's events come to.
    Converse,
}

impl Subject {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Converse(_) => Self::Converse,
            _ => Self::Framing,
        }
    }
}

/// Our crates on our cases, as `cargo xtask test` runs it.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_ours() -> Outcome {
    let cases = load::load(&workspace::root().join("fixtures"))?;
    let cases: Vec<&Case> = cases.iter().collect();
    let report = judge_all(&cases, &mut ours::Ours, false)?;
    println!("{report}");
    report.outcome()
}

/// Runs the cases and prints a line for each that fails.
///
/// # Errors
/// When a case fails (for a peer: when it does otherwise than blessed), when none is found, or when one cannot be read.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let cases = cases(arguments)?;
    let names = match arguments.implementation.as_str() {
        "all" => std::iter::once(OURS)
            .chain(PEERS.iter().map(|(name, _)| *name))
            .collect(),
        name => vec![name],
    };
    let own_cases = arguments.fixtures.is_empty() && arguments.suite.is_none();
    let mut results = Results::load()?;
    let mut failures = Vec::new();
    for name in &names {
        if names.len() > 1 {
            println!("\n{name}");
        }
        let subject = PEERS
            .iter()
            .find(|(peer, _)| peer == name)
            .map(|peer| peer.1);
        let asked = cases
            .iter()
            .filter(|case| subject.is_none_or(|subject| subject == Subject::of(&case.kind)));
        let asked: Vec<&Case> = asked.collect();
        let Some((version, report)) = run_one(name, &asked, arguments.verbose)? else {
            continue;
        };
        let known = *name == OURS || subject.is_some();
        let outcome = if arguments.bless && known {
            results.take(name, &version, &report);
            Ok(())
        } else if own_cases && subject.is_some() {
            results.compare(name, &version, &report)
        } else {
            report.outcome()
        };
        println!("{report}");
        failures.extend(outcome.err());
    }
    if arguments.bless {
        results.save()?;
    }
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}

fn cases(arguments: &Arguments) -> Result<Vec<Case>, Failure> {
    let own = [workspace::root().join("fixtures")];
    let folders: &[PathBuf] = if arguments.fixtures.is_empty() {
        &own
    } else {
        &arguments.fixtures
    };
    let mut cases = Vec::new();
    for folder in folders {
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
    Ok(cases)
}

/// The version and verdicts of one implementation; `None` where this machine cannot run it.
fn run_one(
    name: &str,
    cases: &[&Case],
    verbose: bool,
) -> Result<Option<(String, Report)>, Failure> {
    if name == OURS {
        let report = judge_all(cases, &mut ours::Ours, verbose)?;
        return Ok(Some((env!("CARGO_PKG_VERSION").to_owned(), report)));
    }
    let peer = match name {
        "aws-rust" => peers::rust("peer-aws-eventstream")?,
        "smithy-js" => peers::node("conformance.mjs")?,
        "botocore" => peers::python(Environment::Boto3, "botocore_conformance.py")?,
        "smithy-python" => peers::python(Environment::Sdk, "smithy_conformance.py")?,
        "aws-sdk-rust" => peers::rust("peer-aws-converse")?,
        "aws-sdk-js" => peers::node("converse.mjs")?,
        "boto3" => peers::python(Environment::Boto3, "boto3_converse.py")?,
        "rig" => peers::rust("peer-rig")?,
        path => Peer::Ready(Command::new(path)),
    };
    peers::refuse_in_ci(name, &peer)?;
    let command = match peer {
        Peer::Ready(command) => command,
        Peer::Missing(what) => {
            println!("skipped {name}: {what}");
            return Ok(None);
        }
    };
    let mut program = Program::start(command)?;
    let version = program.version()?;
    let report = judge_all(cases, &mut program, verbose)?;
    Ok(Some((version, report)))
}

fn judge_all(
    cases: &[&Case],
    of: &mut dyn Implementation,
    verbose: bool,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    for case in cases {
        report.add(case, judge::judge(case, of)?, verbose);
    }
    Ok(report)
}
