//! `cargo xtask netns`: our client and the loopback in two network namespaces with a bad link between them.
//!
//! Real TCP over real packets: this is where a deadlock between flow control, socket buffers and retransmission would show. Needs
//! root, `ip`, Python and TUN devices; says so where they are not there.

mod namespaces;
mod relay;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::Outcome;
use crate::failure::Failure;
use crate::interop::probe::{self, Answer, Exam, Probe};
use crate::interop::server::{self, Server};
use crate::peers::{self, Peer};
use namespaces::Namespaces;
use relay::{Figures, Plan, Relay};

/// How to repeat a run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Which packets are lost follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A link of 1 Mbit/s with 80 ms each way, 2 % loss, and a queue as of a router.
const BAD: Plan = Plan {
    delay_ms: 80,
    loss: 0.02,
    bits_per_second: 1_000_000,
    queue_bytes: 65_536,
    down_after_bytes: 200_000,
    down_seconds: 10,
    seed: 0,
};
/// For good.
const DOWN: u32 = 86_400;
/// PCM bytes of an event: 1,000 of them with all that is around them are half a megabyte.
const PCM_BYTES: usize = 128;
/// PING after so many seconds of silence, and an answer within as many.
const PING_SECONDS: u64 = 3;
/// What a session over such a link may take.
const PATIENCE: Duration = Duration::from_secs(150);

const CHECKS: [&str; 2] = ["link down for 10 s", "link down for good"];

/// Runs both checks and says how they went.
///
/// # Errors
/// When one fails, or when it cannot be run in CI.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let bedrock = server::build()?;
    peers::create(&peers::folder())?;
    let namespaces = match Namespaces::make() {
        Ok(namespaces) => namespaces,
        Err(missing) => return skip(&missing),
    };
    let seed = arguments.seed;
    let spell = spell(&bedrock, &namespaces, &Plan { seed, ..BAD })?;
    // The devices go with their relay; the namespaces can be used again.
    let dead = dead(
        &bedrock,
        &namespaces,
        &Plan {
            seed,
            down_seconds: DOWN,
            ..BAD
        },
    )?;
    let mut failed = 0;
    for (check, wrong) in CHECKS.iter().zip([spell, dead]) {
        if let Some(wrong) = wrong {
            println!("FAILED  {check}: {wrong}");
            failed += 1;
        }
    }
    println!("{} passed, {failed} failed", CHECKS.len() - failed);
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(format!(
        "netns: {failed} checks failed, with --seed {seed}"
    )))
}

fn skip(missing: &Failure) -> Outcome {
    let missing = format!("no network namespaces here: {missing}");
    peers::refuse_in_ci("netns", &Peer::Missing(missing.clone()))?;
    for check in CHECKS {
        println!("skipped {check}: {missing}");
    }
    println!("0 passed, 0 failed, {} skipped", CHECKS.len());
    Ok(())
}

/// All of a session comes through a link that is down for a spell. `Some` says what is wrong.
fn spell(bedrock: &Path, namespaces: &Namespaces, plan: &Plan) -> Result<Option<String>, Failure> {
    let (answer, figures) = hold(bedrock, namespaces, plan, None)?;
    if !answer.ok {
        return Ok(Some(format!("{}; {figures:?}", answer.detail)));
    }
    if figures.link != "up again" || figures.lost == 0 || figures.down == 0 {
        return Ok(Some(format!(
            "the link was not as bad as planned: {figures:?}"
        )));
    }
    let stalled = answer.stalled_ms.unwrap_or_default();
    if stalled < u64::from(plan.down_seconds) * 1000 / 2 {
        return Ok(Some(format!(
            "only {stalled} ms of stall were seen: {figures:?}"
        )));
    }
    report(CHECKS[0], &answer, &figures);
    Ok(None)
}

/// A link that stays down is found by PING, and the session fails. `Some` says what is wrong.
fn dead(bedrock: &Path, namespaces: &Namespaces, plan: &Plan) -> Result<Option<String>, Failure> {
    let (answer, figures) = hold(bedrock, namespaces, plan, Some(PING_SECONDS))?;
    let transport = answer.transport.as_deref();
    if transport != Some("the peer no longer answers PING")
        || answer.outcome.as_deref() != Some("failed")
    {
        return Ok(Some(format!(
            "{transport:?}: {}; {figures:?}",
            answer.detail
        )));
    }
    report(CHECKS[1], &answer, &figures);
    Ok(None)
}

/// One session: 1,000 events up and 1,000 down, each as fast as the link takes them.
fn hold(
    bedrock: &Path,
    namespaces: &Namespaces,
    plan: &Plan,
    ping_seconds: Option<u64>,
) -> Result<(Answer, Figures), Failure> {
    let mut relay = Relay::start(plan, namespaces)?;
    let end = &namespaces.server;
    let scenario = peers::folder().join("netns.json");
    probe::write_scenario(&scenario, PCM_BYTES)?;
    let [ip, words @ ..] = end.exec();
    let mut serve = Command::new(ip);
    serve.args(words).arg(bedrock);
    serve
        .args(["serve", "--json", "--listen"])
        .arg(format!("{}:0", end.address));
    serve
        .arg("--tls-dir")
        .arg(peers::folder().join("serve-netns"));
    serve.arg("--scenario").arg(&scenario);
    let server = Server::of("bedrock-serve-netns", serve)?;
    let port = server.address.port()?;
    let exam = Exam {
        // The certificate is for localhost.
        url: format!("https://localhost:{port}"),
        connect_to: Some(format!("{}:{port}", end.address)),
        ping_seconds,
        pcm_bytes: PCM_BYTES,
        patience: PATIENCE,
        ..Exam::of(&server.address, vec![json!("session-half-close")])
    };
    let probe = Probe::beside(bedrock).within(&namespaces.client.exec());
    let mut answers = probe.play("netns", &exam)?;
    let answer = answers.pop().ok_or_else(|| Failure::new("no answer"))?;
    Ok((answer, relay.figures()?))
}

fn report(check: &str, answer: &Answer, figures: &Figures) {
    let seconds = |ms: Option<u64>| {
        let ms = ms.unwrap_or_default();
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    };
    println!(
        "passed  {check}: {} in {}, stalled for {}; {} packets passed, {} lost, {} dropped by a full queue, {} while the link was down",
        answer.detail,
        seconds(answer.took_ms),
        seconds(answer.stalled_ms),
        figures.passed,
        figures.lost,
        figures.overflowed,
        figures.down,
    );
}
