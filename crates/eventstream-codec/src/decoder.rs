//! Frames from a stream of byte chunks, however they are cut.

use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use crate::PRELUDE_LEN;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::frame::{Frame, Message};
use crate::limits::Limits;
use crate::parse::{Parsed, Prelude, parse};

/// Turns byte chunks into frames.
///
/// Call [`feed`](Self::feed) with each chunk, then [`next_frame`](Self::next_frame) until it gives `None`; call
/// [`finish`](Self::finish) when the input has ended. A frame that lies within one chunk is not copied. Memory: at most
/// one frame within the [`Limits`], plus the chunk in hand. After an error the decoder stays failed and repeats it.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// What has arrived and is not decoded yet, behind `partial`.
    chunk: Bytes,
    /// The start of a frame that spans chunks.
    partial: Vec<u8>,
    /// Bytes that `partial` needs before it can be looked at again.
    wanted: usize,
    /// The frame that `next_frame` lends out.
    current: Option<Message>,
    offset: u64,
    index: u64,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A decoder with these limits.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            chunk: Bytes::new(),
            partial: Vec::new(),
            wanted: PRELUDE_LEN,
            current: None,
            offset: 0,
            index: 0,
            failed: None,
        }
    }

    /// Takes the next chunk of the stream. What came before should have been drained: if not, the rest is copied.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_some() {
            return;
        }
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else if !chunk.is_empty() {
            let mut joined = Vec::with_capacity(self.chunk.len() + chunk.len());
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&chunk);
            self.chunk = joined.into();
        }
    }

    /// The next whole frame, borrowed until the next call; `None` where more bytes are needed.
    ///
    /// # Errors
    /// The first fault in the stream, with its offset and frame index; from then on always the same.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.current = self.next_message()?;
        Ok(self.current.as_ref().map(Message::frame))
    }

    /// The next whole frame, owned; `None` where more bytes are needed.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn next_message(&mut self) -> Result<Option<Message>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let step = if self.partial.is_empty() {
            self.take_from_chunk()
        } else {
            self.take_from_partial()
        };
        step.map_err(|error| {
            let error = error.at(self.offset).in_frame(self.index);
            self.failed = Some(error.clone());
            self.chunk = Bytes::new();
            self.partial = Vec::new();
            error
        })
    }

    /// Says that the input has ended.
    ///
    /// # Errors
    /// `IncompleteAtEof` where it ended inside a frame; the decoder's error where it has failed before.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let had = self.buffered();
        if had == 0 {
            return Ok(());
        }
        let kind = DecodeErrorKind::IncompleteAtEof {
            needed: self.wanted.max(PRELUDE_LEN),
            had,
        };
        Err(DecodeError::new(kind).at(self.offset).in_frame(self.index))
    }

    /// Whether a frame has begun that is not whole yet.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.buffered() > 0
    }

    /// Bytes that have arrived and are not decoded yet.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.partial.len() + self.chunk.len()
    }

    /// Bytes of the stream in whole frames so far.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whole frames so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.index
    }

    /// A frame that begins in the chunk in hand.
    fn take_from_chunk(&mut self) -> Result<Option<Message>, DecodeError> {
        match parse(&self.chunk, &self.limits)? {
            Parsed::Frame(frame) => {
                let (total, headers) = (frame.total_len(), frame.headers().as_bytes().len());
                let bytes = self.chunk.split_to(total);
                Ok(Some(self.complete(bytes, headers)))
            }
            Parsed::Need(_) if self.chunk.is_empty() => Ok(None),
            Parsed::Need(more) => {
                self.wanted = self.chunk.len() + more;
                self.partial = Vec::with_capacity(self.wanted);
                self.partial.extend_from_slice(&self.chunk);
                self.chunk = Bytes::new();
                Ok(None)
            }
        }
    }

    /// A frame that began in an earlier chunk.
    fn take_from_partial(&mut self) -> Result<Option<Message>, DecodeError> {
        if !self.fill() {
            return Ok(None);
        }
        if self.wanted == PRELUDE_LEN {
            let Some(prelude) = self.partial.first_chunk::<PRELUDE_LEN>() else {
                return Ok(None);
            };
            self.wanted = Prelude::check(prelude, &self.limits)?.total;
            self.partial.reserve_exact(self.wanted - PRELUDE_LEN);
            if !self.fill() {
                return Ok(None);
            }
        }
        match parse(&self.partial, &self.limits)? {
            Parsed::Frame(frame) => {
                let headers = frame.headers().as_bytes().len();
                let bytes = core::mem::take(&mut self.partial);
                Ok(Some(self.complete(bytes.into(), headers)))
            }
            Parsed::Need(_) => Ok(None),
        }
    }

    /// Moves bytes from the chunk to `partial`; true when it holds what is wanted.
    fn fill(&mut self) -> bool {
        let missing = self.wanted.saturating_sub(self.partial.len());
        let take = missing.min(self.chunk.len());
        self.partial
            .extend_from_slice(self.chunk.get(..take).unwrap_or_default());
        self.chunk.advance(take);
        take == missing
    }

    fn complete(&mut self, bytes: Bytes, headers_len: usize) -> Message {
        self.offset += bytes.len() as u64;
        self.index += 1;
        self.wanted = PRELUDE_LEN;
        Message::trusted(bytes, headers_len)
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}
