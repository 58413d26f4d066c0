//! rig-bedrock behind the JSON lines of docs/fixtures.md: the reply it folds, or what it says instead.

use futures_util::StreamExt as _;
use peer_aws_converse::{Canned, answer_lines};
use rig_bedrock::client::BedrockRuntime;
use rig_core::completion::{CompletionResponse, FinishReason, Usage};
use rig_core::error::ProviderError;
use rig_core::message::{AssistantContent, ToolCall};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    answer_lines(
        "rig-bedrock 0.44.0",
        "rig-bedrock shows no frames",
        converse,
    )
    .await;
}

async fn converse(canned: Canned) -> Value {
    let model = BedrockRuntime::from(canned.client()).completion("m");
    let mut stream = match model.stream("hello") {
        Ok(stream) => stream,
        Err(error) => return json!({"outcome": "failed", "error": of_error(&error)}),
    };
    while let Some(item) = stream.next().await {
        if let Err(error) = item {
            return unfinished(&error, &stream.partial());
        }
    }
    let partial = stream.partial();
    match stream.finish().await {
        Ok(response) => finished(&response),
        Err(error) => unfinished(&error, &partial),
    }
}

/// Rig's own stop reasons are coarser than the service's; one that it keeps verbatim is given.
fn finished(response: &CompletionResponse) -> Value {
    let mut answer = heard(response);
    answer["outcome"] = match &response.error {
        Some(message) => {
            answer["error"] = json!({"message": message});
            "failed".into()
        }
        None => "complete".into(),
    };
    answer["calls"] = response.tool_calls().map(of_call).collect();
    answer["usage"] = of_usage(&response.usage);
    if let Some(FinishReason::Other(reason)) = response.finish_reason() {
        answer["stop_reason"] = reason.into();
    }
    answer
}

/// A reply that did not end has whole calls only, so they are not compared.
fn unfinished(error: &ProviderError, partial: &CompletionResponse) -> Value {
    let mut answer = heard(partial);
    answer["outcome"] = match error {
        ProviderError::Truncated => "incomplete".into(),
        _ => "failed".into(),
    };
    answer["error"] = of_error(error);
    answer
}

fn heard(response: &CompletionResponse) -> Value {
    let reasoning = response.choice.iter().filter_map(|content| match content {
        AssistantContent::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        _ => None,
    });
    json!({"text": response.text(), "reasoning": reasoning.collect::<String>()})
}

fn of_call(call: &ToolCall) -> Value {
    let (id, name) = (call.id.to_string(), call.function.name.to_string());
    match &call.function.invalid_arguments {
        Some(text) => json!({"id": id, "name": name, "input": text}),
        None => json!({"id": id, "name": name, "arguments": call.function.arguments}),
    }
}

/// Rig counts cache reads and writes among the input.
fn of_usage(usage: &Usage) -> Value {
    let cached =
        usage.cached_input_tokens.unwrap_or(0) + usage.cache_creation_input_tokens.unwrap_or(0);
    let counts = [
        (
            "inputTokens",
            usage.input_tokens.map(|all| all.saturating_sub(cached)),
        ),
        ("outputTokens", usage.output_tokens),
        ("cacheReadInputTokens", usage.cached_input_tokens),
        ("cacheWriteInputTokens", usage.cache_creation_input_tokens),
    ];
    let counts = counts
        .into_iter()
        .filter_map(|(name, count)| Some((name.to_owned(), count?.into())));
    let counts: serde_json::Map<String, Value> = counts.collect();
    if counts.is_empty() {
        Value::Null
    } else {
        counts.into()
    }
}

fn of_error(error: &ProviderError) -> Value {
    match error {
        ProviderError::ProviderResponse(response) => {
            json!({"code": response.code, "message": response.body})
        }
        other => json!({"message": other.to_string()}),
    }
}
