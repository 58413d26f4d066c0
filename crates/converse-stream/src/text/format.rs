//! How text is written for a web page.

/// How pieces of text are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextFormat {
    /// As they are, in UTF-8: npm `ai` up to 3.0.19.
    #[default]
    Plain,
    /// A line of the data-stream protocol each, `0:"…"`: npm `ai` from 3.0.20.
    DataStream,
}

impl TextFormat {
    /// The `content-type` of a response in this format, the same for both.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    /// Appends one piece.
    pub fn write(self, piece: &str, out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(piece.as_bytes()),
            Self::DataStream => {
                out.extend_from_slice(b"0:");
                // serde_json escapes as JSON.stringify does: quotes, backslashes and what lies below U+0020.
                let quoted = serde_json::Value::from(piece).to_string();
                out.extend_from_slice(quoted.as_bytes());
                out.push(b'\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: TextFormat, piece: &str) -> String {
        let mut out = Vec::new();
        format.write(piece, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_what_json_stringify_makes() {
        let piece = "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}\u{2028}é👂";
        let line = "0:\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\u{2028}é👂\"\n";
        assert_eq!(written(TextFormat::DataStream, piece), line);
        assert_eq!(written(TextFormat::DataStream, ""), "0:\"\"\n");
        assert_eq!(written(TextFormat::Plain, piece), piece);
    }
}
