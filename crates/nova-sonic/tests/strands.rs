//! The Strands face on the recorded sequences, against what strands-agents 1.62.0 itself makes of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use bedrock_wire::ChunkWriter;
use bytes::BytesMut;
use eventstream_codec::{Decoder, Inbound};
use nova_sonic::strands::{BidiRole, Translator};
use nova_sonic::{Names, Reader, SampleRate, ServerEvent};
use serde_json::{Value, json};

fn server_events(events: &[Value]) -> Vec<ServerEvent> {
    let mut wire = BytesMut::new();
    for event in events {
        ChunkWriter::new()
            .write(event.to_string().as_bytes(), &mut wire)
            .unwrap();
    }
    let (mut decoder, mut reader, mut read) = (Decoder::new(), Reader::new(), Vec::new());
    decoder.feed(wire.freeze());
    while let Some(frame) = decoder.next_frame().unwrap() {
        reader.read(frame, &mut |event| read.push(event)).unwrap();
    }
    read
}

fn case(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/nova-sonic");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What the face makes of it, as JSON; the names of responses become their order.
fn translated(events: &[ServerEvent]) -> Vec<Value> {
    let mut translator = Translator::new(SampleRate::Hz24000, Names::new([2; 16]));
    let (mut seen, mut responses) = (Vec::new(), Vec::new());
    for event in events {
        translator.translate(event, &mut |event| {
            let mut json = serde_json::to_value(event).unwrap();
            if let Some(id) = json.get("response_id").cloned() {
                let known = responses.iter().position(|known| *known == id);
                let at = known.unwrap_or_else(|| {
                    responses.push(id);
                    responses.len() - 1
                });
                json["response_id"] = format!("response-{at}").into();
            }
            seen.push(json);
        });
    }
    seen
}

#[test]
fn every_event_equals_theirs() {
    for name in [
        "voice-turn",
        "multi-block-turn",
        "barge-in",
        "barge-in-without-speech-events",
        "tool-turn",
        "text-turn",
        "unknown",
        "v1-turn",
    ] {
        let case = case(name);
        let mut theirs = case["strands"].as_array().unwrap().clone();
        // Where we differ on purpose: arguments that were encoded twice, and a block's end that does not name its type.
        match name {
            "tool-turn" => {
                let call = theirs
                    .iter_mut()
                    .filter(|event| event["type"] == "bidi_tool_use_blocks")
                    .nth(1)
                    .unwrap();
                assert_eq!(call["tool_uses"][0]["input"], r#"{"zone":"Europe/Lisbon"}"#);
                call["tool_uses"][0]["input"] = json!({"zone": "Europe/Lisbon"});
            }
            "unknown" => theirs.extend([
                json!({"type": "bidi_audio_stop", "content_id": "s1"}),
                json!({"type": "bidi_transcript_stop", "role": "assistant", "content_id": "a1"}),
                json!({"type": "bidi_response_stop", "response_id": "response-0"}),
            ]),
            _ => {}
        }
        let ours = translated(&server_events(case["events"].as_array().unwrap()));
        assert_eq!(json!(ours), json!(theirs), "{name}");
    }
}

#[test]
fn members_are_named_as_strands_names_them() {
    let events = server_events(&[
        json!({"event": {"audioOutput": {"contentId": "s", "role": "ASSISTANT", "content": "AQA="}}}),
        json!({"event": {"toolUse": {"toolName": "t", "toolUseId": "1", "content": "{\"a\":1}"}}}),
        json!({"event": {"usageEvent": {"details": {"delta": {
            "input": {"speechTokens": 1, "textTokens": 2}, "output": {"speechTokens": 3, "textTokens": 4}}}}}}),
    ]);
    let mut translator = Translator::new(SampleRate::Hz8000, Names::new([2; 16]));
    let mut seen = Vec::new();
    for event in &events {
        translator.translate(event, &mut |event| {
            seen.push(serde_json::to_value(event).unwrap());
        });
    }
    assert_eq!(
        seen[2],
        json!({
            "type": "bidi_audio_delta", "audio": "AQA=", "format": "pcm", "sample_rate": 8000,
            "channels": 1, "content_id": "s",
        })
    );
    assert_eq!(
        seen[3],
        json!({
            "type": "bidi_tool_use_blocks",
            "tool_uses": [{"toolUseId": "1", "name": "t", "input": {"a": 1}}],
        })
    );
    assert_eq!(
        seen[4],
        json!({
            "type": "bidi_usage", "input_tokens": 3, "output_tokens": 7, "total_tokens": 10,
            "input_token_details": {"audio": 1, "text": 2},
            "output_token_details": {"audio": 3, "text": 4},
        })
    );
}

#[test]
fn the_current_transcript_and_blocks() {
    let case = case("multi-block-turn");
    let events = server_events(case["events"].as_array().unwrap());
    let mut translator = Translator::new(SampleRate::Hz24000, Names::new([2; 16])).with_blocks();
    let (mut blocks, mut longest) = (Vec::new(), String::new());
    for event in &events {
        translator.translate(event, &mut |event| {
            let json = serde_json::to_value(event).unwrap();
            if json["type"] == "bidi_transcript_block" {
                blocks.push(json["transcript"].clone());
            }
        });
        if let Some((BidiRole::Assistant, text)) = translator.current_transcript() {
            text.clone_into(&mut longest);
        }
    }
    assert_eq!(
        blocks,
        [
            "tell me about lisbon",
            "Lisbon lies on the Tejo. It is old."
        ]
    );
    assert_eq!(longest, "Lisbon lies on the Tejo. It is old.");
    assert!(!translator.is_responding());
}
