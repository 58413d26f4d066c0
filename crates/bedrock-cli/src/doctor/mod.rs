//! `bedrock doctor`: what stands between this machine and a stream.

mod checks;
mod finding;

use crate::connect::ConnectArgs;
use crate::exit::Exit;
use finding::{Finding, State};

/// Look at what a stream needs: settings, proxy, TLS and HTTP/2, clock, credentials, and on request a model.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Ask this model for one token, or open a voice session with it: costs what that costs
    #[arg(long, value_name = "ID")]
    model: Option<String>,
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
  bedrock doctor --loopback

Nothing is charged without --model: credentials, clock and signature are tried on a model that does not exist.";

/// Makes every check that can be made; fails when one found what breaks streams.
pub(crate) async fn run(args: &Args) -> Result<Exit, String> {
    let mut report = Report {
        json: args.json,
        failed: false,
    };
    report.add(&checks::proxy(&args.connect));
    let (client, server) = match args.connect.connect().await {
        Ok(connected) => connected,
        Err(error) => {
            report.add(&Finding::failed("settings", error, checks::SETTINGS_TODO));
            return Ok(report.exit());
        }
    };
    let place = format!("{} in {}", client.origin(), client.region());
    report.add(&Finding::ok("settings", place));
    for finding in checks::call(&client).await {
        report.add(&finding);
    }
    report.add(&match &args.model {
        Some(_) if report.failed => Finding::skipped("model", "not asked after a failure"),
        Some(model) => checks::model(&client, model).await,
        None => Finding::skipped("model", "not asked: name one with --model"),
    });
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
    fn add(&mut self, finding: &Finding) {
        self.failed |= finding.state == State::Failed;
        if !self.json {
            finding.print();
        } else if let Ok(line) = serde_json::to_string(finding) {
            println!("{line}");
        }
    }

    fn exit(&self) -> Exit {
        if self.failed {
            Exit::Failed
        } else {
            Exit::Complete
        }
    }
}
