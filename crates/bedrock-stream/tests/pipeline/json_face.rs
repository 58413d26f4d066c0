//! The JSON face: a session by hand, nothing lost to a timeout, the rules, the close.

use std::time::Duration;

use bedrock_loopback::{Builder, Scenario};
use bedrock_stream::{BidiStream, ErrorKind, Next, TransportState};
use serde_json::{Value, json};

use crate::stage::{START_SECS, client, connect, server, server_clock};

const LONG: Duration = Duration::from_secs(30);

/// A Bedrock that says a sentence to whoever writes "hello".
fn polite() -> Builder {
    let scenario = r#"{"sonic": [{"when": "text", "contains": "hello", "send": [{"say": {"text": "Good morning."}}]}]}"#;
    server()
        .seed(5)
        .strict(true)
        .scenario(Scenario::from_json(scenario, ".").unwrap())
}

async fn open(server: Builder) -> BidiStream<h2_duplex::Sender, h2_duplex::Receiver> {
    let server = server.clock(server_clock(START_SECS)).build().unwrap();
    let client = client(&server, server.secret_access_key());
    let mut connection = connect(&server).await;
    BidiStream::connect_on(&client, "amazon.nova-2-5-sonic", &mut connection)
        .await
        .unwrap()
}

fn event(name: &str, body: &Value) -> Value {
    json!({"event": {name: body}})
}

fn text_block(name: &str, role: &str, interactive: bool, text: &str) -> [Value; 3] {
    [
        event(
            "contentStart",
            &json!({"promptName": "p", "contentName": name, "type": "TEXT", "role": role, "interactive": interactive,
                   "textInputConfiguration": {"mediaType": "text/plain"}}),
        ),
        event(
            "textInput",
            &json!({"promptName": "p", "contentName": name, "content": text}),
        ),
        event(
            "contentEnd",
            &json!({"promptName": "p", "contentName": name}),
        ),
    ]
}

/// All that a program sends until it has said hello.
fn opening() -> Vec<Value> {
    let mut events = vec![
        event(
            "sessionStart",
            &json!({"inferenceConfiguration": {"maxTokens": 1024}}),
        ),
        event(
            "promptStart",
            &json!({"promptName": "p", "textOutputConfiguration": {"mediaType": "text/plain"}, "audioOutputConfiguration":
                   {"mediaType": "audio/lpcm", "sampleRateHertz": 16000, "sampleSizeBits": 16, "channelCount": 1,
                    "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH"}}),
        ),
    ];
    events.extend(text_block("s", "SYSTEM", false, "Be kind."));
    events.push(event(
        "contentStart",
        &json!({"promptName": "p", "contentName": "a", "type": "AUDIO", "role": "USER", "interactive": true,
               "audioInputConfiguration": {"mediaType": "audio/lpcm", "sampleRateHertz": 16000, "sampleSizeBits": 16,
                                           "channelCount": 1, "audioType": "SPEECH", "encoding": "base64"}}),
    ));
    let silence = format!("{}A", "A".repeat(4266)) + "=";
    events.push(event(
        "audioInput",
        &json!({"promptName": "p", "contentName": "a", "content": silence}),
    ));
    events.extend(text_block("t", "USER", true, "hello"));
    events
}

fn closing() -> [Value; 3] {
    [
        event(
            "contentEnd",
            &json!({"promptName": "p", "contentName": "a"}),
        ),
        event("promptEnd", &json!({"promptName": "p"})),
        event("sessionEnd", &json!({})),
    ]
}

/// Holds the conversation, waiting this long for each event; gives what came and how often nothing did.
async fn hold(patience: Duration) -> (Vec<Value>, usize) {
    let stream = open(polite()).await;
    assert_eq!(stream.info().status, None);
    for event in opening() {
        stream.send_event(&event).await.unwrap();
    }
    let (mut events, mut timeouts) = (Vec::new(), 0);
    loop {
        match stream.next_event(patience).await.unwrap() {
            Next::Event(event) => {
                let end = event.pointer("/event/contentEnd");
                let over = end
                    .is_some_and(|end| end["type"] == "AUDIO" && end["stopReason"] == "END_TURN");
                events.push(event);
                if over {
                    for event in closing() {
                        stream.send_event(&event).await.unwrap();
                    }
                    stream.done_sending().await.unwrap();
                }
            }
            Next::TimedOut => timeouts += 1,
            Next::Halt => break,
        }
    }
    assert_eq!(stream.next_event(patience).await.unwrap(), Next::Halt);
    let info = stream.info();
    assert_eq!(
        (info.status, info.transport),
        (Some(200), TransportState::Closed)
    );
    assert!(info.error.is_none(), "{:?}", info.error);
    stream.send_event(&json!({})).await.unwrap_err();
    (events, timeouts)
}

#[tokio::test(start_paused = true)]
async fn a_session_by_hand_and_a_timeout_loses_none_of_it() {
    let (patient, none) = hold(LONG).await;
    assert_eq!(none, 0);
    let has = |name: &str| {
        patient
            .iter()
            .any(|event| event["event"].get(name).is_some())
    };
    assert!(has("textOutput") && has("audioOutput") && has("completionEnd"));
    let (hasty, many) = hold(Duration::from_millis(1)).await;
    assert!(many > 100, "{many} timeouts");
    let names = |events: &[Value]| -> Vec<String> {
        let body = |event: &Value| {
            event["event"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .cloned()
                .unwrap()
        };
        events.iter().map(body).collect()
    };
    assert_eq!(names(&hasty), names(&patient));
}

#[tokio::test(start_paused = true)]
async fn the_rules_hold_unless_asked_not_to() {
    let stream = open(polite()).await;
    let early = event("promptStart", &json!({"promptName": "p"}));
    let refused = stream.send_event(&early).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused}");
    stream.send_event_unchecked(&early).await.unwrap();
    let error = stream.next_event(LONG).await.unwrap_err();
    assert!(
        error.to_string().contains("Invalid input request"),
        "{error}"
    );
    assert_eq!(stream.next_event(LONG).await.unwrap(), Next::Halt);
    let told = stream.info().error.map(|error| error.to_string());
    assert_eq!(told, Some(error.to_string()));
    let later = stream.send_event_unchecked(&early).await.unwrap_err();
    assert_eq!(later.to_string(), error.to_string());
}

#[tokio::test(start_paused = true)]
async fn close_wakes_who_waits() {
    let stream = open(polite()).await;
    let wait = stream.next_event(LONG);
    let close = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stream.close().await;
    };
    let (next, ()) = tokio::join!(wait, close);
    assert_eq!(next.unwrap(), Next::Halt);
    assert_eq!(stream.info().transport, TransportState::Closed);
    stream.send_event(&json!({})).await.unwrap_err();
    stream.close().await;
}
