//! A chat with a tool and reasoning: the model thinks, calls, is answered, and goes on with all of it in its history.
//!
//! `cargo run -p bedrock-stream --example converse_chat`. Offline.

use std::error::Error;

use bedrock_loopback::{Loopback, Scenario};
use bedrock_stream::{Client, Credentials};
use converse_stream::request::tool::{ToolResultBlock, ToolSpec};
use converse_stream::{ContentBlock, ConverseRequest, Event, Message, ToolInput};
use serde_json::{Value, json};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let bedrock = scripted().await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let client = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key)
        .build()?;

    let schema =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let weather = ToolSpec::new("getWeather", schema).with_description("The weather in a city");
    let mut request = ConverseRequest::new()
        .with_system("Be brief.")
        .with_tool(weather)
        .with_max_tokens(500)
        .with_message(Message::user("What is the weather in Lisbon?"));
    loop {
        let mut answer = client
            .converse("us.amazon.nova-lite-v1:0", &request)
            .send()
            .await?;
        while let Some(event) = answer.next().await? {
            match event {
                Event::Reasoning { text, .. } => print!("({text})"),
                Event::Text { text, .. } => print!("{text}"),
                Event::BlockStop { .. } => println!(),
                _ => {}
            }
        }
        // Only a whole answer leads here.
        let reply = answer.reply();
        request.messages.push(reply.to_message()?); // thoughts and their signatures too
        let results: Vec<ContentBlock> = reply
            .tool_calls()
            .map(|call| {
                println!("-> {}({})", call.name, call.input.text());
                match &call.input {
                    ToolInput::Complete(input) => {
                        ToolResultBlock::json(&*call.id, weather_in(&input.to_value())).into()
                    }
                    cut => {
                        ToolResultBlock::text(&*call.id, format!("not JSON: {}", cut.text())).into()
                    }
                }
            })
            .collect();
        if results.is_empty() {
            println!("usage: {:?}", reply.usage());
            break;
        }
        request.messages.push(Message::user(results));
    }
    bedrock.shutdown().await;
    Ok(())
}

fn weather_in(input: &Value) -> Value {
    let city = input.get("city").and_then(Value::as_str);
    json!({"city": city, "degrees": 72})
}

/// A model that thinks, calls, and tells what the tool has said.
async fn scripted() -> Outcome<Loopback> {
    let delta = |index: u32, delta: Value| json!({"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}});
    let stop = |index: u32| json!({"contentBlockStop": {"contentBlockIndex": index}});
    let usage = json!({"metadata": {
        "usage": {"inputTokens": 30, "outputTokens": 12, "totalTokens": 42}, "metrics": {"latencyMs": 300}
    }});
    let call = json!({"toolUse": {"toolUseId": "tooluse_1", "name": "getWeather"}});
    let scenario = json!({"converse": [
        {"contains": "toolResult", "events": [
            {"messageStart": {"role": "assistant"}},
            delta(0, json!({"text": "It is 72 degrees "})), delta(0, json!({"text": "in Lisbon."})), stop(0),
            {"messageStop": {"stopReason": "end_turn"}}, usage
        ]},
        {"events": [
            {"messageStart": {"role": "assistant"}},
            delta(0, json!({"reasoningContent": {"text": "I need the weather."}})),
            delta(0, json!({"reasoningContent": {"signature": "c2lnbmF0dXJl"}})), stop(0),
            delta(1, json!({"text": "Let me look."})), stop(1),
            {"contentBlockStart": {"contentBlockIndex": 2, "start": call}},
            delta(2, json!({"toolUse": {"input": "{\"city\":"}})),
            delta(2, json!({"toolUse": {"input": "\"Lisbon\"}"}})), stop(2),
            {"messageStop": {"stopReason": "tool_use"}}, usage
        ]}
    ]});
    let scenario = Scenario::from_json(&scenario.to_string(), ".")?;
    Ok(Loopback::builder().scenario(scenario).start().await?)
}
