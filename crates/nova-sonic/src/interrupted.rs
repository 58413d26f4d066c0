//! The text that is no text: `{ "interrupted" : true }`.

use serde_json::Value;

/// Whether a text output says that the model was interrupted. Its spacing varies, so it is parsed, not compared.
pub(crate) fn is_interruption_marker(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{')
        && text.len() < 256
        && serde_json::from_str::<Value>(text)
            .is_ok_and(|json| json.get("interrupted") == Some(&Value::Bool(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_does_not_matter_and_content_does() {
        for text in [
            r#"{ "interrupted" : true }"#,
            r#"{"interrupted":true}"#,
            " {\"interrupted\" :\ttrue}\n",
        ] {
            assert!(is_interruption_marker(text), "{text}");
        }
        for text in [
            r#"{"interrupted":false}"#,
            "interrupted",
            "{",
            "",
            r#"say { "interrupted" : true }"#,
        ] {
            assert!(!is_interruption_marker(text), "{text}");
        }
    }
}
