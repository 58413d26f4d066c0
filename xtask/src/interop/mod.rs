//! `cargo xtask interop`: official SDKs against our local Bedrock, and our client against servers that others wrote.

mod certificate;
mod checks;
mod clients;
mod finding;
mod judges;
mod line;
mod server;
mod session;
mod table;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use finding::{Finding, Verdict};

/// Which peers to run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// One of rust-sdk, js-sdk, python-sdk, boto3, node-server, python-server. Default: all.
    name: Option<String>,
    /// Write what comes of it to docs/interop.md; then read the diff.
    #[arg(long, conflicts_with_all = ["name", "record"])]
    bless: bool,
    /// Record a short session of each SDK into fixtures/signed instead.
    #[arg(long)]
    record: bool,
}

/// Runs the peers and prints a line for each check.
///
/// # Errors
/// When a check fails, or a peer cannot be run in CI.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let wanted = |name: &str| arguments.name.as_deref().is_none_or(|only| only == name);
    let clients: Vec<_> = clients::ALL.iter().filter(|c| wanted(c.name)).collect();
    let judges: Vec<_> = judges::ALL.iter().filter(|j| wanted(j.name)).collect();
    if clients.is_empty() && judges.is_empty() {
        return Err(Failure::new("no such peer; see cargo xtask interop --help"));
    }
    let mut findings = Vec::new();
    if arguments.record {
        for client in clients.into_iter().filter(|c| c.is_duplex()) {
            show(vec![client.record()?], &mut findings);
        }
        return tally(&findings);
    }
    let bedrock = server::build()?;
    for client in clients {
        show(client.run(&bedrock)?, &mut findings);
    }
    for judge in judges {
        show(judge.run(&bedrock)?, &mut findings);
    }
    if arguments.bless {
        table::save(&findings)?;
    }
    tally(&findings)
}

/// Prints the last line.
fn tally(findings: &[Finding]) -> Outcome {
    let count = |is: fn(&Verdict) -> bool| findings.iter().filter(|f| is(&f.verdict)).count();
    let passed = count(|v| matches!(v, Verdict::Passed(_)));
    let failed = count(|v| matches!(v, Verdict::Failed(_)));
    let skipped = count(|v| matches!(v, Verdict::Skipped(_)));
    let known = count(|v| matches!(v, Verdict::Known(_)));
    let passed = passed + known;
    let rest = if skipped == 0 {
        String::new()
    } else {
        format!(", {skipped} skipped")
    };
    if known > 0 {
        println!(
            "{known} of those that passed are faults of a peer that are known, and still there"
        );
    }
    println!("{passed} passed, {failed} failed{rest}");
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("interop: {failed} checks failed")))
    }
}

fn show(new: Vec<Finding>, all: &mut Vec<Finding>) {
    for finding in new {
        println!("{finding}");
        all.push(finding);
    }
}
