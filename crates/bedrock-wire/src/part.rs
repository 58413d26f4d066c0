//! Payload parts as they come in: `{"bytes":"<base64>","p":"<padding>"}`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::plain::{NotPlain, PlainMembers};

/// The bytes inside a payload part. Unknown members are ignored (`p` is padding that hides lengths), a missing or null
/// `bytes` is empty; both as AWS's clients have it.
///
/// # Errors
/// Where the payload is not a JSON object, or `bytes` is not a string of padded standard base64.
pub fn read_part(payload: &[u8]) -> Result<Vec<u8>, PartError> {
    let mut out = Vec::new();
    read_part_into(payload, &mut out)?;
    Ok(out)
}

/// As [`read_part`], but appends to `out`: a reader that keeps its buffer allocates nothing per part.
///
/// # Errors
/// As [`read_part`]; `out` is then as it was.
pub fn read_part_into(payload: &[u8], out: &mut Vec<u8>) -> Result<(), PartError> {
    let had = out.len();
    read_plain(payload, out).or_else(|NotPlain| {
        out.truncate(had);
        parse(payload, out)
    })
}

/// The part as the service writes it.
fn read_plain(payload: &[u8], out: &mut Vec<u8>) -> Result<(), NotPlain> {
    let mut members = PlainMembers::behind(&[], payload)?;
    let mut found = false;
    while let Some((name, value)) = members.next()? {
        if name.as_bytes() != b"bytes" {
            name.text()?;
            value.text()?;
        } else if std::mem::replace(&mut found, true) {
            return Err(NotPlain);
        } else {
            value.decode_into(out)?;
        }
    }
    members.finish(0)
}

/// The part in any JSON.
fn parse(payload: &[u8], out: &mut Vec<u8>) -> Result<(), PartError> {
    // A derived reader would take an array for the struct.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(PartError::Json { at: 1 });
    }
    let part: Part<'_> =
        serde_json::from_slice(payload).map_err(|error| PartError::Json { at: error.column() })?;
    let Some(text) = part.bytes else {
        return Ok(());
    };
    let had = out.len();
    base64_simd::STANDARD
        .decode_append(text.as_bytes(), out)
        .map_err(|_| {
            out.truncate(had);
            PartError::Base64 { len: text.len() }
        })
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    bytes: Option<Cow<'a, str>>,
}

/// Why a payload is not a payload part. Holds no content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartError {
    /// Not the JSON that it should be.
    Json {
        /// The column, in bytes from 1, where the JSON goes wrong.
        at: usize,
    },
    /// `bytes` is not padded standard base64.
    Base64 {
        /// Characters of the text.
        len: usize,
    },
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { at } => write!(
                f,
                "the payload is not a JSON object with a string `bytes` (column {at})"
            ),
            Self::Base64 { len } => {
                write!(f, "the payload's `bytes` ({len} characters) is not base64")
            }
        }
    }
}

impl std::error::Error for PartError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_unknown_members_are_ignored() {
        let payload = br#"{"p":"abcdef","bytes":"aGk=","later":{"x":[1]}}"#;
        assert_eq!(read_part(payload).unwrap(), b"hi");
    }

    #[test]
    fn members_that_come_twice_or_break_off_are_faults_whatever_the_way() {
        let mut out = b"kept".to_vec();
        for bad in [
            r#"{"bytes":"aGk=","bytes":"aGk="}"#,
            r#"{"bytes":"aGk=","p":"a"#,
            r#"{"bytes":"aGk="}}"#,
        ] {
            let error = read_part_into(bad.as_bytes(), &mut out);
            assert!(matches!(error, Err(PartError::Json { .. })), "{bad}");
            assert_eq!(out, b"kept");
        }
    }

    #[test]
    fn missing_null_and_empty_bytes_are_empty() {
        for payload in [&b"{}"[..], br#"{"bytes":null}"#, br#"{"bytes":""}"#] {
            assert_eq!(read_part(payload).unwrap(), b"");
        }
    }

    #[test]
    fn escapes_in_the_base64_are_undone() {
        assert_eq!(
            read_part(br#"{"bytes":"\/\u002b8="}"#).unwrap(),
            [0xff, 0xef]
        );
    }

    #[test]
    fn faults_are_told_apart_and_leave_the_buffer_alone() {
        let mut out = b"kept".to_vec();
        assert_eq!(
            read_part_into(br#"{"bytes":"a"}"#, &mut out),
            Err(PartError::Base64 { len: 1 })
        );
        for bad in [&b""[..], b"[]", b"{", br#"{"bytes":1}"#, b"\xff"] {
            assert!(
                matches!(read_part_into(bad, &mut out), Err(PartError::Json { .. })),
                "{bad:?}"
            );
        }
        assert_eq!(out, b"kept");
    }
}
