//! Payloads and bodies in a line: as text where they are text, and what Bedrock's `bytes` member carries as that.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Zero bytes that are worth a number in place of text.
const WORTH_A_NUMBER: usize = 16;

/// Adds the members that [`read`] makes the same bytes of.
pub(super) fn write(payload: &[u8], line: &mut Map<String, Value>) {
    if payload.is_empty() {
        return;
    }
    if let Some((text, padding)) = carried(payload) {
        let (text, silence) = without_silence(&text);
        line.insert("bytes_text".to_owned(), text.into());
        if let Some(padding) = padding {
            line.insert("p".to_owned(), padding.into());
        }
        if let Some(silence) = silence {
            line.insert("silence".to_owned(), silence.into());
        }
    } else if payload.len() > WORTH_A_NUMBER && payload.iter().all(|byte| *byte == 0) {
        line.insert("zeros".to_owned(), payload.len().into());
    } else if let Ok(text) = std::str::from_utf8(payload) {
        line.insert("text".to_owned(), text.into());
    } else {
        line.insert("base64".to_owned(), BASE64_STANDARD.encode(payload).into());
    }
}

/// Reads what [`write`] wrote; the error says what is wrong with it.
pub(super) fn read(line: &Value) -> Result<Vec<u8>, String> {
    let text = |member| line.get(member).and_then(Value::as_str);
    let number = |member| {
        let number = line.get(member).and_then(Value::as_u64)?;
        usize::try_from(number)
            .ok()
            .filter(|number| *number <= MAX_ZEROS)
    };
    if let Some(carried) = text("bytes_text") {
        let carried = match number("silence") {
            Some(silence) => with_silence(carried, silence).ok_or("no `content` for `silence`")?,
            None => carried.to_owned(),
        };
        return Ok(carrier(&carried, text("p")).into_bytes());
    }
    if let Some(zeros) = number("zeros") {
        return Ok(vec![0; zeros]);
    }
    if let Some(text) = text("text") {
        return Ok(text.as_bytes().to_vec());
    }
    match text("base64") {
        Some(base64) => BASE64_STANDARD
            .decode(base64)
            .map_err(|error| format!("`base64`: {error}")),
        None => Ok(Vec::new()),
    }
}

/// Zero bytes that a line may stand for.
const MAX_ZEROS: usize = 32 << 20;

/// What `{"bytes":"<base64>"}` carries, and its padding, where both can be put together again as they were.
fn carried(payload: &[u8]) -> Option<(String, Option<String>)> {
    let json: Value = serde_json::from_slice(payload).ok()?;
    let members = json.as_object()?;
    let bytes = BASE64_STANDARD
        .decode(members.get("bytes")?.as_str()?)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let padding = members.get("p").and_then(Value::as_str);
    (carrier(&text, padding).as_bytes() == payload).then(|| (text, padding.map(str::to_owned)))
}

fn carrier(text: &str, padding: Option<&str>) -> String {
    let bytes = BASE64_STANDARD.encode(text);
    match padding {
        Some(padding) => format!("{{\"bytes\":\"{bytes}\",\"p\":{}}}", json!(padding)),
        None => format!("{{\"bytes\":\"{bytes}\"}}"),
    }
}

/// The text with an empty `content` where that held silence, and the bytes of the silence.
fn without_silence(text: &str) -> (String, Option<usize>) {
    let found = || {
        let (before, behind) = text.split_at_checked(content_at(text)?)?;
        let (content, rest) = behind.split_once('"')?;
        let bytes = BASE64_STANDARD.decode(content).ok()?;
        let is_silence = bytes.len() > WORTH_A_NUMBER && bytes.iter().all(|byte| *byte == 0);
        is_silence.then(|| (format!("{before}\"{rest}"), bytes.len()))
    };
    match found() {
        Some((text, bytes)) => (text, Some(bytes)),
        None => (text.to_owned(), None),
    }
}

fn with_silence(text: &str, bytes: usize) -> Option<String> {
    let (before, behind) = text.split_at_checked(content_at(text)?)?;
    let silence = BASE64_STANDARD.encode(vec![0; bytes]);
    Some(format!("{before}{silence}{behind}"))
}

/// Where the text of the first member `content` begins.
fn content_at(text: &str) -> Option<usize> {
    const NAME: &str = "\"content\"";
    let behind = text.get(text.find(NAME)? + NAME.len()..)?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start();
    Some(text.len() - value.strip_prefix('"')?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(payload: &[u8]) -> Map<String, Value> {
        let mut line = Map::new();
        write(payload, &mut line);
        assert_eq!(read(&Value::Object(line.clone())).unwrap(), payload);
        line
    }

    #[test]
    fn every_payload_reads_back() {
        assert!(members(b"").is_empty());
        assert_eq!(members(b"{\"a\":1}")["text"], "{\"a\":1}");
        assert_eq!(members(b"\xff")["base64"], "/w==");
        assert_eq!(members(&[0; 100])["zeros"], 100);
        assert_eq!(members(br#"{"bytes":"aGk="}"#)["bytes_text"], "hi");
        let padded = members(br#"{"bytes":"aGk=","p":"abc"}"#);
        assert_eq!(
            (&padded["bytes_text"], &padded["p"]),
            (&json!("hi"), &json!("abc"))
        );
        // Not as we would write it: the text itself is kept.
        let odd = br#"{"p":"abc","bytes":"aGk="}"#;
        assert!(members(odd).contains_key("text"));
        assert!(members(br#"{"bytes": "aGk="}"#).contains_key("text"));
    }

    #[test]
    fn silence_is_a_number() {
        let silence = BASE64_STANDARD.encode([0; 1024]);
        for event in [
            format!(r#"{{"event":{{"audioInput":{{"content":"{silence}","promptName":"p"}}}}}}"#),
            format!(r#"{{"event": {{"audioInput": {{"content" : "{silence}"}}}}}}"#),
        ] {
            let line = members(carrier(&event, None).as_bytes());
            assert_eq!(line["silence"], 1024);
            assert!(line["bytes_text"].as_str().unwrap().len() < 80);
        }
    }
}
