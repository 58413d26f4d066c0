//! Converse and InvokeModel, at once and as streams.

use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, ConverseStreamOutput, Message, ResponseStream,
};
use serde_json::{Value, json};

use peer_aws_sdk::{Arguments, Finding, client, shorten};

fn message(arguments: &Arguments) -> Result<Message, String> {
    Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text(arguments.text.clone()))
        .build()
        .map_err(|e| e.to_string())
}

fn body(arguments: &Arguments) -> Blob {
    let messages = json!([{"role": "user", "content": [{"text": arguments.text}]}]);
    Blob::new(json!({"messages": messages, "inferenceConfig": {"maxTokens": 100}}).to_string())
}

pub(crate) async fn converse(arguments: &Arguments) -> Finding {
    let output = client(arguments, &arguments.secret_access_key)
        .converse()
        .model_id(&arguments.text_model)
        .messages(message(arguments)?)
        .send()
        .await
        .map_err(|e| shorten(&DisplayErrorContext(&e).to_string()))?;
    let message = output
        .output()
        .and_then(|o| o.as_message().ok())
        .ok_or("no message")?;
    let text: String = message
        .content()
        .iter()
        .filter_map(|c| c.as_text().ok())
        .cloned()
        .collect();
    let tokens = output.usage().ok_or("no usage")?.total_tokens();
    if text.is_empty() {
        Err("no text".to_owned())
    } else {
        Ok(format!("{tokens} tokens"))
    }
}

pub(crate) async fn converse_stream(arguments: &Arguments) -> Finding {
    let mut output = client(arguments, &arguments.secret_access_key)
        .converse_stream()
        .model_id(&arguments.text_model)
        .messages(message(arguments)?)
        .send()
        .await
        .map_err(|e| shorten(&DisplayErrorContext(&e).to_string()))?;
    let (mut text, mut stop, mut tokens) = (String::new(), None, 0);
    loop {
        match output.stream.recv().await {
            Ok(None) => break,
            Ok(Some(ConverseStreamOutput::ContentBlockDelta(event))) => {
                text += event
                    .delta()
                    .and_then(|d| d.as_text().ok())
                    .map_or("", |t| t);
            }
            Ok(Some(ConverseStreamOutput::MessageStop(event))) => stop = Some(event.stop_reason),
            Ok(Some(ConverseStreamOutput::Metadata(event))) => {
                tokens = event.usage().map_or(0, |usage| usage.total_tokens());
            }
            Ok(Some(_)) => {}
            Err(error) => return Err(format!("{:?}", error.into_service_error())),
        }
    }
    let stop = stop.ok_or("no messageStop")?;
    let found = format!("{} characters, {stop}, {tokens} tokens", text.len());
    if text.is_empty() || tokens == 0 {
        Err(found)
    } else {
        Ok(found)
    }
}

pub(crate) async fn converse_exception(arguments: &Arguments) -> Finding {
    match converse_stream(arguments).await {
        Err(error) if error.contains("ThrottlingException") => Ok(shorten(&error)),
        other => Err(format!("{other:?}")),
    }
}

pub(crate) async fn refused(arguments: &Arguments) -> Finding {
    let output = client(arguments, &arguments.secret_access_key)
        .converse()
        .model_id(&arguments.text_model)
        .messages(message(arguments)?)
        .send()
        .await;
    match output {
        Ok(_) => Err("it went well".to_owned()),
        Err(error) => {
            let status = error.raw_response().map(|r| r.status().as_u16());
            let found = format!("HTTP {}, {:?}", status.unwrap_or_default(), error.code());
            if status == Some(400) && error.code().is_some() {
                Ok(found)
            } else {
                Err(found)
            }
        }
    }
}

pub(crate) async fn invoke(arguments: &Arguments) -> Finding {
    let output = client(arguments, &arguments.secret_access_key)
        .invoke_model()
        .model_id(&arguments.text_model)
        .body(body(arguments))
        .send()
        .await
        .map_err(|e| shorten(&DisplayErrorContext(&e).to_string()))?;
    let bytes = output.body().as_ref();
    let value: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if value.is_object() {
        Ok(format!("{} bytes of JSON", bytes.len()))
    } else {
        Err(value.to_string())
    }
}

pub(crate) async fn invoke_stream(arguments: &Arguments) -> Finding {
    let mut output = client(arguments, &arguments.secret_access_key)
        .invoke_model_with_response_stream()
        .model_id(&arguments.text_model)
        .body(body(arguments))
        .send()
        .await
        .map_err(|e| shorten(&DisplayErrorContext(&e).to_string()))?;
    let mut chunks = 0;
    while let Some(event) = output
        .body
        .recv()
        .await
        .map_err(|e| format!("{:?}", e.into_service_error()))?
    {
        let ResponseStream::Chunk(part) = event else {
            return Err("an unknown event".to_owned());
        };
        let bytes = part.bytes().ok_or("a chunk without bytes")?;
        let value: Value = serde_json::from_slice(bytes.as_ref()).map_err(|e| e.to_string())?;
        chunks += usize::from(value.is_object());
    }
    if chunks > 0 {
        Ok(format!("{chunks} chunks"))
    } else {
        Err("no chunk".to_owned())
    }
}
