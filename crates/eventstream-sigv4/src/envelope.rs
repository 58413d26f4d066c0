//! The outer frame around a signed event: two headers in front of it, a checksum behind it.

use bytes::BytesMut;
use eventstream_codec::{FRAME_OVERHEAD, PRELUDE_LEN};

use crate::error::SignError;
use crate::event::DATE_HEADER_LEN;
use crate::signature::Signature;

/// Name length, `:chunk-signature`, type 6 (byte array), value length.
const SIGNATURE_HEADER_PREFIX: [u8; 20] = *b"\x10:chunk-signature\x06\x00\x20";
const SIGNATURE_HEADER_LEN: usize = SIGNATURE_HEADER_PREFIX.len() + 32;
const HEADERS_LEN: usize = SIGNATURE_HEADER_LEN + DATE_HEADER_LEN;
const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// Bytes of an outer frame in front of its payload.
pub(crate) const HEADROOM: usize = PRELUDE_LEN + HEADERS_LEN;

/// Order of the two headers of an outer frame. Services accept both; the signature is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderOrder {
    /// `:chunk-signature`, `:date`: as AWS's Rust SDK writes them.
    #[default]
    SignatureFirst,
    /// `:date`, `:chunk-signature`: as AWS's JavaScript, Python, Go and Kotlin SDKs write them.
    DateFirst,
}

/// The frame that stands behind the headroom at `at`: the payload to be.
pub(crate) fn inner_frame(buf: &[u8], at: usize) -> Result<&[u8], SignError> {
    let from = at.saturating_add(HEADROOM);
    let frame = buf.get(from..).unwrap_or_default();
    let total = frame.first_chunk().map(|len| u32::from_be_bytes(*len));
    if frame.len() < FRAME_OVERHEAD || total.map(u64::from) != Some(frame.len() as u64) {
        return Err(SignError::NoFrame { len: frame.len() });
    }
    if frame.len() > MAX_PAYLOAD {
        return Err(SignError::FrameTooLong { len: frame.len() });
    }
    Ok(frame)
}

/// Writes prelude and headers in front of the payload, which `buf` ends with, and the message CRC behind it.
pub(crate) fn close(
    buf: &mut BytesMut,
    at: usize,
    signature: &Signature,
    date_header: &[u8; DATE_HEADER_LEN],
    order: HeaderOrder,
) {
    let frame = buf.get_mut(at..).unwrap_or_default();
    let total = frame.len() + FRAME_OVERHEAD - PRELUDE_LEN;
    let crc = if let Some(head) = frame.first_chunk_mut::<HEADROOM>() {
        let (prelude, headers) = head.split_at_mut(PRELUDE_LEN);
        let (lengths, crc) = prelude.split_at_mut(8);
        lengths.copy_from_slice(&((total as u64) << 32 | HEADERS_LEN as u64).to_be_bytes());
        let prelude_crc = crc32fast::hash(lengths);
        crc.copy_from_slice(&prelude_crc.to_be_bytes());

        let (signature_header, date) = match order {
            HeaderOrder::SignatureFirst => headers.split_at_mut(SIGNATURE_HEADER_LEN),
            HeaderOrder::DateFirst => {
                let (date, signature_header) = headers.split_at_mut(DATE_HEADER_LEN);
                (signature_header, date)
            }
        };
        let (prefix, value) = signature_header.split_at_mut(SIGNATURE_HEADER_PREFIX.len());
        prefix.copy_from_slice(&SIGNATURE_HEADER_PREFIX);
        value.copy_from_slice(signature.as_bytes());
        date.copy_from_slice(date_header);
        prelude_crc
    } else {
        0
    };
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(frame.get(8..).unwrap_or_default());
    buf.extend_from_slice(&hasher.finalize().to_be_bytes());
}
