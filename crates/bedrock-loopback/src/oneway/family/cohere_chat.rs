//! Cohere Command R: events by `event_type`; its end repeats the whole reply.

use serde_json::{Value, json};

use super::{Family, Reply, Said, TOOL, number, stop, text};

const ID: &str = "loopback";

pub(super) struct CohereChat;

impl Family for CohereChat {
    fn name(&self) -> &'static str {
        "Cohere Command R"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        Some((text(body, "/message")?, number(body, "/max_tokens")))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks = vec![event("stream-start", "generation_id", &json!(ID))];
        let pieces = reply.pieces.iter();
        chunks.extend(pieces.map(|piece| event("text-generation", "text", &json!(piece))));
        let mut calls = json!(null);
        if said.tool {
            calls = json!([{ "name": TOOL, "parameters": {} }]);
            for delta in [
                json!({ "index": 0, "name": TOOL }),
                json!({ "index": 0, "parameters": "{}" }),
            ] {
                chunks.push(event("tool-calls-chunk", "tool_call_delta", &delta));
            }
            chunks.push(event("tool-calls-generation", "tool_calls", &calls));
        }
        let reason = stop(reply, "COMPLETE", "MAX_TOKENS");
        let response = json!({
            "text": reply.text(), "generation_id": ID, "finish_reason": reason, "tool_calls": calls,
        });
        chunks.push(json!({
            "event_type": "stream-end", "is_finished": true,
            "finish_reason": reason, "response": response,
        }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        json!({
            "text": reply.text(),
            "generation_id": ID,
            "finish_reason": stop(reply, "COMPLETE", "MAX_TOKENS"),
            "chat_history": [{ "role": "CHATBOT", "message": reply.text() }],
        })
    }
}

fn event(event_type: &str, name: &str, value: &Value) -> Value {
    json!({ "event_type": event_type, "is_finished": false, name: value })
}
