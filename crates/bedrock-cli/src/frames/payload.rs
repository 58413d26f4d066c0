//! Payloads for the eye: JSON, text or hex; and what JSON carries in base64.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::ValueEnum;
use serde_json::Value;

/// How a payload is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Style {
    /// Text where it is text, else hex
    #[default]
    Auto,
    /// JSON over several lines where it is JSON, else as `auto`
    Json,
    /// Hex and ASCII, sixteen bytes a line
    Hex,
    /// Its length only
    None,
}

/// Writes a payload behind its length, each line behind `indent`.
pub(super) fn write(
    out: &mut impl Write,
    payload: &[u8],
    style: Style,
    indent: &str,
) -> io::Result<()> {
    let json = || serde_json::from_slice::<Value>(payload).ok();
    match style {
        _ if payload.is_empty() => Ok(()),
        Style::None => Ok(()),
        Style::Hex => write_hex(out, payload, indent),
        Style::Json => match json() {
            Some(json) => {
                for line in format!("{json:#}").lines() {
                    writeln!(out, "{indent}{}", Printable(line))?;
                }
                Ok(())
            }
            None => write(out, payload, Style::Auto, indent),
        },
        Style::Auto => match std::str::from_utf8(payload) {
            Ok(text) if is_text(text) => {
                for line in text.lines() {
                    writeln!(out, "{indent}{}", Printable(line))?;
                }
                Ok(())
            }
            _ => write_hex(out, payload, indent),
        },
    }
}

/// What a JSON payload carries in a base64 member `bytes`.
pub(super) fn carried_bytes(payload: &[u8]) -> Option<Vec<u8>> {
    let json: Value = serde_json::from_slice(payload).ok()?;
    BASE64_STANDARD.decode(json.get("bytes")?.as_str()?).ok()
}

/// Text in which nothing can move a terminal's cursor or change its colours.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl std::fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

/// Whether a person would call it text: lines and tabs, but hardly any other control character.
fn is_text(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

fn write_hex(out: &mut impl Write, bytes: &[u8], indent: &str) -> io::Result<()> {
    for (line, bytes) in bytes.chunks(16).enumerate() {
        write!(out, "{indent}{:06x} ", line * 16)?;
        for at in 0..16 {
            match bytes.get(at) {
                Some(byte) => write!(out, " {byte:02x}")?,
                None => write!(out, "   ")?,
            }
        }
        let ascii = bytes.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        writeln!(out, "  {}", ascii.collect::<String>())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(payload: &[u8], style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, payload, style, "  ").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_shown_as_text_and_all_else_as_hex() {
        assert_eq!(shown(b"{\"a\":1}", Style::Auto), "  {\"a\":1}\n");
        assert_eq!(shown(b"{\"a\":1}", Style::Json), "  {\n    \"a\": 1\n  }\n");
        let hex = "  000000  61 00 ff                                         a..\n";
        assert_eq!(shown(b"a\0\xff", Style::Auto), hex);
        assert_eq!(shown(b"a\0\xff", Style::Json), hex);
        assert_eq!(shown(b"text", Style::None), "");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        let sneaky = shown(b"{\"a\":\"\\u001b[2J\"}", Style::Json);
        assert!(!sneaky.contains('\u{1b}'));
        assert_eq!(Printable("a\u{1b}[2Jb").to_string(), "a\\u{1b}[2Jb");
    }

    #[test]
    fn carried_bytes_are_found() {
        assert_eq!(
            carried_bytes(br#"{"bytes":"aGk=","p":"abc"}"#),
            Some(b"hi".to_vec())
        );
        assert_eq!(carried_bytes(br#"{"byte":"aGk="}"#), None);
        assert_eq!(carried_bytes(b"no JSON"), None);
    }
}
