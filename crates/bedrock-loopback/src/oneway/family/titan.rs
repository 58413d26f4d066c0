//! Amazon Titan Text.

use serde_json::{Value, json};

use super::{Family, Reply, Said, number, stop, text};

pub(super) struct Titan;

impl Family for Titan {
    fn name(&self) -> &'static str {
        "Amazon Titan"
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        let limit = number(body, "/textGenerationConfig/maxTokenCount");
        Some((text(body, "/inputText")?, limit))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let reply = said.reply;
        let mut chunks: Vec<Value> = (0..)
            .zip(&reply.pieces)
            .map(|(at, piece)| {
                json!({
                    "outputText": piece, "index": 0, "totalOutputTextTokenCount": null,
                    "completionReason": null,
                    "inputTextTokenCount": (at == 0).then_some(reply.input_tokens),
                })
            })
            .collect();
        chunks.push(json!({
            "outputText": "", "index": 0, "totalOutputTextTokenCount": reply.output_tokens(),
            "completionReason": stop(reply, "FINISH", "LENGTH"), "inputTextTokenCount": null,
        }));
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        json!({
            "inputTextTokenCount": reply.input_tokens,
            "results": [{
                "tokenCount": reply.output_tokens(), "outputText": reply.text(),
                "completionReason": stop(reply, "FINISH", "LENGTH"),
            }],
        })
    }
}
