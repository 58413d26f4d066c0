//! Where the text of a chunk lies.

use serde_json::Value;

use crate::family::Family;

/// Takes the text out of a model's chunk. Closures `FnMut(&Value) -> Option<String>` do.
pub trait Extract {
    /// The chunk's text, which may be empty; `None` where it has none.
    fn text(&mut self, chunk: &Value) -> Option<String>;

    /// The family whose mark ends the stream; `None` where the chunks must say it.
    fn family(&self) -> Option<Family> {
        None
    }
}

impl<F: FnMut(&Value) -> Option<String>> Extract for F {
    fn text(&mut self, chunk: &Value) -> Option<String> {
        self(chunk)
    }
}

/// The four formats that npm `ai` has wrappers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Claude's text completions: `completion`.
    Anthropic,
    /// Claude's messages: `delta.text`. Thinking and tool input are left out.
    AnthropicMessages,
    /// Cohere Command: `text`, or that of the first generation where one chunk holds all (`"stream": false`).
    Cohere,
    /// Llama 2 and later: `generation`.
    Llama2,
}

impl Extract for Wrapper {
    fn text(&mut self, chunk: &Value) -> Option<String> {
        let text = match self {
            Self::Anthropic => chunk.get("completion"),
            Self::AnthropicMessages => chunk.pointer("/delta/text"),
            Self::Cohere => chunk
                .get("text")
                .or_else(|| chunk.pointer("/generations/0/text")),
            Self::Llama2 => chunk.get("generation"),
        };
        text?.as_str().map(str::to_owned)
    }

    fn family(&self) -> Option<Family> {
        Some(match self {
            Self::Anthropic => Family::AnthropicText,
            Self::AnthropicMessages => Family::AnthropicMessages,
            Self::Cohere => Family::CohereCommand,
            Self::Llama2 => Family::Llama,
        })
    }
}
