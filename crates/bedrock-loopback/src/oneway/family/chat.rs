//! Models whose chunks hold `choices`: OpenAI's shape, and those that differ from it in a name or two.

use serde_json::{Value, json};

use super::{Family, REASON, Reply, Said, TOOL, TOOL_ID, last_message, number, stop, text};

/// How a model's chunks differ from each other's.
pub(super) struct Chat {
    name: &'static str,
    /// What a choice holds: `delta`, `message`, or `text` itself.
    holds: &'static str,
    /// Where a choice says why it ended.
    reason: &'static str,
    /// What each chunk says of itself.
    object: Option<&'static str>,
    /// Whether the last chunk is the string `[DONE]`.
    done: bool,
}

pub(super) const OPENAI: Chat = Chat {
    name: "OpenAI chat completions",
    holds: "delta",
    reason: "finish_reason",
    object: Some("chat.completion.chunk"),
    done: false,
};

pub(super) const JAMBA: Chat = Chat {
    name: "AI21 Jamba",
    object: None,
    ..OPENAI
};

pub(super) const MISTRAL: Chat = Chat {
    name: "Mistral chat",
    holds: "message",
    reason: "stop_reason",
    object: None,
    done: false,
};

pub(super) const DEEPSEEK: Chat = Chat {
    name: "DeepSeek R1",
    holds: "text",
    ..MISTRAL
};

pub(super) const WRITER: Chat = Chat {
    name: "Writer Palmyra",
    holds: "text",
    reason: "finish_reason",
    object: Some("text_completion"),
    done: true,
};

impl Chat {
    fn chunk(&self, holds: &Value, reason: Option<&str>) -> Value {
        let choice = json!({ "index": 0, self.holds: holds, self.reason: reason });
        match self.object {
            Some(object) => json!({ "id": "loopback", "object": object, "choices": [choice] }),
            None => json!({ "choices": [choice] }),
        }
    }

    /// A piece of text, or another member in its place.
    fn content(&self, name: &str, value: Value) -> Value {
        match self.holds {
            "text" => value,
            "message" => json!({ "role": "assistant", name: value }),
            _ => json!({ name: value }),
        }
    }
}

impl Family for Chat {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, body: &Value) -> Option<(String, Option<u64>)> {
        let said = last_message(body).or_else(|| text(body, "/prompt"))?;
        let limit = number(body, "/max_tokens").or_else(|| number(body, "/max_completion_tokens"));
        Some((said, limit))
    }

    fn stream(&self, said: &Said<'_>) -> Vec<Value> {
        let chats = self.holds != "text";
        let mut chunks = Vec::new();
        if said.reasoning && self.holds == "delta" {
            let tagged = format!("<reasoning>{REASON}</reasoning>");
            chunks.push(self.chunk(&self.content("content", tagged.into()), None));
        }
        for piece in &said.reply.pieces {
            chunks.push(self.chunk(&self.content("content", piece.as_str().into()), None));
        }
        let mut reason = stop(said.reply, "stop", "length");
        if said.tool && chats {
            let function = json!({ "name": TOOL, "arguments": "{}" });
            let call =
                json!([{ "index": 0, "id": TOOL_ID, "type": "function", "function": function }]);
            chunks.push(self.chunk(&self.content("tool_calls", call), None));
            reason = "tool_calls";
        }
        chunks.push(self.chunk(&self.content("content", "".into()), Some(reason)));
        if self.done {
            chunks.push("[DONE]".into());
        }
        chunks
    }

    fn whole(&self, reply: &Reply) -> Value {
        let reason = stop(reply, "stop", "length");
        let message = json!({ "role": "assistant", "content": reply.text() });
        let (name, holds) = match self.holds {
            "text" => ("text", reply.text().into()),
            _ => ("message", message),
        };
        json!({
            "choices": [{ "index": 0, name: holds, self.reason: reason }],
            "usage": { "prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens() },
        })
    }
}
