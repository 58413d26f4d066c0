//! A reply by ConverseStream and a spoken session, with keys of the caller's.

use bedrock_stream::{Client, Credentials};
use converse_stream::{ConverseRequest, Event, Message};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "example"))
        .build()?;
    let request = ConverseRequest::new().with_message(Message::user("Hello!"));
    let mut reply = client
        .converse("amazon.nova-lite-v1:0", &request)
        .send()
        .await?;
    while let Some(event) = reply.next().await? {
        if let Event::Text { text, .. } = event {
            print!("{text}");
        }
    }
    let (mut voice, mut events) = client.sonic("amazon.nova-2-5-sonic").open().await?;
    voice.audio(&[0; 1024]).await?;
    while let Some(event) = events.next().await? {
        println!("{event:?}");
    }
    Ok(())
}
