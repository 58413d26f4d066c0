//! Takes speech and text out of payloads, so that what is left has the same form and nearly the same length.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::keep::Keep;
use super::rewrite::{Leaf, leaves};

/// Members whose text belongs to the protocols, not to people: names, kinds and states.
const OF_THE_PROTOCOL: &[&str] = &[
    "audioType",
    "completionId",
    "contentId",
    "contentName",
    "encoding",
    "endpointingSensitivity",
    "finish_reason",
    "format",
    "generationStage",
    "latency",
    "mediaType",
    "model",
    "object",
    "promptName",
    "role",
    "sessionId",
    "status",
    "stopReason",
    "stop_reason",
    "toolName",
    "toolUseId",
    "type",
    "voiceId",
];

/// Members that hold base64 of pictures, documents and hidden thoughts.
const BINARY: &[&str] = &["bytes", "data", "redactedContent"];

/// The scrubber of one direction of a call.
#[derive(Debug)]
pub(super) struct Scrub {
    keep: Keep,
    /// How much of each block's input, which comes in pieces, has been written.
    written: BTreeMap<u64, usize>,
}

impl Scrub {
    pub(super) fn new(keep: Keep) -> Self {
        Self {
            keep,
            written: BTreeMap::new(),
        }
    }

    /// The payload of a frame, or a body, without what is not kept.
    pub(super) fn payload(&mut self, payload: &[u8]) -> Vec<u8> {
        if self.keep == Keep::EVERYTHING {
            return payload.to_vec();
        }
        let Ok(text) = std::str::from_utf8(payload) else {
            return if self.keep.text {
                payload.to_vec()
            } else {
                vec![0; payload.len()]
            };
        };
        if let Some(carrier) = self.carrier(text) {
            return carrier.into_bytes();
        }
        match self.json(text) {
            Some(json) => json.into_bytes(),
            None if self.keep.text => payload.to_vec(),
            None => hidden(text).into_bytes(),
        }
    }

    /// `{"bytes":"<base64>","p":"<padding>"}`, where what it carries is JSON.
    fn carrier(&mut self, text: &str) -> Option<String> {
        let json: Value = serde_json::from_str(text).ok()?;
        let carried = json.as_object()?.get("bytes")?.as_str()?;
        let carried = BASE64_STANDARD.decode(carried).ok()?;
        let scrubbed = self.json(std::str::from_utf8(&carried).ok()?)?;
        leaves(text, &mut |path, _| {
            (path == ["bytes"]).then(|| BASE64_STANDARD.encode(&scrubbed))
        })
    }

    fn json(&mut self, text: &str) -> Option<String> {
        let json: Value = serde_json::from_str(text).ok()?;
        let index = ["contentBlockIndex", "index"].map(|name| json.get(name)?.as_u64());
        let block = index.into_iter().flatten().next().unwrap_or(0);
        self.values(text, block, false)
    }

    fn values(&mut self, text: &str, block: u64, in_tool: bool) -> Option<String> {
        leaves(text, &mut |path, leaf| {
            let in_tool = in_tool || path.iter().any(|name| is_of_tools(name));
            match leaf {
                Leaf::Number => (in_tool && !self.keep.text).then(|| "0".to_owned()),
                Leaf::Text(text) => self.text(path, text, block),
            }
        })
    }

    fn text(&mut self, path: &[&str], text: &str, block: u64) -> Option<String> {
        let name = path.last().copied().unwrap_or_default();
        if let [.., "audioInput" | "audioOutput", "content"] = path {
            return (!self.keep.audio).then(|| silence(text));
        }
        if self.keep.text
            || OF_THE_PROTOCOL.contains(&name)
            || matches!(path, ["message" | "Message" | "__type" | "code" | "p"])
        {
            return None;
        }
        if name == "partial_json" || name == "input" && path.contains(&"delta") {
            return Some(self.piece(text, block));
        }
        // Numbers in such a text are somebody's, as they are in a tool's input.
        if text.trim_start().starts_with(['{', '['])
            && let Some(inside) = self.values(text, block, true)
        {
            return Some(inside);
        }
        if BINARY.contains(&name) && BASE64_STANDARD.decode(text).is_ok() {
            return Some(silence(text));
        }
        Some(hidden(text))
    }

    /// A piece of a tool's input: all pieces of a block together are an empty object and white space.
    fn piece(&mut self, text: &str, block: u64) -> String {
        let written = self.written.entry(block).or_default();
        let from = *written;
        *written += text.chars().count();
        let marks = (from..*written).map(|at| match at {
            0 => '{',
            1 => '}',
            _ => ' ',
        });
        marks.collect()
    }
}

fn is_of_tools(name: &str) -> bool {
    matches!(name, "toolUse" | "toolResult" | "input")
}

/// As many letters.
fn hidden(text: &str) -> String {
    "x".repeat(text.chars().count())
}

/// Base64 of as many zero bytes.
fn silence(base64: &str) -> String {
    match BASE64_STANDARD.decode(base64) {
        Ok(bytes) => BASE64_STANDARD.encode(vec![0; bytes.len()]),
        Err(_) => hidden(base64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(keep: Keep, payload: &str) -> String {
        String::from_utf8(Scrub::new(keep).payload(payload.as_bytes())).unwrap()
    }

    fn carrier(event: &str) -> String {
        format!(
            r#"{{"bytes":"{}","p":"abc"}}"#,
            BASE64_STANDARD.encode(event)
        )
    }

    #[test]
    fn speech_becomes_silence_of_the_same_length() {
        let voice = BASE64_STANDARD.encode([7; 64]);
        let event = |content: &str| {
            format!(r#"{{"event":{{"audioInput":{{"promptName":"p","content":"{content}"}}}}}}"#)
        };
        let silent = event(&BASE64_STANDARD.encode([0; 64]));
        for (keep, expected) in [
            (Keep::NOTHING, &silent),
            (Keep::NOTHING.text(true), &silent),
            (Keep::NOTHING.audio(true), &event(&voice)),
        ] {
            assert_eq!(scrubbed(keep, &carrier(&event(&voice))), carrier(expected));
        }
    }

    #[test]
    fn words_become_letters_and_the_protocol_stays() {
        let event =
            r#"{"event": {"textOutput": {"role": "USER", "content": "Wie geht es, Zoé?"}}}"#;
        let expected =
            r#"{"event": {"textOutput": {"role": "USER", "content": "xxxxxxxxxxxxxxxxx"}}}"#;
        assert_eq!(scrubbed(Keep::NOTHING, &carrier(event)), carrier(expected));
        assert_eq!(
            scrubbed(Keep::NOTHING.text(true), &carrier(event)),
            carrier(event)
        );
        // An interruption is told by a text.
        let interrupted = r#"{"event":{"textOutput":{"content":"{ \"interrupted\" : true }"}}}"#;
        assert_eq!(
            scrubbed(Keep::NOTHING, &carrier(interrupted)),
            carrier(interrupted)
        );
    }

    #[test]
    fn tools_keep_their_form() {
        let event = r#"{"event":{"toolUse":{"toolName":"weather","content":"{\"city\":\"Lima\",\"days\":3}"}}}"#;
        let expected = r#"{"event":{"toolUse":{"toolName":"weather","content":"{\"city\":\"xxxx\",\"days\":0}"}}}"#;
        assert_eq!(scrubbed(Keep::NOTHING, event), expected);
    }

    #[test]
    fn an_input_in_pieces_stays_json() {
        let mut scrub = Scrub::new(Keep::NOTHING);
        let mut all = String::new();
        for piece in ["", "{\"ci", "ty\":", " \"Lima\"}"] {
            let event = serde_json::json!({
                "contentBlockIndex": 1, "delta": {"toolUse": {"input": piece}}
            });
            let out = scrub.payload(event.to_string().as_bytes());
            let out: Value = serde_json::from_slice(&out).unwrap();
            let new = out["delta"]["toolUse"]["input"].as_str().unwrap();
            assert_eq!(new.len(), piece.len());
            all.push_str(new);
        }
        assert_eq!(
            serde_json::from_str::<Value>(&all).unwrap(),
            serde_json::json!({})
        );
        assert!(!all.contains("Lima"));
    }

    #[test]
    fn what_is_no_json_is_hidden_too() {
        assert_eq!(scrubbed(Keep::NOTHING, "<h1>hi</h1>"), "xxxxxxxxxxx");
        assert_eq!(Scrub::new(Keep::NOTHING).payload(&[0xff, 7]), [0, 0]);
        let error = r#"{"message":"The model identifier is invalid."}"#;
        assert_eq!(scrubbed(Keep::NOTHING, error), error);
        let picture = r#"{"image":{"source":{"bytes":"aGVsbG8="}}}"#;
        assert_eq!(
            scrubbed(Keep::NOTHING, picture),
            picture.replace("aGVsbG8=", "AAAAAAA=")
        );
    }
}
