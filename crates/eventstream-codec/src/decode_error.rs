//! Why bytes are not a frame, and where in the stream.

use core::fmt;

use crate::PRELUDE_LEN;
use crate::fault::{DecodeErrorKind, Fault};
use crate::lookalike::Lookalike;

/// Why bytes are not a frame, and where.
///
/// `Display` is one line: frame, offset, fault with its numbers, and what the input looks like where it is no frames at
/// all. Neither it nor `Debug` shows bytes of the input; [`first_bytes`](Self::first_bytes) does.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    offset: u64,
    frame: u64,
    first: [u8; PRELUDE_LEN],
    first_len: usize,
}

impl DecodeError {
    /// The fault in the frame that begins with `bytes`, `offset` bytes into the stream.
    #[cold]
    pub(crate) fn new(fault: Fault, bytes: &[u8], offset: u64, frame: u64) -> Self {
        let mut first = [0; PRELUDE_LEN];
        let first_len = bytes.len().min(PRELUDE_LEN);
        for (to, from) in first.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self {
            kind: fault.kind,
            offset: offset + fault.at as u64,
            frame,
            first,
            first_len,
        }
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

    /// The first bytes of the faulty frame, at most 12 of them, for a diagnosis. They may be the user's data.
    #[must_use]
    pub fn first_bytes(&self) -> &[u8] {
        self.first.get(..self.first_len).unwrap_or_default()
    }

    /// What the input looks like, where it does not look like frames.
    #[must_use]
    pub fn lookalike(&self) -> Option<Lookalike> {
        match self.kind {
            DecodeErrorKind::PreludeCrcMismatch { .. } => Lookalike::of(self.first_bytes()),
            DecodeErrorKind::Incomplete { .. } | DecodeErrorKind::IncompleteAtEof { .. }
                if self.first_len < PRELUDE_LEN =>
            {
                Lookalike::of(self.first_bytes())
            }
            _ => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "frame {} at byte {}: {}",
            self.frame, self.offset, self.kind
        )?;
        match self.lookalike() {
            Some(lookalike) => write!(f, "; the input looks like {lookalike}, not like frames"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.kind)
            .field("offset", &self.offset)
            .field("frame", &self.frame)
            .field("lookalike", &self.lookalike())
            .finish_non_exhaustive()
    }
}

impl core::error::Error for DecodeError {}
