//! Conversations of other people's clients, from fixtures/recordings, without these clients.

use bedrock_stream::recording::{Direction, End, Pace, RecordedCall, Replay, Transcript, What};
use eventstream_codec::{Inbound, Limits, Message};
use h2_duplex::{Duplex, ReceiveHalf, SendHalf};
use nova_sonic::{Reader, ServerEvent};

fn recording(name: &str) -> Transcript {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/recordings");
    let transcript = Transcript::from_file(format!("{folder}/{name}.jsonl")).unwrap();
    assert!(transcript.is_closed(), "{name}");
    transcript
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

#[tokio::test(start_paused = true)]
async fn voice_frameworks_call_a_tool_and_are_interrupted() {
    for name in ["strands", "pipecat"] {
        let transcript = recording(name);
        let call = &transcript.calls()[0];
        let down = replayed(&transcript, call).await;
        assert_eq!(down, call.bytes(Direction::Down), "{name}");
        let (mut reader, mut events) = (Reader::new(), Vec::new());
        for entry in call
            .entries()
            .iter()
            .filter(|e| e.direction == Direction::Down)
        {
            if let What::Frame(bytes) = &entry.what {
                let message = Message::from_bytes(bytes, &Limits::bounded()).unwrap();
                let read = reader.read(message.frame(), &mut |event| events.push(event));
                // One of them ends the prompt before its audio: the service says so last.
                if read.is_err() {
                    break;
                }
            }
        }
        let tools = events
            .iter()
            .filter(|e| matches!(e, ServerEvent::ToolUse(_)));
        assert_eq!(tools.count(), 1, "{name}");
        let interrupted = events.iter().any(|event| {
            matches!(event, ServerEvent::ContentEnd(end)
                if end.stop_reason == Some(nova_sonic::StopReason::Interrupted))
        });
        assert!(interrupted, "{name}");
        let up = String::from_utf8_lossy(&call.bytes(Direction::Up)).into_owned();
        assert!(!up.is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn programs_that_converse_get_the_same_answer_again() {
    for name in ["langchain", "ai-sdk"] {
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
