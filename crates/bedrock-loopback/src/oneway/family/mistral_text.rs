//! Mistral's text models.

use serde_json::{Value, json};

use super::{Family, Reply, Said, number, stop, text};

pub(super) struct MistralText;

impl Family for MistralText {
    fn name(&self) -> &'static str {
        "Mistral"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        Some((text(body, "/prompt")?, number(body, "/max_tokens")))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let output = |text: &str, stop: Option<&str>| json!({ "outputs": [{ "text": text, "stop_reason": stop }] });
        let pieces = said.reply.pieces.iter();
        let mut chunks: Vec<Value> = pieces.map(|piece| output(piece, None)).collect();
        chunks.push(output("", Some(stop(said.reply, "stop", "length"))));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        json!({ "outputs": [{ "text": reply.text(), "stop_reason": stop(reply, "stop", "length") }] })
    }
}
