//! Why something cannot be signed.

use std::fmt;

use eventstream_codec::Timestamp;

/// Why an event cannot be signed. Neither the buffer nor the chain of signatures has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// Behind the headroom there is not exactly one frame.
    NoFrame {
        /// Bytes that stand there.
        len: usize,
    },
    /// The frame is over 24 MiB, the most that the outer frame's payload may hold.
    FrameTooLong {
        /// The frame's length, in bytes.
        len: usize,
    },
    /// A moment outside of the years 0 to 9999, which a signature's date cannot express.
    DateOutOfRange {
        /// The moment.
        at: Timestamp,
    },
    /// The moment is on another day (UTC) than the signing key.
    OtherDate {
        /// The moment.
        at: Timestamp,
    },
    /// The end of the stream has been signed; nothing may follow it.
    Ended,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFrame { len } => {
                write!(
                    f,
                    "the {len} bytes behind the headroom are not exactly one frame"
                )
            }
            Self::FrameTooLong { len } => {
                write!(
                    f,
                    "a frame of {len} bytes is over the 25,165,824 that can be signed"
                )
            }
            Self::DateOutOfRange { at } => write!(
                f,
                "{} ms since 1970 is outside of the years 0 to 9999",
                at.as_millis()
            ),
            Self::OtherDate { at } => write!(
                f,
                "{} ms since 1970 is on another day (UTC) than the signing key",
                at.as_millis()
            ),
            Self::Ended => f.write_str("the end of the stream has been signed already"),
        }
    }
}

impl std::error::Error for SignError {}

/// A text is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSignature {
    pub(crate) len: usize,
}

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a signature is 64 hexadecimal digits, not this text of {} bytes",
            self.len
        )
    }
}

impl std::error::Error for BadSignature {}
