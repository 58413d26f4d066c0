//! `bedrock talk`: a voice session in a browser, served until Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use bedrock_stream::Client;
use bedrock_talk::{EndReason, Limits, Notice, Server, Talk, TalkBuilder};
use nova_sonic::Tools;
use serde_json::{Value, json};

use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};
use crate::signals::EndSignals;
use crate::sonic::answers::AnswerArgs;
use crate::sonic::tool_command::ToolArgs;

/// How long the sessions have to end in order after Ctrl-C.
const CLOSE: Duration = Duration::from_secs(8);

/// Talk in a browser: one page, served on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one. An address that others can reach demands a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What a client must know; made up where others can reach the server and none is given
    #[arg(
        long,
        value_name = "TEXT",
        env = "BEDROCK_TALK_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// A name of this server, where it is called by one; may be given more than once
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// The origin of a page elsewhere that may connect; may be given more than once
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// Sessions at a time
    #[arg(long, value_name = "N", default_value_t = Limits::default().sessions)]
    sessions: usize,
    /// Longest session, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    session_time: u64,
    /// Seconds that a session waits for a client that lost its connection
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().grace.as_secs())]
    grace: u64,
    /// Who speaks
    #[arg(long, value_name = "NAME", default_value = "matthew")]
    voice: String,
    /// Have the model speak first, by this instruction: "Greet the caller in one sentence."
    #[arg(long, value_name = "TEXT")]
    greet: Option<String>,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Print JSON lines: one when ready, and one for each session that begins or ends
    #[arg(long)]
    json: bool,
    /// Say nothing of the sessions on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock talk --loopback
  bedrock talk --greet 'Greet the caller in one sentence.' --tool-command clock=date
  bedrock talk --listen 0.0.0.0:8080    (then put TLS in front: docs/talk.md)

Telephone providers connect their media streams to /phone.";

/// Serves until Ctrl-C.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    let token = token(args)?;
    let tools = args.tools.functions().map_err(Stop::usage)?;
    let (client, bedrock) = args.connect.connect().await?;
    let origin = client.origin();
    let talk = settings(args, &client, tools, token.as_deref()).build();
    let server = talk
        .listen(args.listen)
        .await
        .map_err(|error| cannot_listen(args, &error))?;
    // Whoever is told the address may end it at once.
    let mut ends = EndSignals::listen()?;
    announce(args, &server, &origin, token.as_deref()).map_err(|error| Stop::stdout(&error))?;
    ends.asked().await;
    if !args.quiet && talk.sessions() > 0 {
        eprintln!("closing");
    }
    let all_over = server.shutdown(CLOSE).await;
    if let Some(bedrock) = bedrock {
        bedrock.shutdown().await;
    }
    Ok(if all_over {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn cannot_listen(args: &Args, error: &std::io::Error) -> String {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => ": `--listen 127.0.0.1:0` takes a free port",
        _ => "",
    };
    format!("{}: {error}{advice}", args.listen)
}

fn token(args: &Args) -> Result<Option<String>, String> {
    match &args.token {
        Some(token) => Ok(Some(token.clone())),
        None if args.listen.ip().is_loopback() => Ok(None),
        None => Talk::random_token()
            .map(Some)
            .ok_or_else(|| "no random bytes for a token".to_owned()),
    }
}

fn settings(args: &Args, client: &Client, tools: Tools, token: Option<&str>) -> TalkBuilder {
    let mut limits = Limits::default();
    limits.sessions = args.sessions;
    limits.session_time = Duration::from_secs(args.session_time.saturating_mul(60));
    limits.grace = Duration::from_secs(args.grace);
    let session = client
        .sonic(&args.answers.model)
        .system(&args.answers.system);
    let session = session.voice(&args.voice).functions(tools);
    let mut talk = Talk::builder(move |_| Some(session.clone()))
        .limits(limits)
        // Who runs this command is who sees the page, or gave him the token.
        .explain_errors(true);
    if let Some(token) = token {
        talk = talk.token(token);
    }
    if let Some(greet) = &args.greet {
        talk = talk.greeting(greet);
    }
    talk = args.host.iter().fold(talk, TalkBuilder::host);
    talk = args.origin.iter().fold(talk, TalkBuilder::origin);
    if args.json {
        talk = talk.observe(|notice| line(&as_json(notice)));
    } else if !args.quiet {
        talk = talk.observe(|notice| {
            if let Some(text) = as_text(notice) {
                eprintln!("{text}");
            }
        });
    }
    talk
}

/// Tells where the page is. Machines wait for this line, so it is flushed.
fn announce(
    args: &Args,
    server: &Server,
    origin: &str,
    token: Option<&str>,
) -> std::io::Result<()> {
    let address = server.address();
    let host = match args.host.first() {
        Some(name) => format!("{name}:{}", address.port()),
        None => address.to_string(),
    };
    // Behind the # it reaches no server's log.
    let secret = token.map_or_else(String::new, |token| format!("#token={token}"));
    let url = format!("http://{host}/{secret}");
    if args.json {
        line(&json!({"url": url, "model": args.answers.model, "origin": origin}));
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{url}")?;
    out.flush()?;
    eprintln!(
        "Open it in a browser and talk to {} at {origin}. Ctrl-C ends it.",
        args.answers.model
    );
    if !address.ip().is_loopback() {
        eprintln!(
            "Browsers give a microphone only to https and to localhost: put TLS in front (docs/talk.md)."
        );
    }
    Ok(())
}

fn as_text(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Started { session } => format!("session {session}  began"),
        Notice::Detached { session, why } => format!("session {session}  lost its client: {why:?}"),
        Notice::Resumed { session } => format!("session {session}  goes on"),
        Notice::Ended {
            session,
            reason,
            error,
            metrics,
        } => {
            let why = match (reason, error) {
                (EndReason::Failed, Some(error)) => format!("failed: {error}"),
                (reason, _) => format!("ended: {reason:?}"),
            };
            format!(
                "session {session}  {why}; {} answers, {} interruptions, {} connections",
                metrics.turns, metrics.interruptions, metrics.legs
            )
        }
        Notice::Refused { why, error } => match error {
            Some(error) => format!("refused: {why:?}: {error}"),
            None => format!("refused: {why:?}"),
        },
        _ => return None,
    })
}

fn as_json(notice: &Notice) -> Value {
    match notice {
        Notice::Started { session } => json!({"type": "started", "session": session}),
        Notice::Detached { session, why } => {
            json!({"type": "detached", "session": session, "why": why})
        }
        Notice::Resumed { session } => json!({"type": "resumed", "session": session}),
        Notice::Ended {
            session,
            reason,
            error,
            metrics,
        } => json!({
            "type": "ended",
            "session": session,
            "reason": reason,
            "error": error.as_ref().map(ToString::to_string),
            "turns": metrics.turns,
            "interruptions": metrics.interruptions,
            "legs": metrics.legs,
            "usage": metrics.usage,
        }),
        Notice::Refused { why, error } => json!({
            "type": "refused",
            "why": why,
            "error": error.as_ref().map(ToString::to_string),
        }),
        _ => json!({"type": "other"}),
    }
}

/// A reader that is gone is no reason to stop serving.
fn line(object: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{object}").and_then(|()| out.flush());
}
