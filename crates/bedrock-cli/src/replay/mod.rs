//! `bedrock replay`: a recording is served again, and clients are compared with the one that was recorded.

mod case;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_loopback::{Loopback, Notice, Script, ScriptStep, ScriptedCall, ScriptedPart};
use bedrock_stream::recording::{End, Pace, RecordedCall, Transcript, What};

use crate::exit::{Exit, Stop};
use crate::record::{self, RecordArgs};
use crate::serve;
use crate::signals::EndSignals;
use watch::Watch;

/// Serve a recording again, or make a conformance case of it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Args {
    /// The recording (docs/recording.md)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer as soon as the client has sent what the recorded one had
    #[arg(long, conflicts_with = "speed")]
    at_once: bool,
    /// Answer so many times faster than recorded
    #[arg(long, value_name = "FACTOR")]
    speed: Option<f64>,
    /// End when each call was replayed once: exit code 0 where every client was as the recorded one
    #[arg(long)]
    once: bool,
    /// Where to listen; only loopback addresses are taken, port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Print one JSON object when ready
    #[arg(long)]
    json: bool,
    /// The region that requests must be signed for
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// Where the certificate authority is written, as `ca.pem`; a folder of its own under the temporary one otherwise
    #[arg(long, value_name = "FOLDER")]
    tls_dir: Option<PathBuf>,
    /// Serve HTTP/2 in plain text, for tools that cannot trust a certificate
    #[arg(long)]
    plaintext: bool,
    /// Serve nothing: write the frames of each call and direction into this folder as conformance cases (docs/fixtures.md)
    #[arg(long, value_name = "FOLDER")]
    case: Option<PathBuf>,
    /// Say nothing of the calls on stderr but where they differ
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    record: RecordArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock sonic --loopback question.wav --record talk.jsonl
  bedrock replay talk.jsonl
  bedrock replay talk.jsonl --case fixtures/mine";

/// Serves until Ctrl-C, or until each call was replayed.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", args.file.display());
    let transcript =
        Transcript::from_file(&args.file).map_err(|error| Stop::usage(failed(&error)))?;
    if !transcript.is_closed() {
        eprintln!("bedrock: {}", failed(&"the recording was cut"));
    }
    if let Some(folder) = &args.case {
        return Ok(case::write(&transcript, &args.file, folder)?);
    }
    if transcript.calls().is_empty() {
        return Err(Stop::usage(failed(&"the recording has no call")));
    }
    let pace = match args.speed {
        _ if args.at_once => Pace::AtOnce,
        Some(factor) if factor.is_finite() && factor > 0.0 => Pace::Times(factor),
        Some(_) => return Err(Stop::usage("--speed must be above 0")),
        None => Pace::Recorded,
    };
    let script = script(&transcript, pace);
    let watch = Arc::new(Watch::new(transcript, args.quiet));
    let listener = Arc::clone(&watch);
    let recorder = args.record.start().map_err(Stop::usage)?.map(record::tap);
    let mut builder = Loopback::builder()
        .listen(args.listen)
        .region(&args.region)
        .plaintext(args.plaintext)
        .script(script)
        .tap(move |call, traffic| {
            // First: the end of the last call may end this command.
            if let Some(record) = &recorder {
                record(call, &traffic);
            }
            listener.take(call, &traffic);
        });
    if !args.quiet {
        builder = builder.observe(|notice: &Notice| eprintln!("{notice}"));
    }
    let server = builder.start().await?;
    let ca_file = serve::write_ca(args.tls_dir.as_deref(), server.ca_pem()).map_err(Stop::usage)?;
    let mut signals = EndSignals::listen()?;
    serve::announce(args.json, &server, &ca_file).map_err(|error| Stop::stdout(&error))?;
    tokio::select! {
        () = signals.asked() => {}
        () = watch.all_replayed(), if args.once => {}
    }
    server.shutdown().await;
    if args.tls_dir.is_none() {
        // Ours alone; a folder that somebody named stays.
        let _ = ca_file.parent().map(std::fs::remove_dir_all);
    }
    if args.once && !watch.is_as_recorded() {
        return Ok(Exit::Failed);
    }
    Ok(Exit::Complete)
}

/// What the server answers with.
fn script(transcript: &Transcript, pace: Pace) -> Script {
    let calls = transcript.calls().iter().map(|call| ScriptedCall {
        operation: call.operation().to_owned(),
        steps: steps(call, pace),
    });
    Script {
        calls: calls.collect(),
    }
}

fn steps(call: &RecordedCall, pace: Pace) -> Vec<ScriptStep> {
    let mut steps: Vec<ScriptStep> = call
        .answers()
        .filter_map(|(at, marks, what)| {
            let what = match what {
                What::Head(head) => ScriptedPart::Head(head.clone()),
                What::Frame(bytes) | What::Body(bytes) => ScriptedPart::Bytes(bytes.clone()),
                What::End(End::Clean) => ScriptedPart::End,
                What::End(End::Reset(code)) => ScriptedPart::Reset(code.0),
                What::End(_) => ScriptedPart::Cut,
                _ => return None,
            };
            Some(ScriptStep {
                after: pace.due(at),
                marks,
                what,
            })
        })
        .collect();
    let is_ended = |step: &ScriptStep| {
        matches!(
            step.what,
            ScriptedPart::End | ScriptedPart::Reset(_) | ScriptedPart::Cut
        )
    };
    if !steps.last().is_some_and(is_ended) {
        // The recording was cut here: so is the connection.
        let last = steps.last();
        let (after, marks) = last.map_or((Duration::ZERO, 0), |step| (step.after, step.marks));
        steps.push(ScriptStep {
            after,
            marks,
            what: ScriptedPart::Cut,
        });
    }
    steps
}
