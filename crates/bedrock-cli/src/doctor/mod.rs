//! `bedrock doctor`: what stands between this machine and a stream.

mod checks;
mod finding;
mod ping;

use std::io::Write as _;

use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};
use crate::terminal::Waiting;
use finding::{Finding, State};

/// Look at what a stream needs: settings, proxy, TLS and HTTP/2, clock, credentials, and on request a model and PING.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Ask this model for one token, or open a voice session with it: costs what that costs
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Also hold a voice call open so long, 6 s unless said, without a word: is a PING each second answered and tolerated?
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "6")]
    ping: Option<u16>,
    /// Print each finding as a JSON object on a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock doctor
  bedrock doctor --region us-east-1 --model amazon.nova-2-5-sonic
  bedrock doctor --ping --model amazon.nova-2-sonic-v1:0
  bedrock doctor --loopback --json

Nothing is charged without --model: credentials, clock and signature are tried on a model that does not exist.";

/// Makes every check that can be made; fails when one found what breaks streams.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    let mut report = Report {
        json: args.json,
        failed: false,
    };
    report.add(&checks::proxy(&args.connect))?;
    report.add(&checks::audio())?;
    let waiting = Waiting::on("looking for settings and credentials");
    let (client, server) = match args.connect.connect().await {
        Ok(connected) => connected,
        Err(stop) => {
            drop(waiting);
            report.add(&checks::settings(stop))?;
            return Ok(report.exit());
        }
    };
    drop(waiting);
    let place = format!("{} in {}", client.origin(), client.region());
    report.add(&Finding::ok("settings", place))?;
    let waiting = Waiting::on("calling the service");
    let findings = checks::call(&client).await;
    drop(waiting);
    for finding in findings {
        report.add(&finding)?;
    }
    report.add(&match &args.model {
        Some(_) if report.failed => Finding::skipped("model", "not asked after a failure"),
        Some(model) => {
            let _waiting = Waiting::on("asking the model");
            checks::model(&client, model).await
        }
        None => Finding::skipped("model", "not asked: name one with --model"),
    })?;
    report.add(&match args.ping {
        Some(_) if report.failed => Finding::skipped("ping", "not tried after a failure"),
        Some(seconds) => {
            let _waiting = Waiting::on("holding a call open");
            ping::check(args, seconds).await
        }
        None => Finding::skipped("ping", "not tried: ask for it with --ping"),
    })?;
    if let Some(server) = server {
        server.shutdown().await;
    }
    Ok(report.exit())
}

/// Prints findings as they come and remembers the worst.
struct Report {
    json: bool,
    failed: bool,
}

impl Report {
    fn add(&mut self, finding: &Finding) -> Result<(), Stop> {
        self.failed |= finding.state == State::Failed;
        let mut out = anstream::stdout();
        let printed = if self.json {
            writeln!(out, "{}", serde_json::json!(finding))
        } else {
            finding.print(&mut out)
        };
        printed.map_err(|error| Stop::stdout(&error))
    }

    fn exit(&self) -> Exit {
        if self.failed {
            Exit::Failed
        } else {
            Exit::Complete
        }
    }
}
