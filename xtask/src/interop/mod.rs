//! `cargo xtask interop`: official SDKs against our local Bedrock, and our client against servers that others wrote.

mod boxes;
mod certificate;
mod checks;
mod clients;
mod direct;
mod finding;
mod judges;
pub(crate) mod line;
pub(crate) mod probe;
pub(crate) mod server;
pub(crate) mod session;
mod snippets;
mod strands;
mod table;
mod text_streams;

use std::path::Path;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use boxes::{Golden, Loopbacks};
use finding::{Finding, Verdict};
use probe::Probe;

/// Which peers to run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// One of rust-sdk, js-sdk, python-sdk, boto3, node-server, python-server, node-http2, hyper-h2, strands, pipecat,
    /// ai-sdk, langchain-aws, litellm, rig, boxes, ai, strands-events, docs. Default: all.
    name: Option<String>,
    /// Write what comes of it to docs/interop.md and xtask/peers/boxes.json; then read the diff.
    #[arg(long, conflicts_with = "record")]
    bless: bool,
    /// Record instead: a short session of each SDK into fixtures/signed, each third party's first check into fixtures/recordings.
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
    let directs: Vec<_> = direct::ALL.iter().filter(|d| wanted(d.name)).collect();
    let with_boxes = wanted("boxes");
    let with_strands = wanted(strands::NAME);
    if arguments.bless
        && arguments
            .name
            .as_deref()
            .is_some_and(|name| name != "boxes")
    {
        return Err(Failure::new(
            "--bless writes the whole table, or that of the boxes",
        ));
    }
    let with_texts = wanted(text_streams::NAME);
    let sessions = clients.len() + judges.len() + directs.len();
    let with_snippets = wanted(snippets::NAME);
    let with_bedrock = sessions > 0 || with_boxes || with_texts || with_snippets;
    if !with_bedrock && !with_strands {
        return Err(Failure::new("no such peer; see cargo xtask interop --help"));
    }
    let mut findings = Vec::new();
    if arguments.record {
        let bedrock = server::build()?;
        for client in clients.into_iter().filter(|c| c.is_recorded()) {
            show(vec![client.record(&bedrock)?], &mut findings);
        }
        return tally(&findings);
    }
    if with_strands {
        show(strands::run()?, &mut findings);
    }
    if !with_bedrock {
        return tally(&findings);
    }
    let bedrock = server::build()?;
    for client in clients {
        show(client.run(&bedrock)?, &mut findings);
    }
    for judge in judges {
        show(judge.run(&bedrock)?, &mut findings);
    }
    let probe = Probe::beside(&bedrock);
    for peer in directs {
        show(peer.run(&probe)?, &mut findings);
    }
    if with_texts {
        show(text_streams::run()?, &mut findings);
    }
    if arguments.bless && arguments.name.is_none() {
        table::save(&findings)?;
    }
    if with_snippets {
        show(snippets::run(&bedrock)?, &mut findings);
    }
    if with_boxes {
        run_boxes(&bedrock, &probe, arguments.bless, &mut findings)?;
    }
    tally(&findings)
}

fn run_boxes(bedrock: &Path, probe: &Probe, bless: bool, findings: &mut Vec<Finding>) -> Outcome {
    let mut golden = Golden::load(bless)?;
    let loopbacks = Loopbacks::start(bedrock)?;
    show(loopbacks.run(probe, &mut golden)?, findings);
    for middle_box in boxes::ALL {
        show(middle_box.run(&loopbacks, probe, &mut golden)?, findings);
    }
    if bless { golden.save() } else { Ok(()) }
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
