//! A signature: 32 bytes, written as 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use hmac::digest::CtOutput;

use crate::error::BadSignature;
use crate::hex;
use crate::key::HmacSha256;

/// A SigV4 signature (HMAC-SHA256). Comparing two takes the same time wherever they differ.
#[derive(Clone, Copy)]
pub struct Signature([u8; 32]);

impl Signature {
    /// A signature of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as `:chunk-signature` carries them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 lower-case digits, as the `Authorization` header and the next string to sign carry them.
    #[must_use]
    pub fn to_hex(&self) -> [u8; 64] {
        hex::encode(&self.0)
    }
}

impl FromStr for Signature {
    type Err = BadSignature;

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, BadSignature> {
        let digits = text.as_bytes().try_into().ok();
        digits
            .and_then(hex::decode)
            .map(Self)
            .ok_or(BadSignature { len: text.len() })
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        let [this, that] = [self, other].map(|it| CtOutput::<HmacSha256>::new(it.0.into()));
        this == that
    }
}

impl Eq for Signature {}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}
