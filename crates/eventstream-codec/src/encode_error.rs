//! Why a frame cannot be written.

use core::fmt;

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
