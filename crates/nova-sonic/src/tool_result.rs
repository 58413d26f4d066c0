//! What a tool gives back: always a JSON object on the wire.

use serde_json::{Map, Value, json};

/// The one result of a tool call. The service wants a JSON object and ends the session over anything else
/// ("Tool Response parsing error"), so whatever is given is wrapped in one.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    body: Map<String, Value>,
}

impl ToolResult {
    /// A result as JSON: an object stays as it is, `null` becomes `{}`, all else `{"result": …}`.
    #[must_use]
    pub fn json(value: Value) -> Self {
        Self {
            body: match value {
                Value::Object(body) => body,
                Value::Null => Map::new(),
                other => one("result", other),
            },
        }
    }

    /// A result as text: text that is a JSON object is that object, other text becomes `{"result": "…"}`.
    #[must_use]
    pub fn text(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Object(body)) => Self { body },
            _ => Self {
                body: one("result", text.into()),
            },
        }
    }

    /// A result of several blocks, `{"content": […]}`.
    #[must_use]
    pub fn blocks(blocks: impl IntoIterator<Item = Value>) -> Self {
        Self {
            body: one("content", blocks.into_iter().collect()),
        }
    }

    /// A failure, `{"error": "…"}`: the wire has no status of its own.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            body: one("error", Value::String(message.into())),
        }
    }

    /// The tool took too long.
    #[must_use]
    pub fn timeout() -> Self {
        Self::error("timeout")
    }

    /// The application gave the call up. The wire has no cancellation; the model is told in the result.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::json(json!({"status": "cancelled"}))
    }

    /// The object that goes to the model.
    #[must_use]
    pub const fn body(&self) -> &Map<String, Value> {
        &self.body
    }

    /// The object as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.body).unwrap_or_default()
    }
}

impl From<Value> for ToolResult {
    fn from(value: Value) -> Self {
        Self::json(value)
    }
}

fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_is_an_object() {
        let cases = [
            (ToolResult::json(json!({"t": 72})), json!({"t": 72})),
            (ToolResult::json(json!(72)), json!({"result": 72})),
            (ToolResult::json(json!([1])), json!({"result": [1]})),
            (ToolResult::json(Value::Null), json!({})),
            (ToolResult::text("sunny"), json!({"result": "sunny"})),
            (ToolResult::text(r#"{"t":1}"#), json!({"t": 1})),
            (ToolResult::text("[1]"), json!({"result": "[1]"})),
            (
                ToolResult::blocks([json!({"text": "a"})]),
                json!({"content": [{"text": "a"}]}),
            ),
            (ToolResult::error("no"), json!({"error": "no"})),
            (ToolResult::timeout(), json!({"error": "timeout"})),
            (ToolResult::cancelled(), json!({"status": "cancelled"})),
        ];
        for (result, body) in cases {
            assert_eq!(
                serde_json::from_str::<Value>(&result.to_json()).unwrap(),
                body
            );
        }
    }
}
