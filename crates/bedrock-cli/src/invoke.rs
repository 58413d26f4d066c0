//! `bedrock invoke`: a question to a model in its own JSON, by InvokeModelWithResponseStream.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use converse_stream::family::Family;
use converse_stream::{ConverseRequest, Message};

use crate::answer::{Screen, Watcher};
use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};

/// Tokens of an answer where nothing is said of it; several families have no default.
const MAX_TOKENS: u32 = 1024;

/// Ask a model in its own JSON and see its answer as it is written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to ask; the body is made of it as the model's family has it
    #[arg(value_name = "PROMPT", required_unless_present = "body")]
    prompt: Option<String>,
    /// The whole body instead, as JSON: a file, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "system", "max_tokens"])]
    body: Option<PathBuf>,
    /// What the model should be and do
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Most tokens of the answer
    #[arg(long, value_name = "TOKENS", default_value_t = MAX_TOKENS)]
    max_tokens: u32,
    /// The model: an id, an inference profile or an ARN
    #[arg(long, value_name = "ID", default_value = "amazon.nova-lite-v1:0")]
    model: String,
    /// Whose chunks the answer is made of (`anthropic-messages`, `nova`, …); with `auto` the model's id or the chunks say it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = family)]
    family: Choice,
    /// Print each event as a JSON object on a line of stdout, and the answer's outcome as one more
    #[arg(long)]
    json: bool,
    /// Say more on stderr
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock invoke --loopback --model meta.llama3-8b-instruct-v1:0 'What is the capital of Peru?'
  bedrock invoke --model us.anthropic.claude-sonnet-4-20250514-v1:0 --body request.json";

/// A family by the caller's word, or by the model.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Auto,
    Family(Family),
}

fn family(name: &str) -> Result<Choice, String> {
    if name == "auto" {
        return Ok(Choice::Auto);
    }
    crate::family::named(name).map(Choice::Family)
}

/// Asks.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    let body = args.body().map_err(Stop::usage)?;
    let (client, server) = args.connect.connect().await?;
    let mut watcher = Watcher::new(Screen::new(args.json, args.verbose, false))?;
    let mut call = client.invoke_stream(args.model.as_str(), body);
    if let Choice::Family(family) = args.family {
        call = call.family(family);
    }
    let exit = watcher.watch(Box::pin(call.send())).await.exit;
    if let Some(server) = server {
        server.shutdown().await;
    }
    Ok(exit)
}

impl Args {
    /// The request's body. What can be wrong with it is wrong before anything is connected: exit code 2.
    fn body(&self) -> Result<Bytes, String> {
        if let Some(path) = &self.body {
            return read(path);
        }
        let prompt = self.prompt.as_deref().unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err("the prompt is empty".to_owned());
        }
        let family = match self.family {
            Choice::Family(family) => family,
            Choice::Auto => Family::of_model(&self.model).ok_or_else(|| {
                format!(
                    "{:?} does not say which family the model is of: give --family, or the whole --body",
                    self.model
                )
            })?,
        };
        let mut request = ConverseRequest::new()
            .with_message(Message::user(prompt))
            .with_max_tokens(self.max_tokens);
        if let Some(system) = &self.system {
            request = request.with_system(system.as_str());
        }
        let body = family.body(&self.model, &request);
        let body = body.map_err(|error| format!("{family}: {error}"))?;
        Ok(Bytes::from(body.as_str().to_owned()))
    }
}

fn read(path: &Path) -> Result<Bytes, String> {
    let is_stdin = path.as_os_str() == "-";
    let failed = |error: &dyn std::fmt::Display| {
        if is_stdin {
            return format!("standard input: {error}");
        }
        format!("{}: {error}", path.display())
    };
    let mut body = Vec::new();
    if is_stdin {
        let mut stdin = std::io::stdin().lock();
        stdin.read_to_end(&mut body).map_err(|e| failed(&e))?;
    } else {
        body = std::fs::read(path).map_err(|e| failed(&e))?;
    }
    // The service would say no more than that.
    serde_json::from_slice::<serde::de::IgnoredAny>(&body).map_err(|e| failed(&e))?;
    Ok(body.into())
}
