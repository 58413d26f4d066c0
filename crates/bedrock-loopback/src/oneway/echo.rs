//! What the one-way calls say: the user's own words.

use serde_json::Value;

use crate::service_error::ServiceError;

/// What an echo says at most, whatever the caller's limit: a small request must not become an endless answer.
const MAX_PIECES: usize = 4096;
/// The longest piece.
const MAX_PIECE_BYTES: usize = 256;

/// A reply and what it cost, in tokens by the loopback's rule: one for every four bytes begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The text in pieces; joined, they are the reply.
    pub(super) pieces: Vec<String>,
    /// True where the caller's token limit cut the reply.
    pub(super) cut: bool,
    pub(super) input_tokens: u64,
}

impl Reply {
    /// Says `text`, at most `max_tokens` of it. A piece is a word with the space before it.
    pub(super) fn saying(text: &str, max_tokens: Option<u64>, input_bytes: usize) -> Self {
        let asked = max_tokens.and_then(|max| usize::try_from(max).ok());
        let max = asked.unwrap_or(MAX_PIECES).min(MAX_PIECES);
        let mut words = text.split_inclusive(char::is_whitespace).flat_map(short);
        let pieces = words.by_ref().take(max).map(str::to_owned).collect();
        Self {
            cut: words.next().is_some(),
            pieces,
            input_tokens: (input_bytes as u64).div_ceil(4),
        }
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }

    /// One token a piece.
    pub(super) const fn output_tokens(&self) -> u64 {
        self.pieces.len() as u64
    }
}

/// A word in parts of a bounded length.
fn short(mut word: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (part, rest) = word.split_at(word.floor_char_boundary(MAX_PIECE_BYTES));
        word = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Echoes the last user message of a Converse request.
pub(super) fn of_conversation(body: &Value) -> Result<Reply, ServiceError> {
    let messages = body.get("messages").and_then(Value::as_array);
    let first = messages.and_then(|messages| messages.first());
    if first
        .and_then(|message| message.get("role"))
        .and_then(Value::as_str)
        != Some("user")
    {
        return Err(ServiceError::validation(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        ));
    }
    let content = last_user(messages)
        .and_then(|message| message.get("content"))
        .and_then(Value::as_array)
        .filter(|content| !content.is_empty())
        .ok_or_else(|| {
            ServiceError::validation("The content field in the Message object is empty.")
        })?;
    let said: Vec<String> = content.iter().map(block).collect();
    let max_tokens = body
        .pointer("/inferenceConfig/maxTokens")
        .and_then(Value::as_u64);
    Ok(Reply::saying(
        &said.join(" "),
        max_tokens,
        body.to_string().len(),
    ))
}

pub(super) fn last_user(messages: Option<&Vec<Value>>) -> Option<&Value> {
    let is_user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
    messages?.iter().rev().find(is_user)
}

/// A content block in words: its text, or what kind of thing it is.
pub(super) fn block(block: &Value) -> String {
    if let Some(text) = block.get("text").and_then(Value::as_str) {
        return text.to_owned();
    }
    if let Some(result) = block.pointer("/toolResult/content") {
        return format!("(I got a tool's result: {result})");
    }
    let kind = block
        .as_object()
        .and_then(|block| block.keys().next())
        .map_or("", String::as_str);
    format!("(I got a block of kind {kind:?} and do not look inside.)")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn echoes_the_last_user_message() {
        let body = json!({
            "messages": [
                { "role": "user", "content": [{ "text": "one" }] },
                { "role": "assistant", "content": [{ "text": "two" }] },
                { "role": "user", "content": [{ "text": "three four" }, { "image": {} }] },
            ],
            "inferenceConfig": { "maxTokens": 3 },
        });
        let reply = of_conversation(&body).unwrap();
        assert_eq!(reply.text(), "three four (I ");
        assert!(reply.cut);
    }

    #[test]
    fn a_reply_is_bounded() {
        let long = format!("{} {}", "é".repeat(500), "a ".repeat(10_000));
        let reply = Reply::saying(&long, Some(1_000_000), long.len());
        assert_eq!(reply.pieces.len(), MAX_PIECES);
        assert!(reply.cut && long.starts_with(&reply.text()));
        assert!(
            reply
                .pieces
                .iter()
                .all(|piece| piece.len() <= MAX_PIECE_BYTES)
        );
        assert!(!Reply::saying("a b", Some(2), 3).cut);
    }

    #[test]
    fn a_conversation_starts_with_the_user() {
        for messages in [json!([]), json!([{ "role": "assistant", "content": [] }])] {
            let error = of_conversation(&json!({ "messages": messages })).unwrap_err();
            assert!(error.message.starts_with("A conversation must start"));
        }
    }
}
