//! The Strands face: its order, a conversation, what a restart needs, a stop that runs every step.

use std::time::Duration;

use bedrock_loopback::{Builder, Limits, Scenario, Server};
use bedrock_stream::strands::{BidiError, BidiModel, Block, Input, Start, StopStep};
use bytes::Bytes;
use nova_sonic::strands::{BidiEvent, BidiRole, Config};
use nova_sonic::{HistoryRole, ToolSpec};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::stage::{START_SECS, client, connect, server, server_clock};

fn script(sonic: &Value) -> Builder {
    let scenario = json!({"sonic": sonic}).to_string();
    server()
        .seed(3)
        .strict(true)
        .scenario(Scenario::from_json(&scenario, ".").unwrap())
}

fn build(server: Builder) -> Server {
    server.clock(server_clock(START_SECS)).build().unwrap()
}

fn model(server: &Server) -> BidiModel {
    let client = client(server, server.secret_access_key());
    BidiModel::new(&client, "amazon.nova-2-5-sonic", Config::default())
}

fn text(text: &str) -> Input {
    Input::Message(vec![Block::Text(text.into())])
}

/// Receives until an event of this type has come; gives all of them.
async fn until(model: &BidiModel, kind: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    loop {
        let event = model.receive().await.unwrap().expect("not over yet");
        let event = serde_json::to_value(event).unwrap();
        let done = event["type"] == kind;
        seen.push(event);
        if done {
            return seen;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wrong_order_is_refused_and_the_right_one_is_a_conversation() {
    let server = build(script(&json!([
        {"when": "text", "contains": "weather", "send": [{"say": {"text": "It is sunny."}}]}
    ])));
    let model = model(&server);
    assert!(matches!(
        model.receive().await,
        Err(BidiError::NotStarted { .. })
    ));
    assert!(matches!(
        model.send(text("x")).await,
        Err(BidiError::NotStarted { .. })
    ));
    model.stop().await.unwrap();

    let mut http2 = connect(&server).await;
    model.start_on(Start::default(), &mut http2).await.unwrap();
    let twice = model.start_on(Start::default(), &mut http2).await;
    assert!(matches!(twice, Err(BidiError::AlreadyStarted)));
    let picture = Block::ToolResult {
        tool_use_id: "1".into(),
        content: vec![json!({"image": {}})],
    };
    let picture = model.send(Input::Message(vec![picture])).await;
    assert!(matches!(picture, Err(BidiError::Unsupported { .. })));

    model
        .send(Input::Audio(Bytes::from(vec![0; 1024])))
        .await
        .unwrap();
    model.send(text("How is the weather?")).await.unwrap();
    let seen = until(&model, "bidi_response_stop").await;
    let kinds: Vec<_> = seen
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| !["bidi_audio_delta", "bidi_usage"].contains(kind))
            .collect::<Vec<_>>(),
        [
            &"bidi_connection_start",
            &"bidi_response_start",
            &"bidi_transcript_start",
            &"bidi_transcript_delta",
            &"bidi_audio_start",
            &"bidi_audio_stop",
            &"bidi_transcript_stop",
            &"bidi_response_stop",
        ]
    );
    model.stop().await.unwrap();
    assert!(matches!(
        model.receive().await,
        Err(BidiError::NotStarted { .. })
    ));
    model
        .start_on(Start::default(), &mut http2)
        .await
        .expect("may be started again");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_of_whoever_receives() {
    let server = build(script(&json!([{"when": "text", "send": []}])));
    let model = model(&server);
    model
        .start_on(Start::default(), &mut connect(&server).await)
        .await
        .unwrap();
    assert!(matches!(
        model.receive().await,
        Ok(Some(BidiEvent::ConnectionStart { .. }))
    ));
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        model.stop().await
    };
    let (received, stopped) = tokio::join!(model.receive(), stop);
    assert!(received.unwrap().is_none());
    stopped.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_timeout_error_has_what_goes_on_where_it_ended() {
    let mut limits = Limits::default();
    limits.session = Duration::from_secs(30);
    let script =
        json!([{"when": "text", "contains": "name", "send": [{"say": {"text": "I am Ada."}}]}]);
    let server = build(script_with(&script, limits));
    let model = model(&server);
    let start = Start {
        system_prompt: "You are Ada.".into(),
        tools: Vec::new(),
        messages: vec![
            (HistoryRole::User, "Hello.".into()),
            (HistoryRole::Assistant, "Hi.".into()),
        ],
    };
    model
        .start_on(start, &mut connect(&server).await)
        .await
        .unwrap();
    model.send(text("What is your name?")).await.unwrap();
    until(&model, "bidi_response_stop").await;
    let error = loop {
        match model.receive().await {
            Ok(event) => assert!(event.is_some(), "no timeout"),
            Err(error) => break error,
        }
    };
    let BidiError::Timeout { restart, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(restart.system_prompt, "You are Ada.");
    let said: Vec<_> = restart
        .messages
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(said, ["Hello.", "Hi.", "What is your name?", "I am Ada."]);
    assert!(model.receive().await.unwrap().is_none());

    // Both steps run; what could not be closed any more is told, and the model can be started again.
    let stopped = model.stop().await.unwrap_err();
    let steps: Vec<_> = stopped.failures().iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [StopStep::Close]);
    model
        .start_on(*restart, &mut connect(&server).await)
        .await
        .unwrap();
    model.send(text("And your name?")).await.unwrap();
    until(&model, "bidi_response_stop").await;
    model.stop().await.unwrap();
}

fn script_with(sonic: &Value, limits: Limits) -> Builder {
    script(sonic).limits(limits)
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_after_a_restart_goes_as_text() {
    let first = build(script(&json!([
        {"when": "text", "contains": "look", "send": [{"tool": {"name": "lookup", "id": "t1", "input": {"q": 1}}}]},
        {"when": "tool-result", "tool": "lookup", "expect": {"text": "native"}, "send": [{"say": {"text": "Native."}}]},
        {"when": "then", "send": [{"tool": {"name": "lookup", "id": "t2", "input": {"q": 2}}}]}
    ])));
    let second = build(script(&json!([
        {"when": "text", "contains": "late news", "send": [{"say": {"text": "Noted."}}]}
    ])));
    let model = model(&first);
    let tool = ToolSpec::new("lookup", "Looks it up", Value::Null).unwrap();
    let start = || Start {
        tools: vec![tool.clone()],
        ..Start::default()
    };
    model
        .start_on(start(), &mut connect(&first).await)
        .await
        .unwrap();
    model.send(text("look it up")).await.unwrap();
    let uses = until(&model, "bidi_tool_use_blocks").await;
    assert_eq!(uses.last().unwrap()["tool_uses"][0]["toolUseId"], "t1");
    let result = |id: &str, text: &str| {
        Input::Message(vec![Block::ToolResult {
            tool_use_id: id.into(),
            content: vec![json!({"text": text})],
        }])
    };
    model.send(result("t1", "native")).await.unwrap();
    until(&model, "bidi_tool_use_blocks").await;

    model
        .restart_on(start(), &mut connect(&second).await)
        .await
        .unwrap();
    model.send(result("t2", "late news")).await.unwrap();
    let seen = timeout(Duration::from_secs(20), until(&model, "bidi_response_stop"))
        .await
        .unwrap();
    let said = seen
        .iter()
        .find(|event| event["type"] == "bidi_transcript_delta")
        .unwrap();
    assert_eq!(
        (&said["delta"], &said["role"]),
        (
            &json!("Noted."),
            &serde_json::to_value(BidiRole::Assistant).unwrap()
        )
    );
    model.stop().await.unwrap();
}
