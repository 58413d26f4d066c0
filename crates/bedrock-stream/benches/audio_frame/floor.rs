//! The hashing that a signed frame cannot do without.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) struct Floor {
    inner: Vec<u8>,
    #[cfg(feature = "ring")]
    key: ring::hmac::Key,
    sha2_key: Hmac<Sha256>,
}

impl Floor {
    /// For inner frames of this many bytes.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            inner: vec![7; len],
            #[cfg(feature = "ring")]
            key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]),
            sha2_key: Hmac::new_from_slice(&[7; 32]).unwrap(),
        }
    }

    /// By the library that hashes frames in this build.
    #[cfg(feature = "ring")]
    pub(crate) fn hash(&self) {
        black_box(ring::digest::digest(
            &ring::digest::SHA256,
            black_box(&self.inner),
        ));
        black_box(ring::hmac::sign(&self.key, black_box(&[7; 320])));
    }

    /// By the library that hashes frames in this build.
    #[cfg(not(feature = "ring"))]
    pub(crate) fn hash(&self) {
        self.hash_by_sha2();
    }

    pub(crate) fn hash_by_sha2(&self) {
        black_box(Sha256::digest(black_box(&self.inner)));
        let mut mac = self.sha2_key.clone();
        mac.update(black_box(&[7; 320]));
        black_box(mac.finalize());
    }
}
