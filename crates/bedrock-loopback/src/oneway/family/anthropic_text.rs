//! Anthropic's text completions.

use serde_json::{Value, json};

use super::{Family, Reply, Said, number, stop, text};

pub(super) struct AnthropicText;

impl Family for AnthropicText {
    fn name(&self) -> &'static str {
        "Anthropic text completions"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        let limit = number(body, "/max_tokens_to_sample")?;
        Some((text(body, "/prompt")?, Some(limit)))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks: Vec<Value> = reply
            .pieces
            .iter()
            .map(|piece| json!({ "completion": piece, "stop_reason": null, "stop": null }))
            .collect();
        let stop_sequence = (!reply.cut).then_some("\n\nHuman:");
        let reason = stop(reply, "stop_sequence", "max_tokens");
        chunks.push(json!({ "completion": "", "stop_reason": reason, "stop": stop_sequence }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        let reason = stop(reply, "stop_sequence", "max_tokens");
        json!({ "type": "completion", "completion": reply.text(), "stop_reason": reason, "stop": null })
    }
}
