//! `bedrock converse`: a question and its answer, or a chat, by ConverseStream.

mod attachment;
mod chat;
mod tools;
mod turn;

use std::path::PathBuf;

use converse_stream::{ContentBlock, ConverseRequest, Message};
use serde_json::json;

use crate::answer::{Screen, Watcher};
use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};
use turn::Turn;

/// Tokens that are left for the answer where only the budget for thinking is known.
const ANSWER_TOKENS: u32 = 4096;

/// Ask a model and see its answer as it is written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to ask; without it, each line of stdin is asked and the conversation goes on until its end
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// What the model should be and do
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// A picture for the first question: PNG, JPEG, GIF or WebP; may be given more than once
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// A document for the first question: pdf, csv, doc, docx, xls, xlsx, html, txt or md; may be given more than once
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,
    /// Tools that the model may call, as JSON: a `toolSpec`, a list of them, or a `toolConfig`; may be given more than once
    #[arg(long, value_name = "FILE")]
    tool_spec: Vec<PathBuf>,
    /// Have a Claude model think first, for at most so many tokens; its thoughts go to stderr
    #[arg(long, value_name = "TOKENS")]
    thinking: Option<u32>,
    /// Most tokens of an answer, those for thinking included
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u32>,
    /// The model: an id, an inference profile or an ARN
    #[arg(long, value_name = "ID", default_value = "amazon.nova-lite-v1:0")]
    model: String,
    /// Print each event as a JSON object on a line of stdout, and each answer's outcome as one more
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
  bedrock converse --loopback 'What is the capital of Peru?'
  bedrock converse --model us.amazon.nova-pro-v1:0 --image chart.png 'What does it show?'
  bedrock converse --model us.anthropic.claude-sonnet-4-20250514-v1:0 --thinking 2048";

/// Asks, or chats.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    let (request, first) = prepare(args).map_err(Stop::usage)?;
    let (client, server) = args.connect.connect().await?;
    let screen = Screen::new(args.json, args.verbose, args.thinking.is_some());
    let turn = Turn::new(client, args.model.clone(), Watcher::new(screen)?);
    let exit = match &args.prompt {
        Some(prompt) => ask(turn, request, first, prompt).await,
        None => chat::hold(turn, request, first).await,
    };
    if let Some(server) = server {
        server.shutdown().await;
    }
    exit
}

/// Asks one question.
async fn ask(
    mut turn: Turn,
    mut request: ConverseRequest,
    mut content: Vec<ContentBlock>,
    prompt: &str,
) -> Result<Exit, Stop> {
    content.push(prompt.into());
    request.messages.push(Message::user(content));
    Ok(turn.take(&request).await.exit)
}

/// What can be wrong before anything is connected: exit code 2. Gives the request without messages, and what stands
/// before the text of the first.
fn prepare(args: &Args) -> Result<(ConverseRequest, Vec<ContentBlock>), String> {
    if args
        .prompt
        .as_ref()
        .is_some_and(|text| text.trim().is_empty())
    {
        return Err("the prompt is empty".into());
    }
    let mut request = ConverseRequest::new();
    if let Some(system) = &args.system {
        request = request.with_system(system.as_str());
    }
    let mut max_tokens = args.max_tokens;
    if let Some(budget) = args.thinking {
        // The model's own rule: the budget is a part of the answer's tokens.
        let most = *max_tokens.get_or_insert(budget.saturating_add(ANSWER_TOKENS));
        if most <= budget {
            return Err(format!(
                "--max-tokens {most} leaves nothing beside --thinking {budget}"
            ));
        }
        let thinking = json!({ "type": "enabled", "budget_tokens": budget });
        request = request.with_additional_fields(json!({ "thinking": thinking }));
    }
    if let Some(most) = max_tokens {
        request = request.with_max_tokens(most);
    }
    request.tool_config = tools::read(&args.tool_spec)?;
    let mut content = Vec::new();
    for path in &args.image {
        content.push(attachment::image(path)?);
    }
    for path in &args.document {
        content.push(attachment::document(path)?);
    }
    Ok((request, content))
}
