//! Meta Llama.

use serde_json::{Value, json};

use super::{Family, Reply, Said, number, stop, text};

pub(super) struct Llama;

impl Family for Llama {
    fn name(&self) -> &'static str {
        "Meta Llama"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        Some((text(body, "/prompt")?, number(body, "/max_gen_len")))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks: Vec<Value> = (1_u64..)
            .zip(&reply.pieces)
            .map(|(count, piece)| {
                let prompt = (count == 1).then_some(reply.input_tokens);
                json!({
                    "generation": piece, "prompt_token_count": prompt,
                    "generation_token_count": count, "stop_reason": null,
                })
            })
            .collect();
        chunks.push(json!({
            "generation": "", "prompt_token_count": null,
            "generation_token_count": reply.output_tokens(),
            "stop_reason": stop(reply, "stop", "length"),
        }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        json!({
            "generation": reply.text(),
            "prompt_token_count": reply.input_tokens,
            "generation_token_count": reply.output_tokens(),
            "stop_reason": stop(reply, "stop", "length"),
        })
    }
}
