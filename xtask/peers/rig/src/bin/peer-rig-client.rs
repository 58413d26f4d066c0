//! rig-bedrock, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md).

use futures_util::StreamExt as _;
use peer_aws_sdk::{Arguments, Finding, client, shorten};
use rig_bedrock::client::BedrockRuntime;
use rig_core::completion::{CompletionRequest, CompletionResponse, ToolDefinition};
use rig_core::error::ProviderError;
use serde_json::json;

/// Why there is no answer.
enum Failure {
    /// Rig says so.
    Refused(String),
    /// It is not the one that was sent.
    Differs(String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    arguments
        .report(async |check| match check {
            "answer" | "answer, HTTP 503 once" | "answer, unknown event" => given(&arguments).await,
            "answer, exception" => refused(&arguments, "hrottling").await,
            "answer, HTTP 400" => refused(&arguments, "ValidationException").await,
            "answer, cut" | "answer, early end" => refused(&arguments, "").await,
            other => Err(format!("this client has no check {other:?}")),
        })
        .await;
}

async fn given(arguments: &Arguments) -> Finding {
    answer(arguments).await.map_err(|failure| match failure {
        Failure::Refused(text) | Failure::Differs(text) => shorten(&text),
    })
}

/// It must fail, with an error that holds `name`.
async fn refused(arguments: &Arguments, name: &str) -> Finding {
    match answer(arguments).await {
        Ok(found) => Err(format!("the end was reported as one in order ({found})")),
        Err(Failure::Differs(text)) => Err(shorten(&text)),
        Err(Failure::Refused(text)) if text.contains(name) => Ok(shorten(&text)),
        Err(Failure::Refused(text)) => {
            Err(format!("an error without the cause: {}", shorten(&text)))
        }
    }
}

async fn answer(arguments: &Arguments) -> Result<String, Failure> {
    let sdk = client(arguments, &arguments.secret_access_key);
    let model = BedrockRuntime::from(sdk).completion(&arguments.text_model);
    let request = CompletionRequest::new(arguments.text.as_str()).tool(weather());
    let mut stream = model.stream(request).map_err(said)?;
    while let Some(item) = stream.next().await {
        item.map_err(said)?;
    }
    let response = stream.finish().await.map_err(said)?;
    match &response.error {
        Some(message) => Err(Failure::Refused(message.clone())),
        None => judge(&response).map_err(Failure::Differs),
    }
}

/// Its text has no code: that is a member of its own.
fn said(error: ProviderError) -> Failure {
    let code = match &error {
        ProviderError::ProviderResponse(response) => response.code.clone(),
        _ => None,
    };
    Failure::Refused(format!("{} {error}", code.unwrap_or_default()))
}

fn weather() -> ToolDefinition {
    let schema =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let name = "getWeather".try_into().expect("a name");
    ToolDefinition::new(name, "The weather in a city", schema)
}

fn judge(response: &CompletionResponse) -> Finding {
    let calls: Vec<_> = response.tool_calls().collect();
    let called = matches!(calls.as_slice(), [call] if call.function.name.as_ref() == "getWeather"
        && call.function.arguments["city"] == "Lisbon");
    let total = response.usage.total_tokens;
    for (holds, what) in [
        (called, format!("{} tool calls", calls.len())),
        (response.text() == "Let me look.", "the text".to_owned()),
        (
            response.reasoning().contains("the weather."),
            "the thoughts".to_owned(),
        ),
        (total == Some(42), format!("usage {total:?}")),
    ] {
        if !holds {
            return Err(format!("not as sent: {what}"));
        }
    }
    Ok(format!("{:?}, 42 tokens", response.finish_reason()))
}
