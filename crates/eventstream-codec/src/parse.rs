//! One frame from a slice, without allocation.
#![expect(
    clippy::inline_always,
    reason = "the steps of one path that is hot: between functions a Result of 40 bytes would go by way of memory"
)]

use crate::decode_error::DecodeError;
use crate::fault::{DecodeErrorKind as Kind, Fault};
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
/// Nothing is allocated (under [`Limits::strict`], a list of names where there are more than 32 headers).
///
/// # Errors
/// The first fault: the prelude's CRC, then its lengths, then the message CRC, then the headers.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, DecodeError> {
    scan(bytes, limits).map_err(|fault| DecodeError::new(fault, bytes, 0, 0))
}

/// [`parse`] for those who know where the bytes stand in the stream.
#[inline(always)]
pub(crate) fn scan<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, Fault> {
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
#[derive(Clone, Debug)]
pub(crate) struct Prelude {
    /// Bytes of the whole frame.
    pub(crate) total: usize,
    headers: usize,
    /// Has read the two lengths: the message CRC goes on from here, so that no byte is read twice.
    crc: crc32fast::Hasher,
}

impl Prelude {
    /// Checks the first 12 bytes of a frame.
    #[inline(always)]
    pub(crate) fn check(bytes: &[u8; PRELUDE_LEN], limits: &Limits) -> Result<Self, Fault> {
        let [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3] = *bytes;
        let total = u32::from_be_bytes([t0, t1, t2, t3]) as usize;
        let headers = u32::from_be_bytes([h0, h1, h2, h3]) as usize;
        let expected = u32::from_be_bytes([c0, c1, c2, c3]);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&[t0, t1, t2, t3, h0, h1, h2, h3]);
        let actual = crc.clone().finalize();
        if actual != expected {
            return Err(Fault::new(Kind::PreludeCrcMismatch { expected, actual }, 8));
        }
        let Some(body) = total.checked_sub(FRAME_OVERHEAD) else {
            return Err(Fault::new(Kind::TotalLengthTooSmall { len: total }, 0));
        };
        let Some(payload) = body.checked_sub(headers) else {
            return Err(Fault::new(Kind::HeadersLengthOverrun { headers, total }, 4));
        };
        let limit = limits.max_header_block();
        if headers > limit {
            return Err(Fault::new(
                Kind::HeadersTooLong {
                    len: headers,
                    limit,
                },
                4,
            ));
        }
        let limit = limits.max_payload();
        if payload > limit {
            return Err(Fault::new(
                Kind::PayloadTooLong {
                    len: payload,
                    limit,
                },
                0,
            ));
        }
        Ok(Self {
            total,
            headers,
            crc,
        })
    }

    /// Checks the message CRC and the headers of `bytes`, which are `self.total` long.
    #[inline(always)]
    pub(crate) fn frame<'a>(
        mut self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<Frame<'a>, Fault> {
        self.read(bytes.get(8..).unwrap_or_default(), 8);
        self.finish(bytes, limits)
    }

    /// Lets the message CRC go on over `bytes`, which stand `at` bytes into the frame.
    #[inline]
    pub(crate) fn read(&mut self, bytes: &[u8], at: usize) {
        let covered = bytes.len().min((self.total - 4).saturating_sub(at));
        self.crc.update(bytes.get(..covered).unwrap_or_default());
    }

    /// The same as [`frame`](Self::frame) where the message CRC has been led over all of `bytes`.
    #[inline(always)]
    pub(crate) fn finish<'a>(self, bytes: &'a [u8], limits: &Limits) -> Result<Frame<'a>, Fault> {
        let Some((covered, expected)) = bytes.split_last_chunk::<4>() else {
            let (needed, had) = (self.total, bytes.len());
            return Err(Fault::new(Kind::Incomplete { needed, had }, 0));
        };
        let (actual, expected) = (self.crc.finalize(), u32::from_be_bytes(*expected));
        if actual != expected {
            let kind = Kind::MessageCrcMismatch { expected, actual };
            return Err(Fault::new(kind, covered.len()));
        }
        let frame = Frame::trusted(bytes, self.headers);
        match Headers::validate(frame.headers().as_bytes(), limits) {
            Ok(()) => Ok(frame),
            Err(fault) => Err(fault.behind(PRELUDE_LEN)),
        }
    }
}
