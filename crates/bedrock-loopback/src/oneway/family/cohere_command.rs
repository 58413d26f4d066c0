//! Cohere Command and Command Light.

use serde_json::{Value, json};

use super::{Family, Reply, Said, number, stop, text};

const ID: &str = "loopback";

pub(super) struct CohereCommand;

impl Family for CohereCommand {
    fn name(&self) -> &'static str {
        "Cohere Command"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        Some((text(body, "/prompt")?, number(body, "/max_tokens")))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let pieces = said.reply.pieces.iter();
        let mut chunks: Vec<Value> = pieces
            .map(|piece| json!({ "is_finished": false, "text": piece }))
            .collect();
        let reason = stop(said.reply, "COMPLETE", "MAX_TOKENS");
        chunks.push(json!({ "is_finished": true, "finish_reason": reason }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        let reason = stop(reply, "COMPLETE", "MAX_TOKENS");
        json!({
            "generations": [{ "finish_reason": reason, "id": ID, "text": reply.text() }],
            "id": ID,
            "prompt": reply.text(),
        })
    }
}
