//! The kinds of decoding fault, each with the numbers that explain it.

use core::fmt;

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
    HeaderNameOverrun {
        /// The name's length, in bytes.
        needed: usize,
        /// Bytes of the block that are left for it.
        had: usize,
    },
    /// A header name is not UTF-8.
    HeaderNameNotUtf8,
    /// The header block ends where a header's type should stand.
    HeaderTypeMissing,
    /// A header type outside the ten.
    UnknownHeaderType {
        /// The number on the wire.
        number: u8,
    },
    /// A header value, or its length, runs over the end of the header block.
    HeaderValueOverrun {
        /// Bytes that the value needs; 2 where not even its length is there.
        needed: usize,
        /// Bytes of the block that are left for it.
        had: usize,
    },
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
    /// Whether the fault lies in a frame whose prelude was proven: the frame's end, and so the next one, is known.
    #[must_use]
    pub const fn is_inside_frame(&self) -> bool {
        match self {
            Self::MessageCrcMismatch { .. }
            | Self::TooManyHeaders { .. }
            | Self::EmptyHeaderName
            | Self::HeaderNameOverrun { .. }
            | Self::HeaderNameNotUtf8
            | Self::HeaderTypeMissing
            | Self::UnknownHeaderType { .. }
            | Self::HeaderValueOverrun { .. }
            | Self::HeaderValueTooLong { .. }
            | Self::HeaderStringNotUtf8
            | Self::DuplicateHeader => true,
            Self::Incomplete { .. }
            | Self::IncompleteAtEof { .. }
            | Self::PreludeCrcMismatch { .. }
            | Self::TotalLengthTooSmall { .. }
            | Self::HeadersLengthOverrun { .. }
            | Self::HeadersTooLong { .. }
            | Self::PayloadTooLong { .. } => false,
        }
    }

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
            Self::HeaderNameOverrun { .. } => "HeaderNameOverrun",
            Self::HeaderNameNotUtf8 => "HeaderNameNotUtf8",
            Self::HeaderTypeMissing => "HeaderTypeMissing",
            Self::UnknownHeaderType { .. } => "UnknownHeaderType",
            Self::HeaderValueOverrun { .. } => "HeaderValueOverrun",
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
            Self::HeaderNameOverrun { needed, had } => write!(
                f,
                "a header name of {needed} bytes runs over the header block, which has {had} left"
            ),
            Self::HeaderNameNotUtf8 => f.write_str("a header name is not UTF-8"),
            Self::HeaderTypeMissing => f.write_str("the header block ends before a header's type"),
            Self::UnknownHeaderType { number } => write!(f, "header type {number} does not exist"),
            Self::HeaderValueOverrun { needed, had } => write!(
                f,
                "a header value needs {needed} bytes, the header block has {had} left"
            ),
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

/// A fault and where it lies in what was read: what the parsers pass on until a [`DecodeError`](crate::DecodeError) is made of it.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: DecodeErrorKind,
    /// Bytes from the start of what was read.
    pub(crate) at: usize,
}

impl Fault {
    pub(crate) const fn new(kind: DecodeErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// The same fault in a whole that has `before` bytes in front of the part.
    pub(crate) const fn behind(self, before: usize) -> Self {
        Self {
            kind: self.kind,
            at: self.at + before,
        }
    }
}
