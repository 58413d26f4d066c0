//! A voice session without I/O: what goes out, and what comes in, as bytes in memory.
//!
//! `cargo run -p nova-sonic --example sans_io`. Whoever has a transport, an event signer and a runtime of his own puts them between
//! `wire` and the service; `bedrock-stream` is such a program.

use bedrock_wire::{ChunkWriter, read_part};
use bytes::BytesMut;
use eventstream_codec::{Decoder, Inbound, TransportEnd};
use nova_sonic::{Dialect, Names, Reader, SampleRate, ServerEvent, Setup, ToolSpec, Writer};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Out: the order of the protocol is kept here, and what would break it is refused.
    let mut writer = Writer::new(Dialect::V2, Names::new([7; 16])); // random bytes, for the ids
    let mut wire = BytesMut::new();
    let mut setup = Setup {
        system: "Be brief.".into(),
        ..Setup::default()
    };
    let schema = json!({"type": "object"});
    setup.prompt.tools = vec![ToolSpec::new("clock", "What time it is", schema)?];
    writer.open(&setup, &mut wire)?;
    writer.open_audio(SampleRate::Hz16000, &mut wire)?;
    writer.audio(&[0; 1024], &mut wire)?; // 32 ms
    if let Err(refusal) = writer.open_audio(SampleRate::Hz16000, &mut wire) {
        println!("{refusal}");
    }
    writer.close(&mut wire)?;
    let mut decoder = Decoder::new();
    decoder.feed(wire.freeze());
    while let Some(frame) = decoder.next_frame()? {
        let event: Value = serde_json::from_slice(&read_part(frame.payload())?)?;
        let name = event
            .get("event")
            .and_then(|event| event.as_object()?.keys().next());
        println!("up   {}", name.map_or("?", |name| name));
    }

    // In: typed events, and a verdict.
    let (mut answer, chunks) = (BytesMut::new(), ChunkWriter::new());
    for (name, mut members) in [
        ("completionStart", json!({})),
        (
            "contentStart",
            json!({"type": "TEXT", "role": "ASSISTANT", "contentId": "c1"}),
        ),
        (
            "textOutput",
            json!({"content": "It is late.", "role": "ASSISTANT", "contentId": "c1"}),
        ),
        (
            "contentEnd",
            json!({"type": "TEXT", "stopReason": "END_TURN", "contentId": "c1"}),
        ),
        ("somethingNew", json!({"note": "kept and handed on"})),
        ("completionEnd", json!({"stopReason": "END_TURN"})),
    ] {
        if let Some(members) = members.as_object_mut() {
            members.insert("completionId".into(), "x".into());
        }
        let event = json!({"event": {name: members}});
        chunks.write(event.to_string().as_bytes(), &mut answer)?;
    }
    let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
    let mut print = |event: ServerEvent| match &event {
        ServerEvent::TextOutput(text) => println!("down {}: {}", text.role.as_str(), text.content),
        other => println!("down {}", other.name()),
    };
    decoder.feed(answer.freeze());
    while let Some(frame) = decoder.next_frame()? {
        reader.read(frame, &mut print)?;
    }
    decoder.finish()?;
    reader.closing(); // we have closed in order; without that the same end would be incomplete
    let outcome = reader.finish(TransportEnd::Clean, &mut print);
    println!("complete: {}", outcome.is_complete());
    Ok(())
}
