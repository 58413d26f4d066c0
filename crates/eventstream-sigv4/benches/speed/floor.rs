//! The hashing that no signer can do without.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) struct Floor {
    inner: Vec<u8>,
    key: Hmac<Sha256>,
}

impl Floor {
    /// For frames with payloads of so many bytes behind the headers of a Bedrock event.
    pub(crate) fn new(payload: usize) -> Self {
        Self {
            inner: vec![b'x'; payload + 91],
            key: Hmac::new_from_slice(&[7; 32]).unwrap(),
        }
    }

    pub(crate) fn hash(&self) {
        black_box(Sha256::digest(black_box(&self.inner)));
        let mut mac = self.key.clone();
        mac.update(black_box(&[7; 320]));
        black_box(mac.finalize());
    }
}
