//! The string to sign of an event, and what of it lasts longer than one event.

use eventstream_codec::Timestamp;
use hmac::Mac;

use crate::date::AmzDate;
use crate::hash::sha256;
use crate::hex;
use crate::key::HmacSha256;
use crate::scope::Scope;
use crate::signature::Signature;

const ALGORITHM: &[u8] = b"AWS4-HMAC-SHA256-PAYLOAD\n";
const DATE_HEADER_PREFIX: [u8; 7] = *b"\x05:date\x08";
/// Bytes of an encoded `:date` header.
pub(crate) const DATE_HEADER_LEN: usize = 15;

/// What all events with the same `:date` share: the first three lines of the string to sign, already absorbed by the
/// MAC, and the hash of the header. With dates cut to seconds this saves two of a small frame's SHA-256 blocks.
#[derive(Clone)]
pub(crate) struct Moment {
    mac: HmacSha256,
    headers_hash: [u8; 64],
}

impl Moment {
    /// `key` is that of the date's day; `headers` the bytes whose hash is signed.
    pub(crate) fn new(key: &HmacSha256, date: AmzDate, scope: &Scope, headers: &[u8]) -> Self {
        Self::of_day(key, date, date.date(), scope, headers)
    }

    /// The same with a scope of another day, as a client signs that keeps its key over midnight.
    pub(crate) fn of_day(
        key: &HmacSha256,
        date: AmzDate,
        day: [u8; 8],
        scope: &Scope,
        headers: &[u8],
    ) -> Self {
        let mut mac = key.clone();
        mac.update(ALGORITHM);
        mac.update(date.as_bytes());
        mac.update(b"\n");
        mac.update(&day);
        for part in [scope.region(), scope.service(), "aws4_request"] {
            mac.update(b"/");
            mac.update(part.as_bytes());
        }
        mac.update(b"\n");
        Self {
            mac,
            headers_hash: hex::encode(&sha256(headers)),
        }
    }

    pub(crate) fn sign(&self, prior: &[u8], payload_hash: &[u8; 32]) -> Signature {
        Signature::from_bytes(
            self.absorb(prior, payload_hash)
                .finalize()
                .into_bytes()
                .into(),
        )
    }

    /// Whether the signature is that of this event, in constant time.
    pub(crate) fn verify(
        &self,
        prior: &[u8],
        payload_hash: &[u8; 32],
        signature: &Signature,
    ) -> bool {
        let mac = self.absorb(prior, payload_hash);
        mac.verify_slice(signature.as_bytes()).is_ok()
    }

    /// The MAC over the whole string to sign.
    fn absorb(&self, prior: &[u8], payload_hash: &[u8; 32]) -> HmacSha256 {
        let mut mac = self.mac.clone();
        let (whole, rest) = prior.as_chunks::<32>();
        for chunk in whole {
            mac.update(&hex::encode(chunk));
        }
        for byte in rest {
            mac.update(&hex::encode_byte(*byte));
        }
        mac.update(b"\n");
        mac.update(&self.headers_hash);
        mac.update(b"\n");
        mac.update(&hex::encode(payload_hash));
        mac
    }
}

/// The `:date` header as it stands in the outer frame.
pub(crate) fn date_header(at: Timestamp) -> [u8; DATE_HEADER_LEN] {
    let mut header = [0; DATE_HEADER_LEN];
    let (prefix, value) = header.split_at_mut(DATE_HEADER_PREFIX.len());
    prefix.copy_from_slice(&DATE_HEADER_PREFIX);
    value.copy_from_slice(&at.as_millis().to_be_bytes());
    header
}
