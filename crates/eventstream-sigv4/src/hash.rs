//! SHA-256 of frames, which are no secret: by ring where the feature is on, by sha2 otherwise.

/// The SHA-256 of what is not secret. (Keys stay with sha2 and hmac, which wipe their states; ring does not.)
#[cfg(not(feature = "ring"))]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

/// The SHA-256 of what is not secret. (Keys stay with sha2 and hmac, which wipe their states; ring does not.)
#[cfg(feature = "ring")]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn both_are_sha_256() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        for len in 0..bytes.len() {
            let expected: [u8; 32] = Sha256::digest(&bytes[..len]).into();
            assert_eq!(sha256(&bytes[..len]), expected);
        }
    }
}
