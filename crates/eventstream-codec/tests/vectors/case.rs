//! A case: bytes, the limits to read them under, and what they are said to be.

use std::path::Path;

use bytes::Bytes;
use eventstream_codec::Limits;
use serde_json::Value;

pub(crate) struct Case {
    pub(crate) json: Value,
    pub(crate) bytes: Bytes,
}

impl Case {
    /// The case at `path`, where there is one: a JSON file of a kind that this crate can judge, or a stream on its own.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        let read = |path: &Path| Bytes::from(std::fs::read(path).unwrap());
        match path.extension()?.to_str()? {
            "json" => {
                let json: Value = serde_json::from_slice(&read(path)).unwrap();
                let kind = json.get("kind")?.as_str()?;
                if !["message", "stream", "headers"].contains(&kind) {
                    return None;
                }
                let bytes = match json.get("recipe") {
                    Some(recipe) => from_recipe(recipe),
                    None => read(&path.with_file_name(json["bin"].as_str().unwrap())),
                };
                Some(Self { json, bytes })
            }
            "bin" if !path.with_extension("json").exists() => Some(Self {
                json: serde_json::json!({"kind": "stream", "expect": "ok"}),
                bytes: read(path),
            }),
            _ => None,
        }
    }

    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.json.get(member)?.as_str()
    }

    pub(crate) fn is_header_block(&self) -> bool {
        self.text("kind") == Some("headers")
    }

    pub(crate) fn is_message(&self) -> bool {
        self.text("kind") == Some("message")
    }

    pub(crate) fn is_good(&self) -> bool {
        self.text("expect") == Some("ok")
    }

    /// Whether the case may fail with this kind of error.
    pub(crate) fn names(&self, kind: &str) -> bool {
        let any = self.json.get("strict_error_any").and_then(Value::as_array);
        self.text("strict_error") == Some(kind)
            || any.is_some_and(|any| any.iter().any(|name| name == kind))
    }

    pub(crate) fn limits(&self) -> Limits {
        match self.text("profile") {
            None | Some("bounded") => Limits::bounded(),
            Some("strict") => Limits::strict(),
            Some("unlimited") => Limits::unlimited(),
            Some(other) => panic!("no profile {other}"),
        }
    }
}

fn from_recipe(recipe: &Value) -> Bytes {
    let part = |name: &str| hex(recipe[name].as_str().unwrap_or_default());
    let fill = part("fill_byte_hex");
    let times = usize::try_from(recipe["fill_len"].as_u64().unwrap()).unwrap();
    [part("prefix_hex"), fill.repeat(times), part("suffix_hex")]
        .concat()
        .into()
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
