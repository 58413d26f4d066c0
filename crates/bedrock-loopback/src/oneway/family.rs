//! The JSON of model families: what they read, what they stream, what they say at once. Shapes from captured traffic.

use serde_json::{Value, json};

use super::echo::{self, Reply};

/// A family of models that share a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    AnthropicMessages,
    Nova,
    Llama,
    Titan,
    Mistral,
}

impl Family {
    /// The family of a model id, wherever a geography or an ARN stands before it.
    pub(super) fn of(model_id: &str) -> Option<Self> {
        let marks = [
            ("anthropic.claude", Self::AnthropicMessages),
            ("amazon.nova", Self::Nova),
            ("meta.llama", Self::Llama),
            ("amazon.titan", Self::Titan),
            ("mistral.mi", Self::Mistral),
        ];
        let found = marks.iter().find(|(mark, _)| model_id.contains(mark));
        found.map(|(_, family)| *family)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "Anthropic Messages",
            Self::Nova => "Amazon Nova",
            Self::Llama => "Meta Llama",
            Self::Titan => "Amazon Titan",
            Self::Mistral => "Mistral",
        }
    }

    /// The user's text and the token limit of a request; `None` where it is not in the family's format.
    pub(super) fn read(self, body: &Value) -> Option<(String, Option<u64>)> {
        let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64);
        match self {
            Self::AnthropicMessages => {
                body.get("anthropic_version")?;
                Some((last_message(body)?, Some(number("/max_tokens")?)))
            }
            Self::Nova => {
                let limit = number("/inferenceConfig/maxTokens");
                let limit = limit.or_else(|| number("/inferenceConfig/max_new_tokens"));
                Some((last_message(body)?, limit))
            }
            Self::Llama => Some((text(body, "/prompt")?, number("/max_gen_len"))),
            Self::Titan => {
                let limit = number("/textGenerationConfig/maxTokenCount");
                Some((text(body, "/inputText")?, limit))
            }
            Self::Mistral => Some((text(body, "/prompt")?, number("/max_tokens"))),
        }
    }

    /// The chunks of a stream; the last carries the metrics of the call.
    pub(super) fn chunks(self, reply: &Reply) -> Vec<Value> {
        let mut chunks = match self {
            Self::AnthropicMessages => anthropic(reply),
            Self::Nova => nova(reply),
            Self::Llama => llama(reply),
            Self::Titan => titan(reply),
            Self::Mistral => mistral(reply),
        };
        if let Some(Value::Object(last)) = chunks.last_mut() {
            let metrics = json!({
                "inputTokenCount": reply.input_tokens,
                "outputTokenCount": reply.output_tokens(),
                "invocationLatency": 1,
                "firstByteLatency": 1,
            });
            last.insert("amazon-bedrock-invocationMetrics".to_owned(), metrics);
        }
        chunks
    }

    /// The one-shot answer.
    pub(super) fn whole(self, reply: &Reply) -> Value {
        let (input, output) = (reply.input_tokens, reply.output_tokens());
        match self {
            Self::AnthropicMessages => json!({
                "id": MESSAGE_ID, "type": "message", "role": "assistant", "model": MODEL,
                "content": [{ "type": "text", "text": reply.text() }],
                "stop_reason": stop(reply, "end_turn", "max_tokens"), "stop_sequence": null,
                "usage": { "input_tokens": input, "output_tokens": output },
            }),
            Self::Nova => json!({
                "output": { "message": { "role": "assistant", "content": [{ "text": reply.text() }] } },
                "stopReason": stop(reply, "end_turn", "max_tokens"),
                "usage": { "inputTokens": input, "outputTokens": output, "totalTokens": input + output },
            }),
            Self::Llama => json!({
                "generation": reply.text(),
                "prompt_token_count": input, "generation_token_count": output,
                "stop_reason": stop(reply, "stop", "length"),
            }),
            Self::Titan => json!({
                "inputTextTokenCount": input,
                "results": [{
                    "tokenCount": output, "outputText": reply.text(),
                    "completionReason": stop(reply, "FINISH", "LENGTH"),
                }],
            }),
            Self::Mistral => json!({
                "outputs": [{ "text": reply.text(), "stop_reason": stop(reply, "stop", "length") }],
            }),
        }
    }
}

const MESSAGE_ID: &str = "msg_bdrk_loopback";
const MODEL: &str = "loopback-echo";

fn anthropic(reply: &Reply) -> Vec<Value> {
    let start = json!({ "type": "message_start", "message": {
        "id": MESSAGE_ID, "type": "message", "role": "assistant", "model": MODEL, "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": reply.input_tokens, "output_tokens": 1 },
    } });
    let open = json!({
        "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" },
    });
    let mut chunks = vec![start, open];
    chunks.extend(reply.pieces.iter().map(|piece| {
        json!({
            "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": piece },
        })
    }));
    chunks.push(json!({ "type": "content_block_stop", "index": 0 }));
    chunks.push(json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop(reply, "end_turn", "max_tokens"), "stop_sequence": null },
        "usage": { "output_tokens": reply.output_tokens() },
    }));
    chunks.push(json!({ "type": "message_stop" }));
    chunks
}

fn nova(reply: &Reply) -> Vec<Value> {
    let mut chunks = vec![json!({ "messageStart": { "role": "assistant" } })];
    chunks.extend(reply.pieces.iter().map(
        |piece| json!({ "contentBlockDelta": { "delta": { "text": piece }, "contentBlockIndex": 0 } }),
    ));
    chunks.push(json!({ "contentBlockStop": { "contentBlockIndex": 0 } }));
    let stop_reason = stop(reply, "end_turn", "max_tokens");
    chunks.push(json!({ "messageStop": { "stopReason": stop_reason } }));
    chunks.push(json!({ "metadata": {
        "usage": { "inputTokens": reply.input_tokens, "outputTokens": reply.output_tokens() },
        "metrics": {}, "trace": {},
    } }));
    chunks
}

fn llama(reply: &Reply) -> Vec<Value> {
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

fn titan(reply: &Reply) -> Vec<Value> {
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

fn mistral(reply: &Reply) -> Vec<Value> {
    let output = |text: &str, stop: Option<&str>| json!({ "outputs": [{ "text": text, "stop_reason": stop }] });
    let mut chunks: Vec<Value> = reply
        .pieces
        .iter()
        .map(|piece| output(piece, None))
        .collect();
    chunks.push(output("", Some(stop(reply, "stop", "length"))));
    chunks
}

fn stop(reply: &Reply, whole: &'static str, cut: &'static str) -> &'static str {
    if reply.cut { cut } else { whole }
}

fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// The text of the last user message, whose content is a string or a list of blocks.
fn last_message(body: &Value) -> Option<String> {
    let message = echo::last_user(body.get("messages")?.as_array())?;
    match message.get("content")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => {
            let said: Vec<String> = blocks.iter().map(echo::block).collect();
            Some(said.join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_by_model_id() {
        let of = |id| Family::of(id).map(Family::name);
        assert_eq!(
            of("us.anthropic.claude-sonnet-4-v1:0"),
            Some("Anthropic Messages")
        );
        assert_eq!(of("amazon.nova-lite-v1:0"), Some("Amazon Nova"));
        assert_eq!(of("mistral.mistral-7b-instruct-v0:2"), Some("Mistral"));
        assert_eq!(of("nobody.knows"), None);
    }

    #[test]
    fn every_family_says_the_text_and_ends_in_its_own_way() {
        let reply = Reply::saying("say this", None, 40);
        let ends = [
            (Family::AnthropicMessages, "/type", json!("message_stop")),
            (Family::Nova, "/metadata/usage/outputTokens", json!(2)),
            (Family::Llama, "/stop_reason", json!("stop")),
            (Family::Titan, "/completionReason", json!("FINISH")),
            (Family::Mistral, "/outputs/0/stop_reason", json!("stop")),
        ];
        for (family, pointer, value) in ends {
            let chunks = family.chunks(&reply);
            let last = chunks.last().unwrap();
            assert_eq!(last.pointer(pointer), Some(&value), "{}", family.name());
            let metrics = &last["amazon-bedrock-invocationMetrics"];
            assert_eq!(metrics["outputTokenCount"], 2);
            assert!(family.whole(&reply).to_string().contains("say this"));
            let streamed = Value::from(chunks).to_string();
            assert!(streamed.contains("\"say \"") && streamed.contains("\"this\""));
        }
    }
}
