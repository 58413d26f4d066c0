//! A reply by ConverseStream and a bidirectional call, with keys of the caller's.

use std::error::Error;

use aws_sdk_bedrockruntime::config::{Builder, Credentials, Region};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::error::InvokeModelWithBidirectionalStreamInputError as InputError;
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, ContentBlock, ConversationRole, ConverseStreamOutput,
    InvokeModelWithBidirectionalStreamInput as Input, Message,
};
use aws_sdk_bedrockruntime::{Client, Config};

pub(crate) fn config() -> Builder {
    Config::builder()
        .behavior_version_latest()
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            "AKIDEXAMPLE",
            "example",
            None,
            None,
            "the program",
        ))
}

pub(crate) async fn make(config: Builder) -> Result<(), Box<dyn Error>> {
    let client = Client::from_conf(config.build());
    let message = Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text("Hello!".to_owned()))
        .build()?;
    let call = client
        .converse_stream()
        .model_id("amazon.nova-lite-v1:0")
        .messages(message);
    let mut reply = call.send().await?;
    while let Some(event) = reply.stream.recv().await? {
        if let ConverseStreamOutput::ContentBlockDelta(delta) = event {
            print!("{delta:?}");
        }
    }
    let part = BidirectionalInputPayloadPart::builder()
        .bytes(Blob::new([0; 1024]))
        .build();
    let input = futures_util::stream::iter([Ok::<_, InputError>(Input::Chunk(part))]);
    let mut call = client
        .invoke_model_with_bidirectional_stream()
        .model_id("amazon.nova-2-5-sonic")
        .body(input.into())
        .send()
        .await?;
    while let Some(event) = call.body.recv().await? {
        println!("{event:?}");
    }
    Ok(())
}
