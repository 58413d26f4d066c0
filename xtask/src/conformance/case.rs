//! A case: bytes or inputs, and what must come of them.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::hex::hex;
use super::implementation::{Event, Header, Heard, Profile, SigningInput};
use super::input::Input;

/// One case and where it comes from.
#[derive(Debug)]
pub(crate) struct Case {
    suite: String,
    name: String,
    pub(crate) kind: Kind,
}

impl Case {
    /// A case with the name of its file.
    pub(super) fn at(path: &Path, kind: Kind) -> Self {
        let text = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        let suite = text(path.parent().and_then(Path::file_name));
        Self {
            suite,
            name: text(path.file_stem()),
            kind,
        }
    }

    /// One of the cases of a file that holds many.
    pub(super) fn within(path: &Path, name: &str, kind: Kind) -> Self {
        let name = name.to_owned();
        Self {
            name,
            ..Self::at(path, kind)
        }
    }

    /// The folder that the case lies in.
    pub(crate) fn suite(&self) -> &str {
        &self.suite
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.suite, self.name)
    }
}

/// What a case says, by its `kind`.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Exactly one frame, or a fault.
    Message(Bytes<ExpectedFrame>),
    /// Any number of frames and then the end, or a fault.
    Stream(Bytes<Vec<ExpectedFrame>>),
    /// A recorded stream: frames to a clean end, so many of them where it is known.
    Recorded {
        bytes: Vec<u8>,
        frames: Option<usize>,
    },
    /// A header block alone.
    Headers(Bytes<Vec<Header>>),
    /// Signatures of events.
    Signed {
        key: SigningInput,
        events: Vec<SignedEvent>,
    },
    /// A recorded request: the seed that its head carries, and its body of signed frames.
    SignedStream {
        key: SigningInput,
        seed: String,
        body: Vec<u8>,
    },
    /// A frame within a signed one, the signature given.
    SignedFrame(Box<SignedFrame>),
    /// The body of a ConverseStream response, and what must be said of it.
    Converse(Box<ConverseCase>),
    /// Run by another command, which the text names.
    Elsewhere(&'static str),
}

/// Bytes and what must come of them.
#[derive(Debug)]
pub(crate) struct Bytes<T> {
    pub(crate) input: Input,
    pub(crate) profile: Profile,
    /// The peer's own piece sizes, beside the ones that every case is run with.
    pub(crate) chunks: Option<Vec<usize>>,
    pub(crate) expect: Expect<T>,
}

/// `expect`: ok with `decoded`, or error with `strict_error` or `strict_error_any`.
#[derive(Debug)]
pub(crate) enum Expect<T> {
    Decoded(T),
    /// Any of these kinds, after these frames.
    Error {
        kinds: Vec<String>,
        before: Vec<ExpectedFrame>,
    },
}

/// A frame as `decoded` spells it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExpectedFrame {
    pub(crate) headers: Vec<Header>,
    pub(crate) total_length: Option<usize>,
    pub(crate) headers_length: Option<usize>,
    payload_len: Option<usize>,
    payload_base64: Option<String>,
    payload_sha256: Option<String>,
    /// The frame in the payload of a signed one.
    pub(crate) nested: Option<Box<ExpectedFrame>>,
}

/// An event with the signature that it must get.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SignedEvent {
    #[serde(flatten)]
    pub(crate) event: Event,
    pub(crate) signature: String,
    pub(crate) outer_frame_hex: Option<String>,
}

/// See [`Kind::SignedFrame`].
#[derive(Debug)]
pub(crate) struct SignedFrame {
    pub(crate) headers: Vec<Header>,
    pub(crate) payload: Vec<u8>,
    pub(crate) inner: Vec<u8>,
    pub(crate) outer_headers: Vec<Header>,
}

/// See [`Kind::Converse`].
#[derive(Debug, Clone)]
pub(crate) struct ConverseCase {
    pub(crate) body: Vec<u8>,
    /// Whether the transport was cut behind the body.
    pub(crate) cut: bool,
    pub(crate) expect: Heard,
}

/// What is wrong with a case itself.
#[derive(Debug)]
pub(crate) struct CaseError(String);

impl CaseError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ExpectedFrame {
    /// What is wrong with a payload that was decoded, if anything.
    pub(crate) fn payload_fault(&self, payload: &[u8]) -> Option<String> {
        if let Some(len) = self.payload_len.filter(|len| *len != payload.len()) {
            return Some(format!(
                "the payload has {} bytes, not {len}",
                payload.len()
            ));
        }
        if let Some(text) = &self.payload_base64 {
            return (STANDARD.encode(payload) != *text).then(|| "the payload differs".to_owned());
        }
        let digest = hex(&<sha2::Sha256 as sha2::Digest>::digest(payload));
        match &self.payload_sha256 {
            Some(expected) if *expected != digest => {
                Some("the payload's SHA-256 differs".to_owned())
            }
            _ => None,
        }
    }
}
