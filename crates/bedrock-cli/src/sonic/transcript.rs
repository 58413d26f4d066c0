//! What was said before, out of a file, and what was said, into one. The two have one form.

use std::path::Path;

use nova_sonic::{History, HistoryLimits, HistoryRole, TranscriptEntry};
use serde_json::Value;

/// Reads turns: a JSON list of objects with `speaker` or `role`, and `text` or `content`, whose content is text or blocks of text.
///
/// # Errors
/// One line that says what is wrong with the file.
pub(super) fn read(path: &Path) -> Result<Vec<(HistoryRole, String)>, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let entries = json.as_array();
    let entries = entries.ok_or_else(|| format!("{name}: a list of turns is expected"))?;
    let turns = entries.iter().enumerate().map(|(at, entry)| {
        turn(entry).ok_or_else(|| {
            format!(
                "{name}: turn {at} is not {{\"speaker\": \"user\" or \"assistant\", \"text\": …}}"
            )
        })
    });
    turns.collect()
}

/// The turns as the service takes them; what had to go is told.
pub(super) fn history(turns: Vec<(HistoryRole, String)>) -> (History, Option<String>) {
    let (history, cuts) = History::normalize(turns, &HistoryLimits::default());
    let told = (!cuts.is_lossless()).then(|| {
        format!(
            "the history is too long: {} turns, {} bytes of it are left out",
            cuts.dropped_turns, cuts.dropped_bytes
        )
    });
    (history, told)
}

/// Writes what was said.
///
/// # Errors
/// Where the file cannot be written.
pub(super) fn save(path: &Path, entries: &[TranscriptEntry]) -> Result<(), String> {
    let json = serde_json::to_string_pretty(entries).unwrap_or_default();
    std::fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

fn turn(entry: &Value) -> Option<(HistoryRole, String)> {
    let speaker = entry.get("speaker").or_else(|| entry.get("role"))?;
    let role = match speaker.as_str()?.to_ascii_lowercase().as_str() {
        "user" => HistoryRole::User,
        "assistant" => HistoryRole::Assistant,
        _ => return None,
    };
    let text = entry.get("text").or_else(|| entry.get("content"))?;
    let text = match text {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks
                .iter()
                .filter_map(|block| block.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => return None,
    };
    Some((role, text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn turns_are_read_in_each_of_their_forms() {
        for entry in [
            json!({"speaker": "user", "text": "hi", "turn": 3, "state": "final"}),
            json!({"role": "USER", "content": "hi"}),
            json!({"role": "user", "content": [{"text": "hi"}]}),
        ] {
            assert_eq!(turn(&entry), Some((HistoryRole::User, "hi".to_owned())));
        }
        for entry in [
            json!({"role": "tool", "text": "x"}),
            json!({"role": "user"}),
            json!("x"),
        ] {
            assert_eq!(turn(&entry), None);
        }
    }
}
