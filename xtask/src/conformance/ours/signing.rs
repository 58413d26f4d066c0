//! Signatures by eventstream-sigv4: from their parts, and as whole frames where the inputs are those of a stream.

use bytes::BytesMut;
use eventstream_codec::{Seal as _, Timestamp};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature, SigningKey};

use super::super::amz_date;
use super::super::hex::{from_hex, hex};
use super::super::implementation::{Event, Fault, Signed, SigningInput};
use crate::failure::Failure;

/// An encoded `:date` header up to its value: name length, name, type 8.
const DATE_HEADER: &[u8] = b"\x05:date\x08";

/// Signs each event by its parts, and the chain in place if it is one.
pub(super) fn sign(key: &SigningInput, events: &[Event]) -> Result<Result<Signed, Fault>, Failure> {
    let credentials = Credentials::new(&key.access_key_id, &key.secret_access_key);
    let scope = Scope::new(&key.region, &key.service);
    let parts = events
        .iter()
        .map(Parts::of)
        .collect::<Result<Vec<_>, _>>()?;
    let mut signatures = Vec::new();
    for event in &parts {
        match event.sign(&credentials, &scope) {
            Ok(signature) => signatures.push(hex(signature.as_bytes())),
            Err(error) => return Ok(Err(fault(&error))),
        }
    }
    let frames_hex = match frames(&credentials, scope, &parts) {
        Some(frames) => frames.iter().map(|frame| hex(frame)).collect(),
        None => Vec::new(),
    };
    Ok(Ok(Signed {
        signatures,
        frames_hex,
    }))
}

fn fault(error: &eventstream_sigv4::SignError) -> Fault {
    Fault {
        kind: None,
        message: error.to_string(),
    }
}

/// An event's inputs as bytes.
struct Parts {
    at: Timestamp,
    prior: Vec<u8>,
    headers: Vec<u8>,
    payload: Vec<u8>,
}

impl Parts {
    fn of(event: &Event) -> Result<Self, Failure> {
        let bytes = |text: &str| from_hex(text).map_err(|e| Failure::new(e.to_string()));
        let at = amz_date::parse(&event.timestamp)
            .ok_or_else(|| Failure::new(format!("{:?} is no timestamp", event.timestamp)))?;
        Ok(Self {
            at: Timestamp::from_millis(at * 1000),
            prior: bytes(&event.prior_signature)?,
            headers: bytes(&event.hashed_headers_hex)?,
            payload: bytes(&event.payload_hex)?,
        })
    }

    fn sign(
        &self,
        credentials: &Credentials,
        scope: &Scope,
    ) -> Result<Signature, eventstream_sigv4::SignError> {
        let key = SigningKey::derive(credentials, scope, self.at)?;
        key.sign_event(self.at, &self.prior, &self.headers, &self.payload)
    }

    /// Whether the hashed header is the `:date` that a signer in whole seconds writes.
    fn dated_in_seconds(&self) -> bool {
        let date = [DATE_HEADER, &self.at.as_millis().to_be_bytes()].concat();
        self.headers == date
    }
}

/// The chain as a stream would have it; `None` where the case is none.
fn frames(credentials: &Credentials, scope: Scope, parts: &[Parts]) -> Option<Vec<BytesMut>> {
    let seed: [u8; 32] = parts.first()?.prior.as_slice().try_into().ok()?;
    let mut signer = EventSigner::new(Signature::from_bytes(seed), credentials, scope);
    let mut frames = Vec::new();
    for part in parts {
        if !part.dated_in_seconds() || part.prior != signer.prior_signature().as_bytes() {
            return None;
        }
        let mut frame = BytesMut::new();
        if part.payload.is_empty() {
            signer.seal_end(part.at, &mut frame).ok()?;
        } else {
            frame.resize(signer.headroom(), 0);
            frame.extend_from_slice(&part.payload);
            signer.seal(part.at, &mut frame, 0).ok()?;
        }
        frames.push(frame);
    }
    Some(frames)
}
