//! Amazon Nova: ConverseStream's events under their names; a block of its own for every token, as captured.

use serde_json::{Value, json};

use super::{Family, REASON, Reply, Said, TOOL, TOOL_ID, last_message, number, stop};

pub(super) struct Nova;

impl Family for Nova {
    fn name(&self) -> &'static str {
        "Amazon Nova"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        let limit = number(body, "/inferenceConfig/maxTokens");
        let limit = limit.or_else(|| number(body, "/inferenceConfig/max_new_tokens"));
        Some((last_message(body)?, limit))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks = vec![json!({ "messageStart": { "role": "assistant" } })];
        let mut deltas = Vec::new();
        if said.reasoning {
            deltas.push(json!({ "reasoningContent": { "text": REASON } }));
        }
        deltas.extend(reply.pieces.iter().map(|piece| json!({ "text": piece })));
        for (index, delta) in deltas.iter().enumerate() {
            let delta = json!({ "delta": delta, "contentBlockIndex": index });
            chunks.push(json!({ "contentBlockDelta": delta }));
            chunks.push(json!({ "contentBlockStop": { "contentBlockIndex": index } }));
        }
        if said.tool {
            // Indexes skip before a call, as captured.
            let index = deltas.len() + 1;
            let start = json!({ "toolUse": { "toolUseId": TOOL_ID, "name": TOOL } });
            let start = json!({ "start": start, "contentBlockIndex": index });
            chunks.push(json!({ "contentBlockStart": start }));
            let delta = json!({ "toolUse": { "input": "{}" } });
            let delta = json!({ "delta": delta, "contentBlockIndex": index });
            chunks.push(json!({ "contentBlockDelta": delta }));
            chunks.push(json!({ "contentBlockStop": { "contentBlockIndex": index } }));
        }
        let reason = if said.tool {
            "tool_use"
        } else {
            stop(reply, "end_turn", "max_tokens")
        };
        chunks.push(json!({ "messageStop": { "stopReason": reason } }));
        chunks.push(json!({ "metadata": {
            "usage": { "inputTokens": reply.input_tokens, "outputTokens": reply.output_tokens() },
            "metrics": {}, "trace": {},
        } }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        let (input, output) = (reply.input_tokens, reply.output_tokens());
        json!({
            "output": { "message": { "role": "assistant", "content": [{ "text": reply.text() }] } },
            "stopReason": stop(reply, "end_turn", "max_tokens"),
            "usage": { "inputTokens": input, "outputTokens": output, "totalTokens": input + output },
        })
    }
}
