//! A stream in a model's own JSON: InvokeModelWithResponseStream, three families, one model of events.
//!
//! `cargo run -p bedrock-stream --example model_native`. Offline.

use std::error::Error;
use std::io::Write as _;

use bedrock_loopback::Loopback;
use bedrock_stream::{Client, Credentials};
use converse_stream::family::Family;
use converse_stream::{ConverseRequest, Event, Message};
use serde_json::json;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let bedrock = Loopback::builder().start().await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let client = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key)
        .build()?;

    // One request, written as each family wants it.
    let request = ConverseRequest::new()
        .with_message(Message::user("Good morning, model!"))
        .with_max_tokens(64);
    for (family, model) in [
        (
            Family::AnthropicMessages,
            "anthropic.claude-3-haiku-20240307-v1:0",
        ),
        (Family::MistralText, "mistral.mistral-7b-instruct-v0:2"),
        (Family::Llama, "meta.llama3-8b-instruct-v1:0"),
    ] {
        let body = family.body(model, &request)?;
        print(&client, model, body.to_string()).await?;
    }

    // Or JSON of your own.
    let body =
        json!({"inputText": "Good morning, Titan!", "textGenerationConfig": {"maxTokenCount": 64}});
    print(&client, "amazon.titan-text-express-v1", body.to_string()).await?;
    bedrock.shutdown().await;
    Ok(())
}

async fn print(client: &Client, model: &str, body: String) -> Outcome {
    print!("{model}: ");
    let mut answer = client.invoke_stream(model, body).send().await?;
    while let Some(event) = answer.next().await? {
        if let Event::Text { text, .. } = event {
            print!("{text}");
            std::io::stdout().flush()?;
        }
    }
    // Only an answer with its family's own mark of an end leads here.
    let stop = answer
        .reply()
        .stop
        .as_ref()
        .map(|stop| stop.reason.as_str());
    println!(" ({:?}, {})", answer.family(), stop.unwrap_or("no reason"));
    Ok(())
}
