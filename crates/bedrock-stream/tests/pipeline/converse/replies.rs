//! Replies of the loopback, over TLS and HTTP/2.

use bedrock_loopback::{Builder, FaultKind, Scenario};
use bedrock_stream::{ConverseStream, Error, Retry};
use converse_stream::request::tool::{ToolResultBlock, ToolResultContent};
use converse_stream::{
    ContentBlock, ConverseRequest, Event, Message, ReplyContent, StopReason, ToolInput,
};

use crate::stage::{client, connect, server};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub(super) async fn ask(
    builder: Builder,
    text: &str,
) -> Result<ConverseStream<h2_duplex::Receiver>, Error> {
    let request = ConverseRequest::new().with_message(Message::user(text));
    send(builder, &request).await
}

pub(super) async fn send(
    builder: Builder,
    request: &ConverseRequest,
) -> Result<ConverseStream<h2_duplex::Receiver>, Error> {
    send_as(SECRET, builder, request).await
}

pub(super) async fn send_as(
    secret: &str,
    builder: Builder,
    request: &ConverseRequest,
) -> Result<ConverseStream<h2_duplex::Receiver>, Error> {
    let start = std::time::SystemTime::UNIX_EPOCH
        + std::time::Duration::from_millis(super::script::START_MILLIS.unsigned_abs());
    let clock = bedrock_loopback::Clock::starting_at(start);
    let server = builder.clock(clock).build().unwrap();
    let mut connection = connect(&server).await;
    client(&server, secret)
        .converse("amazon.nova-lite-v1:0", request)
        .retry(Retry::NONE)
        .send_on(&mut connection)
        .await
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_word_by_word() {
    for server in [server(), server().fault(FaultKind::OneByteChunks)] {
        let mut reply = ask(server, "one two three").await.unwrap();
        let id = reply.request_id().unwrap().to_owned();
        let mut texts = Vec::new();
        while let Some(event) = reply.next().await.unwrap() {
            if let Event::Text { text, .. } = event {
                texts.push(text);
            }
        }
        assert_eq!(texts, ["one ", "two ", "three"]);
        let outcome = reply.outcome().unwrap();
        assert!(outcome.is_complete());
        let whole = outcome.received();
        assert_eq!(whole.text(), "one two three");
        assert_eq!(whole.request_id.as_deref(), Some(id.as_str()));
        assert_eq!(whole.usage().unwrap().output_tokens, Some(3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_and_its_result_goes_back() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/scenarios/weather.json"
    );
    let playing = server().scenario(Scenario::from_file(folder).unwrap());
    let mut request = ConverseRequest::new().with_message(Message::user("the weather?"));
    let reply = send(playing, &request).await.unwrap();
    let reply = reply.collect().await.unwrap();
    let stop = reply.stop.as_ref().unwrap();
    assert_eq!(stop.reason, StopReason::ToolUse);
    assert!(stop.has_tool_use);
    let call = reply.tool_calls().next().unwrap().clone();
    assert_eq!(call.name, "getWeather");
    assert_eq!(call.input.text(), r#"{"city":"Lisbon"}"#);

    request.messages.push(reply.to_message().unwrap());
    let sunny = vec![ToolResultContent::Text("sunny".to_owned())];
    let result = ToolResultBlock::new(call.id.as_str(), sunny);
    request
        .messages
        .push(Message::user(ContentBlock::ToolResult(result)));
    let echo = send(server(), &request).await.unwrap();
    let text = echo.collect().await.unwrap().text();
    assert!(text.contains("sunny"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn reasoning_comes_with_what_it_must_be_handed_back_with() {
    let thinking = server()
        .fault(FaultKind::Reasoning)
        .fault(FaultKind::RedactedReasoning)
        .fault(FaultKind::ZeroArgTool);
    let reply = ask(thinking, "hello").await.unwrap();
    let reply = reply.collect().await.unwrap();
    let [reasoning, redacted, text, tool] = &reply.blocks[..] else {
        panic!("{} blocks", reply.blocks.len())
    };
    assert!(matches!(&reasoning.content,
        ReplyContent::Reasoning { text, signature: Some(_), .. } if !text.is_empty()));
    assert!(matches!(&redacted.content,
        ReplyContent::Reasoning { redacted, .. } if redacted == b"redacted"));
    assert!(matches!(&text.content, ReplyContent::Text { text, .. } if text == "hello"));
    let ReplyContent::ToolUse(call) = &tool.content else {
        panic!("a tool call")
    };
    assert!(matches!(&call.input, ToolInput::Complete(json) if json.as_str() == "{}"));
    assert_eq!(reply.to_message().unwrap().content.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_this_version_does_not_know_is_handed_on() {
    let new = server().fault(FaultKind::UnknownEvent);
    let reply = ask(new, "hello").await.unwrap().collect().await.unwrap();
    assert_eq!(&*reply.unknown[0].event_type, "somethingNew");
    assert_eq!(reply.text(), "hello");
}
