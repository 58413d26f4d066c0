//! A decoded frame, borrowed or owned.

use bytes::Bytes;

use crate::PRELUDE_LEN;
use crate::decode_error::DecodeError;
use crate::fault::{DecodeErrorKind, Fault};
use crate::header::HeaderValue;
use crate::headers::Headers;
use crate::kind::{MessageKind, Signed};
use crate::limits::Limits;
use crate::parse::{Parsed, scan};

/// A frame that borrows the bytes it was read from. Both its CRCs and its headers have been checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    headers: Headers<'a>,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Of the bytes of one frame whose lengths are proven; its header block is checked, or is about to be.
    #[inline]
    pub(crate) fn trusted(bytes: &'a [u8], headers_len: usize) -> Self {
        let end = bytes.len().saturating_sub(4);
        let body = bytes.get(PRELUDE_LEN..end).unwrap_or_default();
        let (block, payload) = body.split_at_checked(headers_len).unwrap_or_default();
        Self {
            bytes,
            headers: Headers::trusted(block),
            payload,
        }
    }

    /// The headers, in the order of the wire.
    #[must_use]
    pub const fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// The value of the first header with this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<HeaderValue<'a>> {
        self.headers.get(name)
    }

    /// The payload; its meaning is the service's.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// What the frame is by its `:message-type`.
    #[must_use]
    pub fn kind(&self) -> MessageKind<'a> {
        MessageKind::of(&self.headers)
    }

    /// The `:content-type` of the payload, `application/json` for example.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a str> {
        self.headers.get(":content-type")?.as_str()
    }

    /// The signature and its date, where the frame is the signed wrapper of another frame (or of the end of a stream:
    /// then its payload is empty). Nothing is verified here.
    #[must_use]
    pub fn signed(&self) -> Option<Signed<'a>> {
        Signed::of(&self.headers)
    }

    /// The whole frame as it stands on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes of the whole frame.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        self.bytes.len()
    }
}

impl core::fmt::Debug for Frame<'_> {
    /// Shape only: the payload may be the user's data.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame")
            .field("total_len", &self.bytes.len())
            .field("headers", &self.headers)
            .field("payload_len", &self.payload.len())
            .finish()
    }
}

/// A frame that owns its bytes (a slice of the chunk it arrived in, where that held it whole). Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Bytes,
    headers_len: usize,
}

impl Message {
    /// Reads the frame at the start of `bytes`; what stands behind it is left alone.
    ///
    /// # Errors
    /// As [`parse`](crate::parse); `Incomplete` where bytes are missing.
    pub fn from_bytes(bytes: &Bytes, limits: &Limits) -> Result<Self, DecodeError> {
        let had = bytes.len();
        let fault = match scan(bytes, limits) {
            Ok(Parsed::Frame(frame)) => {
                let headers_len = frame.headers().as_bytes().len();
                return Ok(Self::trusted(bytes.slice(..frame.total_len()), headers_len));
            }
            Ok(Parsed::Need(more)) => {
                let needed = had + more;
                Fault::new(DecodeErrorKind::Incomplete { needed, had }, 0)
            }
            Err(fault) => fault,
        };
        Err(DecodeError::new(fault, bytes, 0, 0))
    }

    /// Of bytes that `parse` has accepted as one frame.
    pub(crate) const fn trusted(bytes: Bytes, headers_len: usize) -> Self {
        Self { bytes, headers_len }
    }

    /// The frame, borrowed.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        Frame::trusted(&self.bytes, self.headers_len)
    }

    /// The payload, sharing the frame's memory.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.bytes
            .slice(PRELUDE_LEN + self.headers_len..self.bytes.len().saturating_sub(4))
    }

    /// The whole frame as it stands on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.frame().fmt(f)
    }
}
