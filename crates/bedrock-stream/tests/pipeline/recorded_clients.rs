//! Conversations of other people's clients, from fixtures/recordings, without these clients: they are served again, and what
//! the clients sent is sent again.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bedrock_loopback::{Scenario, Server};
use bedrock_stream::recording::{Direction, End, Pace, RecordedCall, Replay, Transcript, What};
use eventstream_codec::{Inbound, Limits, Message, MessageKind};
use h2_duplex::{Duplex, ReceiveHalf, SendHalf};
use nova_sonic::{Reader, ServerEvent, StopReason};
use serde_json::Value;

use crate::stage::{START_SECS, client, connect, question, server, server_clock};

/// Bytes of silence that these clients speak behind the question.
const SILENCE: usize = 128_000;
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{FIXTURES}/recordings/{name}.jsonl")).unwrap()
}

fn recording(name: &str) -> Transcript {
    let transcript = Transcript::parse(file(name).as_bytes()).unwrap();
    assert!(transcript.is_closed(), "{name}");
    transcript
}

/// The recording with the question where the fixture has silence of the same length.
fn recording_with_speech(name: &str) -> Transcript {
    let mut pcm = question().concat();
    pcm.resize(pcm.len() + SILENCE, 0);
    let mut speech = pcm.chunks(1024).cycle();
    let text = file(name);
    let mut lines = text.lines();
    // What the file is stands in the first member of its first line.
    let mut with_speech = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(event) = line.pointer_mut("/frame/nested") {
            let event = event.as_object_mut().unwrap();
            if let Some(silence) = event.remove("silence") {
                let chunk = speech.next().unwrap();
                assert_eq!(silence, chunk.len(), "{name}");
                let content = format!(r#""content": "{}""#, BASE64_STANDARD.encode(chunk));
                let text = event["bytes_text"].as_str().unwrap();
                event["bytes_text"] = text.replace(r#""content": """#, &content).into();
            }
        }
        with_speech.push_str(&line.to_string());
        with_speech.push('\n');
    }
    Transcript::parse(with_speech.as_bytes()).unwrap()
}

/// Sends what the recorded client sent, and gives what comes back.
async fn replayed(transcript: &Transcript, call: &RecordedCall) -> Vec<u8> {
    let mut replay = Replay::new(transcript, Pace::AtOnce);
    let (mut send, mut receive) = replay.open(call.request().clone()).await.unwrap();
    for entry in call
        .entries()
        .iter()
        .filter(|e| e.direction == Direction::Up)
    {
        if let What::Frame(bytes) | What::Body(bytes) = &entry.what {
            send.send(bytes.clone()).await.unwrap();
        }
    }
    send.finish().await.unwrap();
    let mut down = Vec::new();
    assert_eq!(receive.head().await.unwrap().status, 200);
    // A client that leaves early ends its recording so.
    while let Ok(Some(chunk)) = receive.next().await {
        down.extend_from_slice(&chunk);
    }
    assert_eq!(replay.deviations(), []);
    down
}

/// What came down, to the first exception.
fn events(call: &RecordedCall) -> Vec<ServerEvent> {
    let (mut reader, mut events) = (Reader::new(), Vec::new());
    for frame in frames(call) {
        let read = reader.read(frame.frame(), &mut |event| events.push(event));
        // One of them ends the prompt before its audio: the service says so last.
        if read.is_err() {
            break;
        }
    }
    events
}

fn frames(call: &RecordedCall) -> impl Iterator<Item = Message> {
    let down = call.entries().iter();
    down.filter_map(|entry| match &entry.what {
        What::Frame(bytes) if entry.direction == Direction::Down => {
            Some(Message::from_bytes(bytes, &Limits::bounded()).unwrap())
        }
        _ => None,
    })
}

/// Who was heard, what was said and called, and what was interrupted, in this order.
fn story(events: &[ServerEvent]) -> Vec<String> {
    let told = events.iter().filter_map(|event| match event {
        ServerEvent::TextOutput(text) => Some(format!("{}: {}", text.role.as_str(), text.content)),
        ServerEvent::ToolUse(tool) => Some(format!("calls {}", tool.tool_name)),
        ServerEvent::ContentEnd(end) if end.stop_reason == Some(StopReason::Interrupted) => {
            Some("is interrupted".to_owned())
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn voice_frameworks_call_a_tool_and_are_interrupted() {
    for name in ["strands", "pipecat"] {
        let transcript = recording(name);
        let call = &transcript.calls()[0];
        let down = replayed(&transcript, call).await;
        assert_eq!(down, call.bytes(Direction::Down), "{name}");
        let story = story(&events(call));
        assert_eq!(
            story,
            [
                "USER: what is the weather in lisbon",
                "calls getWeather",
                "ASSISTANT: It is 72 degrees in Lisbon, and here is a long story about it.",
                "ASSISTANT: { \"interrupted\" : true }",
                "is interrupted",
                "USER: thank you that is enough",
                "ASSISTANT: You are welcome.",
            ],
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn programs_that_converse_get_the_same_answer_again() {
    for name in ["langchain-aws", "ai-sdk", "litellm", "rig"] {
        let transcript = recording(name);
        let call = &transcript.calls()[0];
        assert_eq!(call.operation(), "converse-stream", "{name}");
        assert_eq!(call.end(Direction::Down), Some(&End::Clean), "{name}");
        let down = replayed(&transcript, call).await;
        let text = String::from_utf8_lossy(&down).into_owned();
        for part in [
            "messageStart",
            "reasoningContent",
            "tooluse_1",
            "messageStop",
            "metadata",
        ] {
            assert!(text.contains(part), "{name}: {part}");
        }
    }
}

/// The loopback of today, with the script of the recordings.
fn scripted() -> Server {
    let scenario = Scenario::from_file(format!("{FIXTURES}/scenarios/judges.json")).unwrap();
    let server = server().scenario(scenario);
    server.clock(server_clock(START_SECS)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_programs_sent_is_answered_alike_under_a_new_signature() {
    for name in ["langchain-aws", "ai-sdk", "litellm", "rig"] {
        let (transcript, server) = (recording(name), scripted());
        let client = client(&server, server.secret_access_key());
        let call = &transcript.calls()[0];
        let mut connection = connect(&server).await;
        let again = call
            .send_again_on(&client, Pace::Recorded, &mut connection)
            .await
            .unwrap();
        // `p` is padding of a random length.
        let answer = |call: &RecordedCall| -> Vec<(String, Value)> {
            let frames = frames(call).map(|message| {
                let mut json: Value = serde_json::from_slice(message.frame().payload()).unwrap();
                json.as_object_mut().unwrap().remove("p");
                let frame = message.frame();
                let MessageKind::Event { event_type } = frame.kind() else {
                    panic!("{name}: {json}")
                };
                (event_type.to_owned(), json)
            });
            frames.collect()
        };
        assert_eq!(answer(&again), answer(call), "{name}");
        for direction in [Direction::Up, Direction::Down] {
            assert_eq!(again.end(direction), Some(&End::Clean), "{name}");
        }
        let shown = format!("{:?}", again.request());
        assert!(shown.contains("Signature=-"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_voice_frameworks_sent_is_the_same_conversation_under_new_signatures() {
    for name in ["strands", "pipecat"] {
        let (transcript, server) = (recording_with_speech(name), scripted());
        let client = client(&server, server.secret_access_key());
        let call = &transcript.calls()[0];
        let mut connection = connect(&server).await;
        let again = call
            .send_again_on(&client, Pace::Recorded, &mut connection)
            .await
            .unwrap();
        assert_eq!(story(&events(&again)), story(&events(call)), "{name}");
        assert_eq!(
            again.end(Direction::Down),
            call.end(Direction::Down),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_refused_whoever_was_recorded() {
    for name in ["strands", "rig"] {
        let (transcript, server) = (recording(name), scripted());
        let client = client(&server, "another secret");
        let call = &transcript.calls()[0];
        let mut connection = connect(&server).await;
        let again = call
            .send_again_on(&client, Pace::AtOnce, &mut connection)
            .await
            .unwrap();
        assert_eq!(again.response().unwrap().status(), 403, "{name}");
    }
}
