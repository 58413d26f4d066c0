//! Requests in models' own JSON, and their replies.

mod calls;
mod families;

use std::time::{Duration, SystemTime};

use bedrock_loopback::{Builder, Clock};
use bedrock_stream::{Error, InvokeCall, InvokeStream, Retry};
use converse_stream::family::Family;

use crate::stage::{START_SECS, client, connect};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Every family with a model of it.
const MODELS: [(Family, &str); 13] = [
    (
        Family::AnthropicMessages,
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
    ),
    (Family::AnthropicText, "anthropic.claude-v2:1"),
    (Family::Nova, "eu.amazon.nova-lite-v1:0"),
    (Family::Titan, "amazon.titan-text-express-v1"),
    (Family::Llama, "us.meta.llama3-3-70b-instruct-v1:0"),
    (Family::MistralText, "mistral.mixtral-8x7b-instruct-v0:1"),
    (Family::MistralChat, "mistral.mistral-large-2407-v1:0"),
    (Family::CohereCommand, "cohere.command-text-v14"),
    (Family::CohereChat, "cohere.command-r-plus-v1:0"),
    (Family::Jamba, "ai21.jamba-1-5-large-v1:0"),
    (Family::DeepSeek, "us.deepseek.r1-v1:0"),
    (Family::Writer, "us.writer.palmyra-x5-v1:0"),
    (Family::OpenAi, "openai.gpt-oss-120b-1:0"),
];

/// Asks a loopback of these settings.
async fn ask(
    server: Builder,
    model: &str,
    body: impl Into<bytes::Bytes>,
    with: impl Fn(InvokeCall) -> InvokeCall,
) -> Result<InvokeStream<h2_duplex::Receiver>, Error> {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START_SECS);
    let server = server.clock(Clock::starting_at(start)).build().unwrap();
    let mut connection = connect(&server).await;
    let call = client(&server, SECRET).invoke_stream(model, body);
    with(call.retry(Retry::NONE)).send_on(&mut connection).await
}
