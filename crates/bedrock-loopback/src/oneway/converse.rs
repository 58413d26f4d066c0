//! Converse: the stream's events in the order and with the members of captured ones, and the one-shot answer.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Extras;
use super::echo::Reply;
use crate::answer::event_frame;
use crate::ids::Ids;

/// Stands for the model's time, which an echo does not need.
const LATENCY_MILLIS: u64 = 1;

/// The letters that padding is cut from.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const REASON: &str = "The text is to be echoed.";
const SIGNATURE: &str = "bG9vcGJhY2s=";
const REDACTED: &str = "cmVkYWN0ZWQ=";
const TOOL: &str = "loopback_ping";
const TOOL_USE_ID: &str = "tooluse_loopback1";

/// A reply as a stream: no `contentBlockStart` for text, `metadata` after `messageStop`, padding in each event.
pub(super) fn events(reply: &Reply, extras: Extras, ids: &mut Ids) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut send = |event_type: &str, members| frames.push(event(event_type, members, ids));
    send("messageStart", json!({ "role": "assistant" }));
    for (index, block) in blocks(reply, extras).into_iter().enumerate() {
        if let Some(start) = block.start {
            let start = json!({ "contentBlockIndex": index, "start": start });
            send("contentBlockStart", start);
        }
        for delta in block.deltas {
            let delta = json!({ "contentBlockIndex": index, "delta": delta });
            send("contentBlockDelta", delta);
        }
        send("contentBlockStop", json!({ "contentBlockIndex": index }));
    }
    send(
        "messageStop",
        json!({ "stopReason": stop_reason(reply, extras) }),
    );
    let metrics = json!({ "latencyMs": LATENCY_MILLIS });
    send(
        "metadata",
        json!({ "usage": usage(reply), "metrics": metrics }),
    );
    frames
}

/// One event, padded.
pub(super) fn event(event_type: &str, mut members: Value, ids: &mut Ids) -> Bytes {
    if let Value::Object(members) = &mut members {
        members.insert("p".to_owned(), padding(ids).into());
    }
    event_frame(event_type, members.to_string().as_bytes())
}

pub(super) fn whole(reply: &Reply, extras: Extras) -> Value {
    let content: Vec<Value> = blocks(reply, extras)
        .into_iter()
        .map(|block| block.whole)
        .collect();
    json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": stop_reason(reply, extras),
        "usage": usage(reply),
        "metrics": { "latencyMs": LATENCY_MILLIS },
    })
}

/// A prefix of the alphabet, 2 to 61 letters long (1,848 captured samples).
pub(super) fn padding(ids: &mut Ids) -> &'static str {
    let len = 2 + usize::try_from(ids.next_u64() % 60).unwrap_or(0);
    PADDING.get(..len).unwrap_or_default()
}

/// A content block as it is streamed and as it is answered at once.
struct Block {
    start: Option<Value>,
    deltas: Vec<Value>,
    whole: Value,
}

fn blocks(reply: &Reply, extras: Extras) -> Vec<Block> {
    let mut blocks = Vec::new();
    if extras.reasoning {
        let text = json!({ "reasoningContent": { "text": REASON } });
        let signature = json!({ "reasoningContent": { "signature": SIGNATURE } });
        let whole = json!({ "text": REASON, "signature": SIGNATURE });
        blocks.push(Block {
            start: None,
            deltas: vec![text, signature],
            whole: json!({ "reasoningContent": { "reasoningText": whole } }),
        });
    }
    if extras.redacted_reasoning {
        let redacted = json!({ "reasoningContent": { "redactedContent": REDACTED } });
        blocks.push(Block {
            start: None,
            deltas: vec![redacted.clone()],
            whole: redacted,
        });
    }
    blocks.push(Block {
        start: None,
        deltas: reply
            .pieces
            .iter()
            .map(|piece| json!({ "text": piece }))
            .collect(),
        whole: json!({ "text": reply.text() }),
    });
    if extras.zero_arg_tool {
        let start = json!({ "toolUse": { "toolUseId": TOOL_USE_ID, "name": TOOL } });
        let whole = json!({ "toolUseId": TOOL_USE_ID, "name": TOOL, "input": {} });
        blocks.push(Block {
            start: Some(start),
            deltas: Vec::new(),
            whole: json!({ "toolUse": whole }),
        });
    }
    blocks
}

const fn stop_reason(reply: &Reply, extras: Extras) -> &'static str {
    if extras.zero_arg_tool {
        "tool_use"
    } else if reply.cut {
        "max_tokens"
    } else {
        "end_turn"
    }
}

fn usage(reply: &Reply) -> Value {
    let (input, output) = (reply.input_tokens, reply.output_tokens());
    json!({ "inputTokens": input, "outputTokens": output, "totalTokens": input + output })
}
