//! What can be wrong with bytes that should be frames, and with frames that should become bytes.

use core::fmt;

/// Why bytes are not a frame, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    offset: u64,
    frame: u64,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind) -> Self {
        Self {
            kind,
            offset: 0,
            frame: 0,
        }
    }

    pub(crate) const fn at(mut self, offset: u64) -> Self {
        self.offset += offset;
        self
    }

    pub(crate) const fn in_frame(mut self, index: u64) -> Self {
        self.frame = index;
        self
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }

    /// Bytes from the start of the stream (of the slice, for [`parse`](crate::parse)) to the faulty part.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Index of the faulty frame in the stream, from 0.
    #[must_use]
    pub const fn frame_index(&self) -> u64 {
        self.frame
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "frame {} at byte {}: {}",
            self.frame, self.offset, self.kind
        )
    }
}

impl core::error::Error for DecodeError {}

/// The kinds of decoding fault. [`name`](Self::name) is the same in code, JSON and fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A slice that should hold one whole frame ends before it does.
    Incomplete {
        /// Bytes that a frame needs, as far as is known.
        needed: usize,
        /// Bytes that were there.
        had: usize,
    },
    /// The stream ended inside a frame.
    IncompleteAtEof {
        /// Bytes that the frame needs, as far as is known.
        needed: usize,
        /// Bytes of it that had arrived.
        had: usize,
    },
    /// The first eight bytes do not match the prelude's CRC.
    PreludeCrcMismatch {
        /// What the prelude says.
        expected: u32,
        /// What the bytes give.
        actual: u32,
    },
    /// The frame does not match its CRC.
    MessageCrcMismatch {
        /// What the frame says.
        expected: u32,
        /// What the bytes give.
        actual: u32,
    },
    /// The total length is less than a frame's 16 bytes of overhead.
    TotalLengthTooSmall {
        /// The length that the prelude claims.
        len: usize,
    },
    /// The header block is longer than the frame has room for.
    HeadersLengthOverrun {
        /// The header block's length by the prelude.
        headers: usize,
        /// The frame's length by the prelude.
        total: usize,
    },
    /// The header block is over the limit.
    HeadersTooLong {
        /// The header block's length, in bytes.
        len: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The payload is over the limit.
    PayloadTooLong {
        /// The payload's length, in bytes.
        len: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// More headers than the limit.
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// A header name of no bytes, under a profile that refuses it.
    EmptyHeaderName,
    /// A header name runs over the end of the header block.
    HeaderNameOverrun,
    /// A header name is not UTF-8.
    HeaderNameNotUtf8,
    /// The header block ends where a header's type should stand.
    HeaderTypeMissing,
    /// A header type outside the ten.
    UnknownHeaderType {
        /// The number on the wire.
        number: u8,
    },
    /// A header value runs over the end of the header block.
    HeaderValueOverrun,
    /// A header value is over the limit.
    HeaderValueTooLong {
        /// The value's length, in bytes.
        len: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A string header is not UTF-8.
    HeaderStringNotUtf8,
    /// A name stands twice, under a profile that refuses it.
    DuplicateHeader,
}

impl DecodeErrorKind {
    /// The kind's name, the same in code, JSON output and fixtures.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "Incomplete",
            Self::IncompleteAtEof { .. } => "IncompleteAtEof",
            Self::PreludeCrcMismatch { .. } => "PreludeCrcMismatch",
            Self::MessageCrcMismatch { .. } => "MessageCrcMismatch",
            Self::TotalLengthTooSmall { .. } => "TotalLengthTooSmall",
            Self::HeadersLengthOverrun { .. } => "HeadersLengthOverrun",
            Self::HeadersTooLong { .. } => "HeadersTooLong",
            Self::PayloadTooLong { .. } => "PayloadTooLong",
            Self::TooManyHeaders { .. } => "TooManyHeaders",
            Self::EmptyHeaderName => "EmptyHeaderName",
            Self::HeaderNameOverrun => "HeaderNameOverrun",
            Self::HeaderNameNotUtf8 => "HeaderNameNotUtf8",
            Self::HeaderTypeMissing => "HeaderTypeMissing",
            Self::UnknownHeaderType { .. } => "UnknownHeaderType",
            Self::HeaderValueOverrun => "HeaderValueOverrun",
            Self::HeaderValueTooLong { .. } => "HeaderValueTooLong",
            Self::HeaderStringNotUtf8 => "HeaderStringNotUtf8",
            Self::DuplicateHeader => "DuplicateHeader",
        }
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { needed, had } => {
                write!(f, "{had} of at least {needed} bytes are there")
            }
            Self::IncompleteAtEof { needed, had } => {
                write!(
                    f,
                    "the stream ended inside a frame, {had} of at least {needed} bytes had arrived"
                )
            }
            Self::PreludeCrcMismatch { expected, actual } => {
                write!(
                    f,
                    "prelude CRC is {expected:#010x}, its bytes give {actual:#010x}"
                )
            }
            Self::MessageCrcMismatch { expected, actual } => {
                write!(
                    f,
                    "message CRC is {expected:#010x}, its bytes give {actual:#010x}"
                )
            }
            Self::TotalLengthTooSmall { len } => {
                write!(
                    f,
                    "a total length of {len} bytes is less than a frame's 16 bytes of overhead"
                )
            }
            Self::HeadersLengthOverrun { headers, total } => {
                write!(
                    f,
                    "a header block of {headers} bytes does not fit a frame of {total}"
                )
            }
            Self::HeadersTooLong { len, limit } => {
                write!(
                    f,
                    "a header block of {len} bytes is over the limit of {limit}"
                )
            }
            Self::PayloadTooLong { len, limit } => {
                write!(f, "a payload of {len} bytes is over the limit of {limit}")
            }
            Self::TooManyHeaders { limit } => write!(f, "more than {limit} headers"),
            Self::EmptyHeaderName => f.write_str("a header name is empty"),
            Self::HeaderNameOverrun => f.write_str("a header name runs over the header block"),
            Self::HeaderNameNotUtf8 => f.write_str("a header name is not UTF-8"),
            Self::HeaderTypeMissing => f.write_str("the header block ends before a header's type"),
            Self::UnknownHeaderType { number } => write!(f, "header type {number} does not exist"),
            Self::HeaderValueOverrun => f.write_str("a header value runs over the header block"),
            Self::HeaderValueTooLong { len, limit } => {
                write!(
                    f,
                    "a header value of {len} bytes is over the limit of {limit}"
                )
            }
            Self::HeaderStringNotUtf8 => f.write_str("a string header is not UTF-8"),
            Self::DuplicateHeader => f.write_str("a header name stands twice"),
        }
    }
}

/// Why a frame cannot be written. Nothing of it has been.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A header name of no bytes.
    EmptyHeaderName,
    /// A header name over 255 bytes.
    HeaderNameTooLong {
        /// The name's length, in bytes.
        len: usize,
    },
    /// A byte-array or string value over 32,767 bytes.
    HeaderValueTooLong {
        /// The value's length, in bytes.
        len: usize,
    },
    /// A name that the frame has already.
    DuplicateHeader,
    /// A header block over 128 KiB.
    HeadersTooLong {
        /// The block's length, in bytes.
        len: usize,
    },
    /// A payload over 24 MiB.
    PayloadTooLong {
        /// The payload's length, in bytes.
        len: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyHeaderName => f.write_str("a header name must not be empty"),
            Self::HeaderNameTooLong { len } => {
                write!(f, "a header name of {len} bytes is over 255")
            }
            Self::HeaderValueTooLong { len } => {
                write!(f, "a header value of {len} bytes is over 32,767")
            }
            Self::DuplicateHeader => f.write_str("a header name may stand only once"),
            Self::HeadersTooLong { len } => {
                write!(f, "a header block of {len} bytes is over 131,072")
            }
            Self::PayloadTooLong { len } => {
                write!(f, "a payload of {len} bytes is over 25,165,824")
            }
        }
    }
}

impl core::error::Error for EncodeError {}
