//! The writer: whatever is written, in whatever order, reads back as a complete message with every block closed.

use crate::cases;
use bedrock_wire::ServiceError;
use bytes::{Bytes, BytesMut};
use converse_stream::request::media::ImageFormat;
use converse_stream::request::tool::{ToolResultContent, ToolResultStatus};
use converse_stream::{
    Event, Events, MessageStop, Metadata, Reply, Role, StopReason, ToolBlock, Usage, WriteError,
    Writer, collect_body, encode_event,
};
use eventstream_codec::{Decoder, MessageKind};
use proptest::prelude::*;

#[test]
fn every_kind_of_block_closes_itself() {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    writer.reasoning("Let me ").unwrap();
    writer.reasoning("think").unwrap();
    writer.signature("sig").unwrap();
    writer.text("Hel").unwrap();
    writer.text("lo").unwrap();
    writer.redacted_reasoning(vec![0xff, 0]).unwrap();
    writer.image(ImageFormat::Png, vec![1, 2]).unwrap();
    let hosted = writer.hosted_tool_use("h", "code").unwrap();
    writer.tool_input(&hosted, "{}").unwrap();
    writer.end_tool(hosted).unwrap();
    let status = Some(ToolResultStatus::Success);
    let answer = writer
        .tool_result("h", Some("code_result"), status)
        .unwrap();
    let part = ToolResultContent::Text("42".into());
    writer.tool_result_part(&answer, part).unwrap();
    let call = writer.tool_use("c", "clock").unwrap();
    writer.text("Done.").unwrap();
    writer.tool_input(&call, r#"{"a":1}"#).unwrap();
    let stopped = writer.stop(MessageStop::new(StopReason::ToolUse)).unwrap();
    let metadata = Metadata::with_usage(Usage::new(3, 4));
    let body = stopped.metadata(&metadata).unwrap().finish();

    let reply = collect_body([body]).unwrap();
    assert!(reply.blocks.iter().all(|block| block.ended));
    let indexes: Vec<_> = reply.blocks.iter().map(|block| block.index).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(
        serde_json::to_string(&reply.to_message().unwrap()).unwrap(),
        concat!(
            r#"{"role":"assistant","content":["#,
            r#"{"reasoningContent":{"reasoningText":{"text":"Let me think","signature":"sig"}}},"#,
            r#"{"text":"Hello"},{"reasoningContent":{"redactedContent":"/wA="}},"#,
            r#"{"image":{"format":"png","source":{"bytes":"AQI="}}},"#,
            r#"{"toolUse":{"toolUseId":"h","name":"code","input":{},"type":"server_tool_use"}},"#,
            r#"{"toolResult":{"toolUseId":"h","content":[{"text":"42"}],"status":"success","type":"code_result"}},"#,
            r#"{"toolUse":{"toolUseId":"c","name":"clock","input":{"a":1}}},{"text":"Done."}]}"#,
        )
    );
    assert_eq!(reply.usage().unwrap().total_tokens, Some(7));
    assert!(reply.stop.unwrap().has_tool_use);
}

#[test]
fn a_dropped_writer_leaves_a_cut_stream() {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    writer.text("Hel").unwrap();
    let body = writer.take();
    drop(writer);
    assert_eq!(collect_body([body]).unwrap_err().reply.text(), "Hel");
}

#[test]
fn a_failed_writer_leaves_a_failed_stream() {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    writer.text("Hel").unwrap();
    let body = writer
        .fail(&ServiceError::new("ThrottlingException", "slow down"))
        .unwrap();
    let mut events = Events::new([body]);
    assert_eq!(events.by_ref().count(), 3);
    let outcome = events.finish();
    let error = outcome.error().unwrap().service().unwrap();
    assert_eq!(
        (error.code(), error.message()),
        ("ThrottlingException", "slow down")
    );
}

#[test]
fn a_block_of_another_writer_is_refused() {
    let mut other = Writer::begin(Role::Assistant).unwrap();
    other.text("x").unwrap();
    let block = other.tool_use("id", "name").unwrap();
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    let before = writer.take();
    assert_eq!(writer.tool_input(&block, "{}"), Err(WriteError::NotOpen));
    assert_eq!(writer.end_tool(block), Err(WriteError::NotOpen));
    assert!(writer.take().is_empty() && !before.is_empty());
}

#[test]
fn the_events_of_every_case_are_written_again() {
    for name in cases::names() {
        let run = cases::run(&name);
        let mut body = BytesMut::new();
        for event in &run.events {
            encode_event(event, &mut body).unwrap();
        }
        let mut events = Events::new([body.freeze()]);
        let again: Vec<_> = events.by_ref().collect();
        let partial = |event: &&Event| matches!(event, Event::Unknown(unknown) if unknown.partial);
        let whole = run.events.iter().filter(|event| !partial(event));
        assert!(again.iter().eq(whole), "{name}: {again:?}");
        let outcome = events.finish();
        assert!(
            outcome.is_complete() || !run.outcome.is_complete(),
            "{name}"
        );
        assert_eq!(outcome.received().blocks, run.reply().blocks, "{name}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Text(String),
    Reasoning(String),
    Signature(String),
    Redacted(Vec<u8>),
    Image(Vec<u8>),
    Call,
    Input(usize, String),
    End(usize),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        ".{0,8}".prop_map(Step::Text),
        ".{0,8}".prop_map(Step::Reasoning),
        "[a-z]{1,4}".prop_map(Step::Signature),
        proptest::collection::vec(any::<u8>(), 1..6).prop_map(Step::Redacted),
        proptest::collection::vec(any::<u8>(), 1..6).prop_map(Step::Image),
        Just(Step::Call),
        (any::<usize>(), ".{0,8}").prop_map(|(at, text)| Step::Input(at, text)),
        any::<usize>().prop_map(Step::End),
        Just(Step::Take),
    ]
}

fn write(steps: &[Step]) -> (Vec<Bytes>, String, usize) {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    let (mut parts, mut text, mut calls) = (Vec::new(), String::new(), 0);
    let mut open: Vec<ToolBlock> = Vec::new();
    for step in steps.iter().cloned() {
        match step {
            Step::Text(more) => {
                text += &more;
                writer.text(more).unwrap();
            }
            Step::Reasoning(text) => writer.reasoning(text).unwrap(),
            Step::Signature(text) => writer.signature(text).unwrap(),
            Step::Redacted(data) => writer.redacted_reasoning(data).unwrap(),
            Step::Image(data) => writer.image(ImageFormat::Png, data).unwrap(),
            Step::Call => {
                open.push(writer.tool_use(&format!("id{calls}"), "name").unwrap());
                calls += 1;
            }
            Step::Input(at, fragment) if !open.is_empty() => {
                writer
                    .tool_input(&open[at % open.len()], &fragment)
                    .unwrap();
            }
            Step::End(at) if !open.is_empty() => {
                let block = open.swap_remove(at % open.len());
                writer.end_tool(block).unwrap();
            }
            Step::Input(..) | Step::End(_) => {}
            Step::Take => parts.push(writer.take()),
        }
    }
    let stopped = writer.stop(MessageStop::new(StopReason::EndTurn)).unwrap();
    parts.push(stopped.finish());
    (parts, text, calls)
}

/// The indexes of all blocks that the frames speak of, and of those that they stop, each sorted.
fn blocks_on_the_wire(parts: &[Bytes]) -> (Vec<u64>, Vec<u64>) {
    let mut decoder = Decoder::new();
    decoder.feed(parts.concat().into());
    let (mut opened, mut stopped) = (Vec::new(), Vec::new());
    while let Some(frame) = decoder.next_frame().unwrap() {
        let payload: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
        let Some(index) = payload
            .get("contentBlockIndex")
            .and_then(serde_json::Value::as_u64)
        else {
            continue;
        };
        match frame.kind() {
            MessageKind::Event {
                event_type: "contentBlockStop",
            } => stopped.push(index),
            _ if !opened.contains(&index) => opened.push(index),
            _ => {}
        }
    }
    opened.sort_unstable();
    stopped.sort_unstable();
    (opened, stopped)
}

/// Every block is opened once and closed once, and what belongs to it stands between.
fn well_formed(events: &[Event]) -> bool {
    let mut open = Vec::new();
    events.iter().all(|event| match event {
        Event::BlockStart { index, .. } => {
            let fresh = !open.contains(index);
            open.push(*index);
            fresh
        }
        Event::BlockStop { index } => {
            let had = open.len();
            open.retain(|open| open != index);
            open.len() + 1 == had
        }
        Event::Text { index, .. }
        | Event::Reasoning { index, .. }
        | Event::Signature { index, .. }
        | Event::RedactedReasoning { index, .. }
        | Event::ToolInput { index, .. }
        | Event::ToolCall { index, .. }
        | Event::Image { index, .. } => open.contains(index),
        Event::MessageStop(_) => open.is_empty(),
        _ => true,
    })
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(steps in proptest::collection::vec(step(), 0..24)) {
        let (parts, text, calls) = write(&steps);
        let (opened, stopped) = blocks_on_the_wire(&parts);
        prop_assert_eq!(opened, stopped, "the reader would close what the writer forgot");
        let mut events = Events::new(parts);
        let list: Vec<_> = events.by_ref().collect();
        prop_assert!(well_formed(&list), "{list:?}");
        let outcome = events.finish();
        prop_assert!(outcome.is_complete());
        let reply: &Reply = outcome.received();
        prop_assert_eq!(reply.text(), text);
        prop_assert_eq!(reply.tool_calls().count(), calls);
        prop_assert!(reply.blocks.iter().all(|block| block.ended));
    }

    #[test]
    fn payloads_of_any_text_never_panic_and_never_end_complete_by_themselves(
        kind in prop_oneof![
            Just("messageStart"), Just("contentBlockStart"), Just("contentBlockDelta"),
            Just("contentBlockStop"), Just("metadata"), Just("other"),
        ],
        payload in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            r#"\{("(contentBlockIndex|delta|start|usage|text|toolUse|p)":(0|1\.0|"a"|\{\}|null|\[\]),?){0,3}\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        let header = |name, value| eventstream_codec::Header {
            name,
            value: eventstream_codec::HeaderValue::String(value),
        };
        let headers = [header(":event-type", kind), header(":message-type", "event")];
        let mut body = BytesMut::new();
        eventstream_codec::encode_frame(&headers, &payload, &mut body).unwrap();
        let mut events = Events::new([body.freeze()]);
        let _ = events.by_ref().count();
        prop_assert!(!events.finish().is_complete());
    }
}
