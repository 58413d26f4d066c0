//! What bytes are that should be frames and are not: an error page, a JSON body, another way of streaming.

use core::fmt;

/// What the input looks like where it is not event-stream frames.
///
/// A service that refuses a request answers with JSON, XML or a page; a gateway may have turned frames into
/// server-sent events or base64. All of these fail as a wrong prelude CRC, which says little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lookalike {
    /// A JSON object, array or string.
    Json,
    /// XML.
    Xml,
    /// An HTML page.
    Html,
    /// Server-sent events (`text/event-stream`).
    ServerSentEvents,
    /// Data compressed with gzip: the body was not decoded.
    Gzip,
    /// The head of an HTTP/1 message: what came before the body was not removed.
    HttpHead,
    /// Frames in base64.
    Base64,
}

impl Lookalike {
    /// Judges input by its first bytes; twelve of them, a prelude's length, are enough.
    #[must_use]
    pub fn of(first: &[u8]) -> Option<Self> {
        if first.starts_with(&[0x1f, 0x8b]) {
            return Some(Self::Gzip);
        }
        let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        let text = text.trim_ascii_start();
        let begins = |prefix: &[u8]| {
            text.get(..prefix.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        if begins(b"<!doctype") || begins(b"<html") || begins(b"<head") || begins(b"<body") {
            return Some(Self::Html);
        }
        if [&b"data:"[..], b"event:", b"id:", b"retry:", b": "]
            .iter()
            .any(|p| begins(p))
        {
            return Some(Self::ServerSentEvents);
        }
        if begins(b"HTTP/1.") {
            return Some(Self::HttpHead);
        }
        // The first byte of every frame under 16 MiB is zero, which base64 writes as `AA`, `AB`, `AC` or `AD`.
        if text.len() >= 4 && text.starts_with(b"AA") && text.iter().all(|b| is_base64(*b)) {
            return Some(Self::Base64);
        }
        match text {
            [b'<', next, ..] if next.is_ascii_alphabetic() || *next == b'?' => Some(Self::Xml),
            [b'{' | b'[' | b'"', next, ..]
                if *next == b'\n' || *next == b'\r' || is_text(*next) =>
            {
                Some(Self::Json)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Html => "HTML",
            Self::ServerSentEvents => "server-sent events",
            Self::Gzip => "gzip",
            Self::HttpHead => "the head of an HTTP/1 message",
            Self::Base64 => "base64",
        })
    }
}

const fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' ' || byte == b'\t' || !byte.is_ascii()
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_not_frames_are_known_by_twelve_bytes() {
        let cases: &[(&[u8], Lookalike)] = &[
            (b"{\"message\":\"no\"}", Lookalike::Json),
            (b"\n [1, 2, 3, 4, 5]", Lookalike::Json),
            (b"{}", Lookalike::Json),
            (b"\xef\xbb\xbf{ \"a\": 1 }", Lookalike::Json),
            (b"<?xml version=\"1.0\"?>", Lookalike::Xml),
            (b"<Error><Code>", Lookalike::Xml),
            (b"<!DOCTYPE html>", Lookalike::Html),
            (b"<html lang=\"en\">", Lookalike::Html),
            (b"data: {\"a\":1}", Lookalike::ServerSentEvents),
            (b"event: chunk\n", Lookalike::ServerSentEvents),
            (b": keep-alive\n", Lookalike::ServerSentEvents),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\0\0\0", Lookalike::Gzip),
            (b"HTTP/1.1 200 OK\r\n", Lookalike::HttpHead),
            (b"AAAAgwAAAEF3", Lookalike::Base64),
        ];
        for (bytes, expected) in cases {
            let prefix = &bytes[..bytes.len().min(12)];
            assert_eq!(Lookalike::of(prefix), Some(*expected), "{bytes:?}");
        }
    }

    #[test]
    fn frames_and_noise_look_like_nothing() {
        let cases: &[&[u8]] = &[
            b"",
            b"{",
            b"\0\0\0\x83\0\0\0\x41wxyz",
            b"{\0\0\0",
            b"hello world!",
            b"AAAA\0\0\0\0",
        ];
        for bytes in cases {
            assert_eq!(Lookalike::of(bytes), None, "{bytes:?}");
        }
    }
}
