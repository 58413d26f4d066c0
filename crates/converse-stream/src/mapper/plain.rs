//! The deltas that a stream is made of, read in one pass: `{"contentBlockIndex":0,"delta":{"text":"…"},"p":"…"}`.
//!
//! Members in the order of the wire, no spaces, nothing unknown. Whatever looks otherwise is left to the general reader,
//! and so is whatever is wrong: a delta that is read here would be read there alike.

use crate::assemble::Part;
use crate::payload::unescape;

/// The block and the part of a plain delta; `None` where it is none.
pub(super) fn read(json: &str) -> Option<(u32, Part)> {
    let rest = json.strip_prefix(r#"{"contentBlockIndex":"#)?;
    let (index, rest) = index(rest)?;
    let rest = rest.strip_prefix(r#","delta":{""#)?;
    let (part, rest) = if let Some(rest) = rest.strip_prefix(r#"text":""#) {
        let (text, rest) = string(rest)?;
        (Part::Text(text), rest)
    } else if let Some(rest) = rest.strip_prefix(r#"toolUse":{"input":""#) {
        let (fragment, rest) = string(rest)?;
        (Part::ToolInput(fragment), rest.strip_prefix('}')?)
    } else {
        let (text, rest) = string(rest.strip_prefix(r#"reasoningContent":{"text":""#)?)?;
        (Part::Reasoning(text), rest.strip_prefix('}')?)
    };
    match rest.strip_prefix('}')? {
        "}" => Some((index, part)),
        rest => {
            let padding = rest.strip_prefix(r#","p":""#)?.strip_suffix(r#""}"#)?;
            // Without an early end, so that the compiler can look at many bytes at once.
            let plain = |all, byte: u8| all & byte.is_ascii_alphanumeric();
            padding.bytes().fold(true, plain).then_some((index, part))
        }
    }
}

/// A number of up to nine digits as JSON writes it.
fn index(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    let well_written = digits == "0" || (end <= 9 && !digits.starts_with('0'));
    well_written.then(|| Some((digits.parse().ok()?, rest)))?
}

/// A string from behind its opening quote, and what follows its closing one.
fn string(text: &str) -> Option<(String, &str)> {
    let bytes = text.as_bytes();
    let mut end = 0;
    let mut escapes = false;
    loop {
        match bytes.get(end)? {
            b'"' => break,
            b'\\' => {
                escapes = true;
                end += 2;
            }
            0..=0x1f => return None,
            _ => end += 1,
        }
    }
    let (inner, rest) = text.split_at_checked(end)?;
    let inner = if escapes {
        unescape(inner)?
    } else {
        inner.to_owned()
    };
    Some((inner, rest.strip_prefix('"')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> Option<String> {
        read(json).map(|(index, part)| match part {
            Part::Text(text) => format!("{index} text {text}"),
            Part::ToolInput(text) => format!("{index} input {text}"),
            Part::Reasoning(text) => format!("{index} reasoning {text}"),
            _ => String::new(),
        })
    }

    #[test]
    fn plain_deltas_are_read() {
        for (json, delta) in [
            (
                r#"{"contentBlockIndex":0,"delta":{"text":"a"},"p":"abcA9"}"#,
                "0 text a",
            ),
            (
                r#"{"contentBlockIndex":12,"delta":{"text":""}}"#,
                "12 text ",
            ),
            (
                r#"{"contentBlockIndex":1,"delta":{"text":"\"\\\u00e9👂\n"},"p":""}"#,
                "1 text \"\\é👂\n",
            ),
            (
                r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a"}},"p":"ab"}"#,
                "1 input {\"a",
            ),
            (
                r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"text":"hm"}}}"#,
                "1 reasoning hm",
            ),
        ] {
            assert_eq!(shown(json).as_deref(), Some(delta), "{json}");
        }
    }

    #[test]
    fn what_is_not_plain_or_not_right_is_left_to_the_general_reader() {
        for json in [
            "",
            "{}",
            r#"{"contentBlockIndex":0,"delta":{"text":"a"},"p":"é"}"#,
            r#"{"contentBlockIndex":0,"delta":{"text":"a"},"p":"a","q":"b"}"#,
            r#"{"contentBlockIndex":0,"delta":{"text":"a"}} "#,
            r#"{"contentBlockIndex":0,"delta":{"text":"a","x":1}}"#,
            r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"a","x":1}}}"#,
            r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"a"}"#,
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"a"}}}"#,
            r#"{"contentBlockIndex":0.0,"delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":00,"delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":,"delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":4294967296,"delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":0, "delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":0,"delta":{"text":"a\"}}"#,
            r#"{"contentBlockIndex":0,"delta":{"text":"\x"}}"#,
            r#"{"contentBlockIndex":0,"delta":{"text":"\ud83d"}}"#,
            "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\nb\"}}",
            r#"{"contentBlockIndex":0,"delta":{"text":"a"#,
        ] {
            assert_eq!(shown(json), None, "{json}");
        }
    }
}
