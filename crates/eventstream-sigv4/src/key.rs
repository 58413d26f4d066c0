//! The key of one day, derived from the secret, and the low-level signature under it.

use std::fmt;

use eventstream_codec::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::event::Moment;
use crate::hash::sha256;
use crate::scope::Scope;
use crate::signature::Signature;

pub(crate) type HmacSha256 = Hmac<Sha256>;

/// A signing key: good for one day (UTC), one region and one service. Wiped from memory on drop.
#[derive(Clone)]
pub struct SigningKey {
    mac: HmacSha256,
    date: [u8; 8],
    scope: Scope,
}

impl SigningKey {
    /// Derives the key for the day (UTC) of `at`.
    ///
    /// # Errors
    /// `DateOutOfRange` outside of the years 0 to 9999.
    pub fn derive(
        credentials: &Credentials,
        scope: &Scope,
        at: Timestamp,
    ) -> Result<Self, SignError> {
        let date = AmzDate::new(at)
            .ok_or(SignError::DateOutOfRange { at })?
            .date();
        Ok(Self {
            mac: RootKey::new(credentials).derive(date, scope),
            date,
            scope: scope.clone(),
        })
    }

    /// The signature of one event, from its parts: what [`EventSigner`](crate::EventSigner) does for whole frames.
    ///
    /// `at` is the date in the string to sign (sub-seconds cut); `prior` the signature before, 32 bytes, or whatever
    /// bytes the peer takes for one; `headers` the encoded header that is hashed, `:date` as it stands in the outer
    /// frame; `payload` the outer frame's payload, all of the inner frame, or nothing for the end of the stream.
    ///
    /// # Errors
    /// `OtherDate` where `at` is not on the key's day, `DateOutOfRange` outside of the years 0 to 9999.
    pub fn sign_event(
        &self,
        at: Timestamp,
        prior: &[u8],
        headers: &[u8],
        payload: &[u8],
    ) -> Result<Signature, SignError> {
        let date = AmzDate::new(at).ok_or(SignError::DateOutOfRange { at })?;
        if date.date() != self.date {
            return Err(SignError::OtherDate { at });
        }
        Ok(Moment::new(&self.mac, date, &self.scope, headers).sign(prior, &sha256(payload)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("date", &str::from_utf8(&self.date).unwrap_or_default())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// What each day's key is derived from: an HMAC keyed with `AWS4` and the secret, so that the secret itself need not be kept.
#[derive(Clone)]
pub(crate) struct RootKey(HmacSha256);

impl RootKey {
    pub(crate) fn new(credentials: &Credentials) -> Self {
        let secret = credentials.secret_access_key().as_bytes();
        let mut key = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        key.extend_from_slice(b"AWS4");
        key.extend_from_slice(secret);
        Self(keyed(&key))
    }

    /// The key of the day `YYYYMMDD`.
    pub(crate) fn derive(&self, date: [u8; 8], scope: &Scope) -> HmacSha256 {
        let by_date = mac_of(self.0.clone(), &date);
        let by_region = mac_of(keyed(&*by_date), scope.region().as_bytes());
        let by_service = mac_of(keyed(&*by_region), scope.service().as_bytes());
        keyed(&*mac_of(keyed(&*by_service), b"aws4_request"))
    }
}

fn mac_of(mut mac: HmacSha256, message: &[u8]) -> Zeroizing<[u8; 32]> {
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::ZeroizeOnDrop;

    const fn wiped_on_drop<T: ZeroizeOnDrop>() {}

    /// Fails to compile where the feature that wipes hash states is lost. An HMAC is two of the first two.
    #[test]
    fn key_states_are_wiped_on_drop() {
        wiped_on_drop::<Sha256>();
        wiped_on_drop::<sha2::block_api::Sha256VarCore>();
        wiped_on_drop::<Zeroizing<[u8; 32]>>();
    }
}
