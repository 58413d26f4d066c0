//! aws-sdk-bedrockruntime behind the JSON lines of docs/fixtures.md: what it hands out, folded by block.

use std::collections::BTreeMap;

use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_sdk_bedrockruntime::types::{
    ContentBlockDelta, ContentBlockStart, ConverseStreamOutput, ReasoningContentBlockDelta,
};
use peer_aws_converse::{Canned, answer_lines};
use serde_json::{Map, Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (version, unable) = (
        "aws-sdk-bedrockruntime 1.153.0",
        "the SDK's client shows no frames",
    );
    answer_lines(version, unable, converse).await;
}

async fn converse(canned: Canned) -> Value {
    let mut heard = Heard::default();
    let sent = canned.client().converse_stream().model_id("m").send().await;
    let error = match sent {
        Ok(output) => {
            let mut stream = output.stream;
            loop {
                match stream.recv().await {
                    Ok(Some(event)) => heard.take(event),
                    Ok(None) => break None,
                    Err(error) => break Some(of_error(error)),
                }
            }
        }
        Err(error) => Some(json!({"message": shown(&error)})),
    };
    heard.answer(error)
}

fn of_error<R: std::fmt::Debug + 'static>(error: SdkError<ConverseStreamOutputError, R>) -> Value {
    let SdkError::ServiceError(context) = &error else {
        return json!({"message": shown(&error)});
    };
    let service = context.err();
    // The type is in the variant; the metadata has no code.
    let code = match service {
        ConverseStreamOutputError::InternalServerException(_) => Some("InternalServerException"),
        ConverseStreamOutputError::ModelStreamErrorException(_) => {
            Some("ModelStreamErrorException")
        }
        ConverseStreamOutputError::ServiceUnavailableException(_) => {
            Some("ServiceUnavailableException")
        }
        ConverseStreamOutputError::ThrottlingException(_) => Some("ThrottlingException"),
        ConverseStreamOutputError::ValidationException(_) => Some("ValidationException"),
        other => other.code(),
    };
    let mut json = json!({"code": code, "message": service.message()});
    if let ConverseStreamOutputError::ModelStreamErrorException(error) = service {
        json["originalStatus"] = error.original_status_code.into();
        json["originalMessage"] = error.original_message.clone().into();
    }
    json
}

fn shown(error: &impl std::error::Error) -> String {
    let text = DisplayErrorContext(error).to_string();
    // What follows is a dump of the message.
    let end = text.find(" (").unwrap_or(text.len());
    text[..end].to_owned()
}

/// What a caller has who keeps all that the SDK hands out.
#[derive(Default)]
struct Heard {
    text: String,
    reasoning: String,
    calls: BTreeMap<i32, Call>,
    stop_reason: Option<String>,
    usage: Option<Value>,
}

#[derive(Default)]
struct Call {
    id: String,
    name: String,
    input: String,
    is_hosted: bool,
}

impl Heard {
    fn take(&mut self, event: ConverseStreamOutput) {
        match event {
            ConverseStreamOutput::ContentBlockStart(event) => {
                if let Some(ContentBlockStart::ToolUse(start)) = event.start {
                    let call = Call {
                        id: start.tool_use_id,
                        name: start.name,
                        input: String::new(),
                        is_hosted: start
                            .r#type
                            .is_some_and(|kind| kind.as_str() == "server_tool_use"),
                    };
                    self.calls.insert(event.content_block_index, call);
                }
            }
            ConverseStreamOutput::ContentBlockDelta(event) => match event.delta {
                Some(ContentBlockDelta::Text(text)) => self.text += &text,
                Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(
                    text,
                ))) => {
                    self.reasoning += &text;
                }
                Some(ContentBlockDelta::ToolUse(delta)) => {
                    let call = self.calls.entry(event.content_block_index).or_default();
                    call.input += &delta.input;
                }
                _ => {}
            },
            ConverseStreamOutput::MessageStop(event) => {
                self.stop_reason = Some(event.stop_reason.as_str().to_owned());
            }
            ConverseStreamOutput::Metadata(event) => {
                if let Some(usage) = event.usage {
                    let counts = [
                        ("inputTokens", Some(usage.input_tokens)),
                        ("outputTokens", Some(usage.output_tokens)),
                        ("totalTokens", Some(usage.total_tokens)),
                        ("cacheReadInputTokens", usage.cache_read_input_tokens),
                        ("cacheWriteInputTokens", usage.cache_write_input_tokens),
                    ];
                    let counts = counts
                        .into_iter()
                        .filter_map(|(name, count)| Some((name.to_owned(), count?.into())));
                    self.usage = Some(Value::Object(counts.collect::<Map<_, _>>()));
                }
            }
            _ => {}
        }
    }

    fn answer(self, error: Option<Value>) -> Value {
        let calls = self.calls.into_values().filter(|call| !call.is_hosted);
        let calls =
            calls.map(|call| json!({"id": call.id, "name": call.name, "input": call.input}));
        json!({
            "outcome": if error.is_some() { "failed" } else { "complete" },
            "error": error,
            "text": self.text,
            "reasoning": self.reasoning,
            "calls": calls.collect::<Vec<_>>(),
            "stop_reason": self.stop_reason,
            "usage": self.usage,
        })
    }
}
