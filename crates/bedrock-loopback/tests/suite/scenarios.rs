//! Scenario files, played.

use std::path::Path;
use std::time::Duration;

use bedrock_loopback::{Builder, Fault, FaultKind, Scenario};
use serde_json::{Value, json};

use crate::client::{Call, Client, Ending, Got, builder};
use crate::events::{PROMPT, audio_input, closing, content_end, opening, silence, speech, text};
use crate::oneway::{CONVERSE_STREAM, says};

fn playing(name: &str) -> Builder {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/scenarios");
    builder().scenario(Scenario::from_file(Path::new(folder).join(name)).unwrap())
}

async fn open(builder: Builder) -> Call {
    let server = builder.build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    for event in opening(16_000, 16_000) {
        call.send(&event).await;
    }
    call
}

async fn speak(call: &mut Call) {
    for chunk in [speech(1000, 16_000), silence(1600, 16_000)]
        .concat()
        .chunks(512)
    {
        call.send(&audio_input(chunk)).await;
    }
}

/// The next event of a name; those before it are passed over.
async fn wait_for(call: &mut Call, name: &str) -> Value {
    loop {
        match call.next().await.unwrap() {
            Got::Event(event, members) if event == name => return members,
            Got::Event(..) => {}
            exception @ Got::Exception(..) => panic!("{exception:?}"),
        }
    }
}

async fn answer_tool(call: &mut Call, name: &str, id: &Value, result: &Value) {
    let start = json!({ "event": { "contentStart": {
        "promptName": PROMPT, "contentName": name, "interactive": false, "type": "TOOL", "role": "TOOL",
        "toolResultInputConfiguration": {
            "toolUseId": id, "type": "TEXT", "textInputConfiguration": { "mediaType": "text/plain" },
        },
    } } });
    let content = json!({ "event": { "toolResult": {
        "promptName": PROMPT, "contentName": name, "content": result.to_string(),
    } } });
    for event in [start, content, content_end(name)] {
        call.send(&event).await;
    }
}

fn contents<'g>(got: &'g [Got], event: &str, member: &str) -> Vec<&'g str> {
    got.iter()
        .filter_map(|got| match got {
            Got::Event(name, members) if name == event => members[member].as_str(),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_and_its_result_spoken() {
    let mut call = open(playing("weather.json")).await;
    speak(&mut call).await;
    let transcript = wait_for(&mut call, "textOutput").await;
    assert_eq!(transcript["content"], "what is the weather in lisbon");
    let tool = wait_for(&mut call, "toolUse").await;
    assert_eq!(
        (&tool["toolName"], &tool["content"]),
        (&json!("getWeather"), &json!("{\"city\":\"Lisbon\"}"))
    );
    assert_eq!(
        wait_for(&mut call, "contentEnd").await["stopReason"],
        "TOOL_USE"
    );
    let result = json!({ "temperature": 72, "sky": "clear" });
    answer_tool(&mut call, "tool-1", &tool["toolUseId"], &result).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    for event in closing() {
        call.send(&event).await;
    }
    call.end().await;
    let (got, ending) = call.outcome().await;
    assert_eq!(ending, Ending::Clean);
    let said = contents(&got, "textOutput", "content");
    assert_eq!(
        said.iter()
            .filter(|text| **text == "It is 72 degrees in Lisbon.")
            .count(),
        2
    );
    let audio_ends = got.iter().filter_map(|got| match got {
        Got::Event(name, end) if name == "contentEnd" && end["type"] == "AUDIO" => {
            end["stopReason"].as_str()
        }
        _ => None,
    });
    assert_eq!(audio_ends.collect::<Vec<_>>(), ["PARTIAL_TURN", "END_TURN"]);
}

/// What a tool's result comes to.
async fn with_result(results: &[Value]) -> String {
    let mut call = open(playing("weather.json")).await;
    speak(&mut call).await;
    let tool = wait_for(&mut call, "toolUse").await;
    for (at, result) in results.iter().enumerate() {
        answer_tool(&mut call, &format!("tool-{at}"), &tool["toolUseId"], result).await;
    }
    match call.rest().await.pop() {
        Some(Got::Exception(_, message)) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_result_is_checked() {
    let says = with_result(&[json!({ "temperature": 71 })]).await;
    assert!(
        says.ends_with("of \"getWeather\": it differs at \"/temperature\"."),
        "{says}"
    );
    assert_eq!(
        with_result(&[json!("warm")]).await,
        "Tool Response parsing error"
    );
    let right = json!({ "temperature": 72 });
    let says = with_result(&[right.clone(), right]).await;
    assert_eq!(
        says,
        "Invalid input request, please fix your input and try again."
    );
}

#[tokio::test(start_paused = true)]
async fn the_assistant_speaks_first_and_the_service_throttles() {
    let mut call = open(playing("greeting.json")).await;
    assert_eq!(wait_for(&mut call, "textOutput").await["content"], "Hello.");
    call.send(&audio_input(&silence(100, 16_000))).await;
    for event in text("turn-1", "USER", true, "What time is it?") {
        call.send(&event).await;
    }
    let (got, ending) = call.outcome().await;
    assert_eq!(ending, Ending::Clean);
    assert!(contents(&got, "textOutput", "content").contains(&"It is late."));
    assert!(contents(&got, "somethingNew", "note")[0].contains("ignored"));
    let Some(Got::Exception(name, _)) = got.last() else {
        panic!()
    };
    assert_eq!(name, "throttlingException");
}

#[tokio::test(start_paused = true)]
async fn one_way_calls_are_answered_from_it_or_echoed() {
    let server = playing("weather.json").build().unwrap();
    let mut client = Client::connect(&server).await;
    let (got, _) = client
        .post(CONVERSE_STREAM, &says("the weather?"))
        .await
        .outcome()
        .await;
    assert!(format!("{got:?}").contains("tooluse_1"));
    let (got, _) = client
        .post(CONVERSE_STREAM, &says("the news?"))
        .await
        .outcome()
        .await;
    assert!(format!("{got:?}").contains("news?"));
    let error = client
        .post(CONVERSE_STREAM, &says("too fast"))
        .await
        .http_error()
        .await;
    assert_eq!((error.0, error.1.as_str()), (429, "ThrottlingException"));

    let invoke = "/model/mistral.mistral-7b-instruct-v0%3A2/invoke";
    let body = json!({ "prompt": "the weather?" });
    let (_, whole) = client.post(invoke, &body).await.json().await;
    assert_eq!(whole["outputs"][0]["text"], "Sunny.");
    let stream = "/model/mistral.mistral-7b-instruct-v0%3A2/invoke-with-response-stream";
    let (got, _) = client.post(stream, &body).await.outcome().await;
    assert_eq!(got.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tool_call_then_speech_then_a_tool_call() {
    let mut call = open(builder().fault(Fault::new(FaultKind::ToolSpeechTool))).await;
    speak(&mut call).await;
    let first = wait_for(&mut call, "toolUse").await;
    assert_eq!(
        wait_for(&mut call, "textOutput").await["content"],
        "One moment."
    );
    let second = wait_for(&mut call, "toolUse").await;
    assert_ne!(first["toolUseId"], second["toolUseId"]);
}
