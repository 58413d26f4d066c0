//! A decoded frame, borrowed or owned.

use bytes::Bytes;

use crate::PRELUDE_LEN;
use crate::header::HeaderValue;
use crate::headers::Headers;
use crate::kind::MessageKind;
use crate::limits::Limits;
use crate::parse::{Parsed, parse};

/// A frame that borrows the bytes it was read from. Both its CRCs and its headers have been checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    headers: Headers<'a>,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(crate) const fn new(bytes: &'a [u8], headers: Headers<'a>, payload: &'a [u8]) -> Self {
        Self {
            bytes,
            headers,
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
    /// Reads `bytes` as exactly one frame.
    ///
    /// # Errors
    /// As [`parse`]; `Incomplete` where bytes are missing.
    pub fn from_bytes(bytes: &Bytes, limits: &Limits) -> Result<Self, crate::DecodeError> {
        use crate::error::{DecodeError, DecodeErrorKind};
        let (total, headers_len) = match parse(bytes, limits)? {
            Parsed::Frame(frame) => (frame.total_len(), frame.headers().as_bytes().len()),
            Parsed::Need(more) => {
                let (needed, had) = (bytes.len() + more, bytes.len());
                return Err(DecodeError::new(DecodeErrorKind::Incomplete {
                    needed,
                    had,
                }));
            }
        };
        Ok(Self {
            bytes: bytes.slice(..total),
            headers_len,
        })
    }

    /// Of bytes that `parse` has accepted as one frame.
    pub(crate) const fn trusted(bytes: Bytes, headers_len: usize) -> Self {
        Self { bytes, headers_len }
    }

    /// The frame, borrowed.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        let end = PRELUDE_LEN + self.headers_len;
        let block = self.bytes.get(PRELUDE_LEN..end).unwrap_or_default();
        let payload = self
            .bytes
            .get(end..self.bytes.len().saturating_sub(4))
            .unwrap_or_default();
        Frame::new(&self.bytes, Headers::trusted(block), payload)
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
