//! What conformance asks of an implementation of the event-stream framing and its signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::hex::from_hex;
use super::input::Input;
use crate::failure::Failure;

/// An implementation under test: ours in this process, somebody's as a program.
///
/// A `Failure` means that it could not be asked; what it says of the input is in the answer.
pub(crate) trait Implementation {
    /// Decodes a stream that arrives in these pieces and then ends.
    fn decode(
        &mut self,
        profile: Profile,
        input: &Input,
        chunks: Chunks<'_>,
    ) -> Result<Answer<Decoded>, Failure>;

    /// Decodes a header block that stands alone.
    fn decode_headers(
        &mut self,
        profile: Profile,
        block: &Input,
    ) -> Result<Answer<DecodedHeaders>, Failure>;

    /// Encodes one frame.
    fn encode(
        &mut self,
        headers: &[Header],
        payload: &[u8],
    ) -> Result<Answer<Result<Vec<u8>, Fault>>, Failure>;

    /// Reads the body of a ConverseStream response that arrives in these pieces and then ends, in order or (`cut`) not.
    fn converse(
        &mut self,
        body: &[u8],
        chunks: Chunks<'_>,
        cut: bool,
    ) -> Result<Answer<Heard>, Failure>;

    /// Signs events one after the other; each says which signature comes before it.
    fn sign(
        &mut self,
        key: &SigningInput,
        events: &[Event],
    ) -> Result<Answer<Result<Signed, Fault>>, Failure>;
}

/// What came of a question.
pub(crate) enum Answer<T> {
    Given(T),
    /// It cannot do such a thing, and why.
    Unable(String),
}

/// The limits profiles of docs/fixtures.md.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    #[default]
    Bounded,
    Strict,
    Unlimited,
}

/// Sizes of the pieces in which input arrives: these, then the last again and again. None: all in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks<'a>(pub(crate) &'a [usize]);

impl Chunks<'_> {
    /// Cuts `bytes` into these pieces; a size of 0 is an empty piece, and as the last size means the rest.
    pub(crate) fn cut<'b>(&self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        let mut sizes = self.0.iter().copied().peekable();
        let mut last = 0;
        while !bytes.is_empty() {
            let listed = sizes.next();
            last = listed.unwrap_or(last);
            let size = if last == 0 && listed.is_none() {
                bytes.len()
            } else {
                last
            };
            let (piece, rest) = bytes.split_at(size.min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

/// The frames of a stream, and what was wrong after them.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) frames: Vec<FrameView>,
    pub(crate) error: Option<Fault>,
}

/// A decoded frame.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct FrameView {
    pub(crate) headers: Vec<Header>,
    #[serde(rename = "payload_base64", with = "base64_text")]
    pub(crate) payload: Vec<u8>,
}

/// What is said of a ConverseStream body: the verdict, and any of the members of docs/fixtures.md ("What is heard").
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub(crate) struct Heard {
    pub(crate) outcome: Verdict,
    #[serde(flatten)]
    pub(crate) members: serde_json::Map<String, serde_json::Value>,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Complete,
    Incomplete,
    Failed,
}

/// The headers of a block, or what was wrong with it.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct DecodedHeaders {
    pub(crate) headers: Vec<Header>,
    pub(crate) error: Option<Fault>,
}

/// A header with its value as JSON: booleans, numbers (timestamps in ms), base64 for byte arrays, text for strings and UUIDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    /// The number on the wire; `None` in the answer of an implementation that keeps no types.
    #[serde(rename = "type")]
    pub(crate) wire_type: Option<u8>,
    pub(crate) value: serde_json::Value,
}

impl Header {
    /// Whether an answer is this header.
    pub(crate) fn is_answered_by(&self, got: &Self) -> bool {
        let value = got.value == self.value;
        let same = match got.wire_type {
            Some(_) => got.wire_type == self.wire_type && value,
            None => value || self.uuid_as_bytes().is_some_and(|bytes| got.value == bytes),
        };
        same && got.name == self.name
    }

    /// A UUID as somebody gives it who takes it for a byte array.
    fn uuid_as_bytes(&self) -> Option<String> {
        let digits = self.value.as_str().filter(|_| self.wire_type == Some(9))?;
        Some(STANDARD.encode(from_hex(&digits.replace('-', "")).ok()?))
    }
}

/// An error of an implementation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Fault {
    /// The kind's name as in docs/fixtures.md; `None` where the implementation has kinds of its own.
    pub(crate) kind: Option<String>,
    pub(crate) message: String,
}

/// With which credentials, where and for what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SigningInput {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// One event to sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    /// `YYYYMMDDTHHMMSSZ`, as it stands in the string to sign.
    pub(crate) timestamp: String,
    /// In hex, as it stands in the string to sign; not always 32 bytes.
    pub(crate) prior_signature: String,
    /// The bytes behind the fifth line of the string to sign: an encoded `:date` header.
    pub(crate) hashed_headers_hex: String,
    /// The bytes behind its last line: the inner frame.
    pub(crate) payload_hex: String,
}

/// Events with their signatures.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Signed {
    /// In hex, one an event.
    pub(crate) signatures: Vec<String>,
    /// The whole signed frames in hex, from an implementation that writes them so; else none.
    #[serde(default)]
    pub(crate) frames_hex: Vec<String>,
}

/// Bytes as base64 in JSON.
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(from)?)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_cut_into_the_sizes_and_then_the_last_of_them() {
        let cut = |sizes: &[usize]| {
            Chunks(sizes)
                .cut(b"abcdefg")
                .iter()
                .map(|p| p.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(&[]), [7]);
        assert_eq!(cut(&[3]), [3, 3, 1]);
        assert_eq!(cut(&[1, 2]), [1, 2, 2, 2]);
        assert_eq!(cut(&[2, 0]), [2, 0, 5]);
    }
}
