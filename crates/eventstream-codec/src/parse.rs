//! One frame from a slice, without allocation.

use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::frame::Frame;
use crate::headers::Headers;
use crate::limits::Limits;
use crate::{FRAME_OVERHEAD, PRELUDE_LEN};

/// What the start of a slice holds.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Parsed<'a> {
    /// A whole frame; [`Frame::total_len`] says how many bytes it took.
    Frame(Frame<'a>),
    /// The start of a frame: at least this many bytes more are needed. Never zero.
    Need(usize),
}

/// Reads the frame at the start of `bytes`.
///
/// The prelude is checked as soon as its 12 bytes are there; nothing is waited for on the word of an unproven length.
///
/// # Errors
/// The first fault: the prelude's CRC, then its lengths, then the message CRC, then the headers.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, DecodeError> {
    let Some(prelude) = bytes.first_chunk::<PRELUDE_LEN>() else {
        return Ok(Parsed::Need(PRELUDE_LEN - bytes.len()));
    };
    let prelude = Prelude::check(prelude, limits)?;
    let Some(bytes) = bytes.get(..prelude.total) else {
        return Ok(Parsed::Need(prelude.total - bytes.len()));
    };
    prelude.frame(bytes, limits).map(Parsed::Frame)
}

/// The lengths of a frame, proven by the prelude's CRC and within the limits.
#[derive(Clone, Copy)]
pub(crate) struct Prelude {
    /// Bytes of the whole frame.
    pub(crate) total: usize,
    headers: usize,
    crc: u32,
}

impl Prelude {
    /// Checks the first 12 bytes of a frame.
    pub(crate) fn check(bytes: &[u8; PRELUDE_LEN], limits: &Limits) -> Result<Self, DecodeError> {
        let [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3] = *bytes;
        let total = u32::from_be_bytes([t0, t1, t2, t3]) as usize;
        let headers = u32::from_be_bytes([h0, h1, h2, h3]) as usize;
        let expected = u32::from_be_bytes([c0, c1, c2, c3]);
        let actual = crc32fast::hash(&[t0, t1, t2, t3, h0, h1, h2, h3]);
        if actual != expected {
            return Err(DecodeError::new(Kind::PreludeCrcMismatch { expected, actual }).at(8));
        }
        let Some(body) = total.checked_sub(FRAME_OVERHEAD) else {
            return Err(DecodeError::new(Kind::TotalLengthTooSmall { len: total }));
        };
        let Some(payload) = body.checked_sub(headers) else {
            return Err(DecodeError::new(Kind::HeadersLengthOverrun { headers, total }).at(4));
        };
        if headers > limits.max_header_block() {
            let kind = Kind::HeadersTooLong {
                len: headers,
                limit: limits.max_header_block(),
            };
            return Err(DecodeError::new(kind).at(4));
        }
        if payload > limits.max_payload() {
            let kind = Kind::PayloadTooLong {
                len: payload,
                limit: limits.max_payload(),
            };
            return Err(DecodeError::new(kind));
        }
        Ok(Self {
            total,
            headers,
            crc: expected,
        })
    }

    /// Checks the message CRC and the headers of `bytes`, which are `self.total` long.
    pub(crate) fn frame<'a>(
        &self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<Frame<'a>, DecodeError> {
        let truncated = || {
            DecodeError::new(Kind::Incomplete {
                needed: self.total,
                had: bytes.len(),
            })
        };
        let (covered, crc) = bytes.split_last_chunk::<4>().ok_or_else(truncated)?;
        let expected = u32::from_be_bytes(*crc);
        let actual = message_crc(self.crc, covered.get(8..).ok_or_else(truncated)?);
        if actual != expected {
            let kind = Kind::MessageCrcMismatch { expected, actual };
            return Err(DecodeError::new(kind).at(covered.len() as u64));
        }
        let body = covered.get(PRELUDE_LEN..).ok_or_else(truncated)?;
        let (headers, payload) = body.split_at_checked(self.headers).ok_or_else(truncated)?;
        let headers = Headers::validate(headers, limits)
            .map_err(|(kind, at)| DecodeError::new(kind).at((PRELUDE_LEN + at) as u64))?;
        Ok(Frame::new(bytes, headers, payload))
    }
}

/// The message CRC, given the prelude's CRC and all bytes behind the two lengths: one pass over the frame, not two.
pub(crate) fn message_crc(prelude_crc: u32, from_byte_8: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(prelude_crc);
    hasher.update(from_byte_8);
    hasher.finalize()
}
