//! A ConverseStream body in, events and a verdict out; and what becomes of it where it is cut.
//!
//! `cargo run -p converse-stream --example endings`. The body is written here; a real one is that of
//! `POST /model/ID/converse-stream`, in whatever chunks it comes.

use bytes::Bytes;
use converse_stream::{
    ConverseRequest, Event, Events, Message, MessageStop, Metadata, Role, StopReason, Usage,
    Writer, collect_body,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let body = body()?;

    // Event by event, in chunks of any size.
    let chunks = body.chunks(50).map(Bytes::copy_from_slice);
    let mut events = Events::new(chunks);
    for event in events.by_ref() {
        match event {
            Event::Text { text, .. } => println!("text  {text:?}"),
            Event::ToolCall { call, .. } => println!("call  {}({})", call.name, call.input.text()),
            Event::MessageStop(stop) => println!("stop  {}", stop.reason.as_str()),
            _ => {}
        }
    }
    println!("whole: {}", events.finish().is_complete());

    // All at once; the reply goes back into the next request byte for byte.
    let reply = collect_body([body.clone()])?;
    let next = ConverseRequest::new()
        .with_message(Message::user("What is the weather in Lisbon?"))
        .with_message(reply.to_message()?);
    println!("next  {}", String::from_utf8_lossy(&next.to_body()?));

    // Cut anywhere, it is never taken for a whole one.
    let whole = (0..=body.len()).filter(|cut| collect_body([body.slice(..*cut)]).is_ok());
    println!(
        "of {} cuts these are whole: {:?}",
        body.len() + 1,
        whole.collect::<Vec<_>>()
    );
    if let Err(unfinished) = collect_body([body.slice(..body.len() / 2)]) {
        println!("half: {unfinished}");
    }
    Ok(())
}

fn body() -> Result<Bytes, converse_stream::WriteError> {
    let mut writer = Writer::begin(Role::Assistant)?;
    writer.text("Let me ")?;
    writer.text("look.")?;
    let call = writer.tool_use("tooluse_1", "getWeather")?;
    writer.tool_input(&call, r#"{"city":"#)?;
    writer.tool_input(&call, r#""Lisbon"}"#)?;
    let stopped = writer.stop(MessageStop::new(StopReason::ToolUse))?;
    let metadata = Metadata::with_usage(Usage::new(12, 7));
    Ok(stopped.metadata(&metadata)?.finish())
}
