//! Anthropic Messages: events by `type`.

use serde_json::{Value, json};

use super::{Family, REASON, Reply, Said, TOOL, TOOL_ID, last_message, number, stop};

const MESSAGE_ID: &str = "msg_bdrk_loopback";
const MODEL: &str = "loopback-echo";

pub(super) struct AnthropicMessages;

impl Family for AnthropicMessages {
    fn name(&self) -> &'static str {
        "Anthropic Messages"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        body.get("anthropic_version")?;
        Some((last_message(body)?, Some(number(body, "/max_tokens")?)))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks = vec![json!({ "type": "message_start", "message": {
            "id": MESSAGE_ID, "type": "message", "role": "assistant", "model": MODEL, "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": reply.input_tokens, "output_tokens": 1 },
        } })];
        let mut index = 0;
        let mut block = |start: Value, deltas: Vec<Value>| {
            let open =
                json!({ "type": "content_block_start", "index": index, "content_block": start });
            chunks.push(open);
            for delta in deltas {
                chunks
                    .push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
            }
            chunks.push(json!({ "type": "content_block_stop", "index": index }));
            index += 1;
        };
        if said.reasoning {
            block(
                json!({ "type": "thinking", "thinking": "", "signature": "" }),
                vec![
                    json!({ "type": "thinking_delta", "thinking": REASON }),
                    json!({ "type": "signature_delta", "signature": "bG9vcGJhY2s=" }),
                ],
            );
        }
        let text = |piece: &String| json!({ "type": "text_delta", "text": piece });
        block(
            json!({ "type": "text", "text": "" }),
            reply.pieces.iter().map(text).collect(),
        );
        if said.tool {
            block(
                json!({ "type": "tool_use", "id": TOOL_ID, "name": TOOL, "input": {} }),
                vec![json!({ "type": "input_json_delta", "partial_json": "" })],
            );
        }
        let reason = if said.tool {
            "tool_use"
        } else {
            stop(reply, "end_turn", "max_tokens")
        };
        chunks.push(json!({
            "type": "message_delta",
            "delta": { "stop_reason": reason, "stop_sequence": null },
            "usage": { "output_tokens": reply.output_tokens() },
        }));
        chunks.push(json!({ "type": "message_stop" }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        json!({
            "id": MESSAGE_ID, "type": "message", "role": "assistant", "model": MODEL,
            "content": [{ "type": "text", "text": reply.text() }],
            "stop_reason": stop(reply, "end_turn", "max_tokens"), "stop_sequence": null,
            "usage": { "input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens() },
        })
    }
}
