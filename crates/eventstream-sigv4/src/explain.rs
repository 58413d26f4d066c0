//! What is signed, as text, so that "the signature does not match" can be looked into. It holds no secret.

use std::fmt;

use eventstream_codec::Timestamp;

use crate::date::AmzDate;
use crate::error::SignError;
use crate::hash::sha256;
use crate::hex;
use crate::part::Part;
use crate::scope::Scope;

/// The parts of an event's string to sign, in the order of its lines.
const PARTS: [Part; 6] = [
    Part::Algorithm,
    Part::Date,
    Part::Scope,
    Part::PriorSignature,
    Part::Headers,
    Part::Payload,
];

/// The string to sign of one event. Payload and headers stand in it as hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStringToSign {
    text: String,
}

impl EventStringToSign {
    /// The string to sign for these parts; they are those of [`SigningKey::sign_event`](crate::SigningKey::sign_event).
    ///
    /// # Errors
    /// `DateOutOfRange` outside of the years 0 to 9999.
    pub fn new(
        at: Timestamp,
        scope: &Scope,
        prior: &[u8],
        headers: &[u8],
        payload: &[u8],
    ) -> Result<Self, SignError> {
        let date = AmzDate::new(at).ok_or(SignError::DateOutOfRange { at })?;
        let prior: Vec<u8> = prior
            .iter()
            .flat_map(|byte| hex::encode_byte(*byte))
            .collect();
        let lines: [&[u8]; 6] = [
            b"AWS4-HMAC-SHA256-PAYLOAD",
            date.as_bytes(),
            &[&date.date(), b"/".as_slice(), scope.to_string().as_bytes()].concat(),
            &prior,
            &hex::encode(&sha256(headers)),
            &hex::encode(&sha256(payload)),
        ];
        let text = String::from_utf8_lossy(&lines.join(&b'\n')).into_owned();
        Ok(Self { text })
    }

    /// The text, six lines without a newline at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first part in which the peer's string to sign differs; `None` where it is the same.
    #[must_use]
    pub fn first_difference(&self, theirs: &str) -> Option<Part> {
        if self.text == theirs {
            return None;
        }
        let mut theirs = theirs.split('\n');
        let differs = |ours: &str| theirs.next() != Some(ours);
        let line = self.text.split('\n').position(differs);
        Some(
            line.and_then(|line| PARTS.get(line))
                .copied()
                .unwrap_or(Part::Payload),
        )
    }
}

impl fmt::Display for EventStringToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the signature of a request covers: the canonical request, its session token cut out, and the string to sign.
///
/// The last line of the string to sign is the hash of the canonical request as it was before the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadExplanation {
    /// Method, path, query, signed headers, their names and the payload hash, a line each.
    pub canonical_request: String,
    /// Algorithm, date, scope and the canonical request's hash, a line each.
    pub string_to_sign: String,
}

impl fmt::Display for HeadExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "canonical request:\n{}\n\nstring to sign:\n{}",
            self.canonical_request, self.string_to_sign
        )
    }
}
