//! Frames from a stream of byte chunks, however they are cut.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::assembly::Assembly;
use crate::backlog::Backlog;
use crate::decode_error::DecodeError;
use crate::fault::{DecodeErrorKind, Fault};
use crate::frame::{Frame, Message};
use crate::limits::Limits;
use crate::parse::{Parsed, scan};

/// Turns byte chunks into frames.
///
/// Call [`feed`](Self::feed) with each chunk, then [`next_frame`](Self::next_frame) until it gives `None`; call
/// [`finish`](Self::finish) when the input has ended. A frame that lies within one chunk is not copied, one that spans
/// chunks is copied once. Memory: at most one frame within the [`Limits`], plus the chunk in hand. After an error the
/// decoder stays failed and repeats it (but see [`resynchronising`](Self::resynchronising)).
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    resynchronise: bool,
    /// What has arrived and is not decoded yet, behind what `assembly` holds.
    input: Backlog,
    /// A frame that spans chunks, or has and is lent out.
    assembly: Assembly,
    /// The frame in `assembly` is lent out and done with at the next call.
    lent: bool,
    offset: u64,
    index: u64,
    /// Boxed, since it is large and seldom there.
    failed: Option<Box<DecodeError>>,
}

/// Where a whole frame lies.
enum Found {
    /// At the end of what has been taken from the input.
    Input {
        len: usize,
        headers_len: usize,
    },
    Assembly {
        headers_len: usize,
    },
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
            resynchronise: false,
            input: Backlog::default(),
            assembly: Assembly::default(),
            lent: false,
            offset: 0,
            index: 0,
            failed: None,
        }
    }

    /// The same, but an error inside a frame whose prelude was proven (a wrong message CRC, a bad header) is reported
    /// once, and decoding goes on behind that frame. The specification says to end the stream; this is for salvage.
    ///
    /// A fault in a prelude stays final: nothing then says where the next frame begins.
    #[must_use]
    pub const fn resynchronising(mut self) -> Self {
        self.resynchronise = true;
        self
    }

    /// Takes the next chunk of the stream. What came before should have been drained: if not, the chunk is copied.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_none() {
            self.input.push(chunk);
        }
    }

    /// The next whole frame, borrowed until the next call; `None` where more bytes are needed.
    ///
    /// # Errors
    /// The first fault in the stream, with its offset and frame index; from then on always the same.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        Ok(match self.advance()? {
            Some(Found::Input { len, headers_len }) => {
                Some(Frame::trusted(self.input.taken(len), headers_len))
            }
            Some(Found::Assembly { headers_len }) => {
                Some(Frame::trusted(self.assembly.bytes(), headers_len))
            }
            None => None,
        })
    }

    /// The next whole frame, owned; `None` where more bytes are needed. It shares the memory of the chunk that it came in.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn next_message(&mut self) -> Result<Option<Message>, DecodeError> {
        Ok(match self.advance()? {
            Some(Found::Input { len, headers_len }) => {
                Some(Message::trusted(self.input.taken_shared(len), headers_len))
            }
            Some(Found::Assembly { headers_len }) => {
                self.lent = false;
                let bytes = self.assembly.take_bytes();
                Some(Message::trusted(bytes.into(), headers_len))
            }
            None => None,
        })
    }

    /// Says that the input has ended. Whole frames that were not asked for yet count as an end inside a frame.
    ///
    /// # Errors
    /// `IncompleteAtEof` where it ended inside a frame; the decoder's error where it has failed before.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let had = self.buffered();
        if had == 0 {
            return Ok(());
        }
        let (needed, bytes) = if self.in_assembly() {
            (self.assembly.needed(), self.assembly.bytes())
        } else {
            (crate::PRELUDE_LEN, self.input.rest())
        };
        let fault = Fault::new(DecodeErrorKind::IncompleteAtEof { needed, had }, 0);
        Err(DecodeError::new(fault, bytes, self.offset, self.index))
    }

    /// Whether a frame has begun that is not whole yet.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.buffered() > 0
    }

    /// Whether an error was final: nothing will come any more.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Bytes that have arrived and are not decoded yet.
    #[must_use]
    pub fn buffered(&self) -> usize {
        let assembled = if self.in_assembly() {
            self.assembly.bytes().len()
        } else {
            0
        };
        assembled + self.input.len()
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

    const fn in_assembly(&self) -> bool {
        self.assembly.is_begun() && !self.lent
    }

    /// Finds the next whole frame and counts it.
    #[inline]
    fn advance(&mut self) -> Result<Option<Found>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        if self.lent {
            self.lent = false;
            self.assembly.clear();
        }
        if self.assembly.is_begun() {
            return self.assemble();
        }
        self.input.refill();
        let input = self.input.rest();
        match scan(input, &self.limits) {
            Ok(Parsed::Frame(frame)) => {
                let len = frame.total_len();
                let headers_len = frame.headers().as_bytes().len();
                self.input.take(len);
                self.count(len);
                Ok(Some(Found::Input { len, headers_len }))
            }
            Ok(Parsed::Need(_)) if input.is_empty() => Ok(None),
            Ok(Parsed::Need(_)) => self.assemble(),
            Err(fault) => {
                let error = DecodeError::new(fault, input, self.offset, self.index);
                let len = self.skippable(&error, input);
                if let Some(len) = len {
                    self.input.take(len);
                }
                Err(self.fail(error, len))
            }
        }
    }

    /// Goes on with a frame that spans chunks.
    fn assemble(&mut self) -> Result<Option<Found>, DecodeError> {
        let fault = loop {
            self.input.refill();
            let input = self.input.rest();
            if input.is_empty() {
                return Ok(None);
            }
            match self.assembly.take(input, &self.limits) {
                Ok(len) => self.input.take(len),
                Err(fault) => break fault,
            }
            match self.assembly.frame(&self.limits) {
                None => {}
                Some(Ok(frame)) => {
                    let len = frame.total_len();
                    let headers_len = frame.headers().as_bytes().len();
                    self.lent = true;
                    self.count(len);
                    return Ok(Some(Found::Assembly { headers_len }));
                }
                Some(Err(fault)) => break fault,
            }
        };
        let bytes = self.assembly.bytes();
        let error = DecodeError::new(fault, bytes, self.offset, self.index);
        let len = self.skippable(&error, bytes);
        self.assembly.clear();
        Err(self.fail(error, len))
    }

    const fn count(&mut self, len: usize) {
        self.offset += len as u64;
        self.index += 1;
    }

    /// The length of the bad frame that `bytes` begin with, where decoding may go on behind it.
    fn skippable(&self, error: &DecodeError, bytes: &[u8]) -> Option<usize> {
        let total = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
        (self.resynchronise && error.kind().is_inside_frame()).then_some(total)
    }

    /// Notes the error: for good, unless there is a bad frame of known length to leave behind.
    #[cold]
    fn fail(&mut self, error: DecodeError, skip: Option<usize>) -> DecodeError {
        if let Some(len) = skip {
            self.count(len);
        } else {
            self.failed = Some(Box::new(error.clone()));
            self.input = Backlog::default();
            self.assembly = Assembly::default();
        }
        error
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}
