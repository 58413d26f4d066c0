//! The canonical request: a request's head in the one form that both sides hash.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::hex;

/// What stands for the value of a header that carries a secret.
const CUT: &str = "<redacted>";

/// A canonical request; its headers are the signed ones, in order.
#[derive(Clone)]
pub(crate) struct CanonicalRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(&'a str, Cow<'a, str>)>,
    pub(crate) payload_hash: Cow<'a, str>,
}

impl CanonicalRequest<'_> {
    /// The hash that the string to sign ends with, in hex.
    pub(crate) fn hash(&self) -> [u8; 64] {
        let mut hasher = Sha256::new();
        self.emit(|_, value| value, |text| hasher.update(text));
        hex::encode(&hasher.finalize().into())
    }

    /// The text with secrets cut out.
    pub(crate) fn redacted(&self) -> String {
        let mut text = String::new();
        self.emit(
            |name, value| if carries_a_secret(name) { CUT } else { value },
            |piece| text.push_str(piece),
        );
        text
    }

    fn emit<'s>(&'s self, shown: impl Fn(&str, &'s str) -> &'s str, mut out: impl FnMut(&str)) {
        for line in [self.method, &self.path, &self.query] {
            out(line);
            out("\n");
        }
        for (name, value) in &self.headers {
            out(name);
            out(":");
            out(shown(name, value));
            out("\n");
        }
        out("\n");
        for (index, (name, _)) in self.headers.iter().enumerate() {
            out(if index == 0 { "" } else { ";" });
            out(name);
        }
        out("\n");
        out(&self.payload_hash);
    }
}

fn carries_a_secret(name: &str) -> bool {
    [
        "x-amz-security-token",
        "authorization",
        "proxy-authorization",
        "cookie",
    ]
    .contains(&name)
}

/// The path of a target as it is signed: dot and empty segments removed, then encoded once more.
pub(crate) fn path(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len() + 16);
    for byte in plain_path(target).bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.extend(hex::encode_byte(byte).map(|d| char::from(d.to_ascii_uppercase())));
            }
        }
    }
    encoded
}

/// The path as it stands on the wire, dot and empty segments removed (RFC 3986, section 5.2.4).
pub(crate) fn plain_path(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let ends_in_slash = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let slash = if ends_in_slash && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{slash}", segments.join("/"))
}

/// The query of a target as it is signed: its pairs, encoded as on the wire, in order.
pub(crate) fn query(target: &str) -> String {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A header's value as it is signed: spaces around it removed, those within it single.
pub(crate) fn header_value(value: &str) -> Cow<'_, str> {
    let value = value.trim_matches(' ');
    if !value.contains("  ") {
        return Cow::Borrowed(value);
    }
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_once_more() {
        for (target, expected) in [
            ("", "/"),
            ("/", "/"),
            (
                "/model/amazon.nova-2-sonic-v1%3A0/x",
                "/model/amazon.nova-2-sonic-v1%253A0/x",
            ),
            (
                "/base/model/arn%3Aaws%3Abedrock%2Fa/x?",
                "/base/model/arn%253Aaws%253Abedrock%252Fa/x",
            ),
            ("/a:b", "/a%3Ab"),
            ("//a/./b/../c//d/", "/a/c/d/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
        ] {
            assert_eq!(path(target), expected);
        }
    }

    #[test]
    fn queries_are_sorted_and_a_bare_mark_is_none() {
        assert_eq!(query("/x"), "");
        assert_eq!(query("/x?"), "");
        assert_eq!(query("/x?b=2&a=1&flag&a=0"), "a=0&a=1&b=2&flag=");
    }

    #[test]
    fn values_lose_their_spare_spaces() {
        assert_eq!(header_value("  a  b   c "), "a b c");
        assert_eq!(header_value("a b"), "a b");
        assert_eq!(header_value("  "), "");
    }
}
