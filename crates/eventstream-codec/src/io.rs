//! Frames from an [`io::Read`], frames to an [`io::Write`].

use std::fmt;
use std::io::{self, IoSlice};
use std::vec;
use std::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::decode_error::DecodeError;
use crate::decoder::Decoder;
use crate::frame::Message;
use crate::frame_writer::FrameWriter;

/// Bytes of one read.
const READ: usize = 16 * 1024;

/// Reads frames from a file, a pipe or a socket, as they arrive. As an iterator it ends behind the first final error.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: R,
    decoder: Decoder,
    buf: Vec<u8>,
    ended: bool,
    /// The iterator has given its last item.
    done: bool,
}

impl<R: io::Read> FrameReader<R> {
    /// Reads from `input` with the default limits.
    pub fn new(input: R) -> Self {
        Self::with_decoder(input, Decoder::new())
    }

    /// Reads from `input` with this decoder's limits and policy.
    pub fn with_decoder(input: R, decoder: Decoder) -> Self {
        Self {
            input,
            decoder,
            buf: vec![0; READ],
            ended: false,
            done: false,
        }
    }

    /// The next frame; `None` where the input ended behind a whole one.
    ///
    /// # Errors
    /// Where reading fails (then it may be tried again), or the input is no frames or ends inside one.
    pub fn next_message(&mut self) -> Result<Option<Message>, ReadError> {
        loop {
            if let Some(message) = self.decoder.next_message()? {
                return Ok(Some(message));
            }
            if self.ended {
                return self.decoder.finish().map(|()| None).map_err(Into::into);
            }
            let len = match self.input.read(&mut self.buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.ended = len == 0;
            let chunk = self.buf.get(..len).unwrap_or_default();
            self.decoder.feed(Bytes::copy_from_slice(chunk));
        }
    }

    /// The decoder: how far it has come.
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

impl<R: io::Read> Iterator for FrameReader<R> {
    type Item = Result<Message, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.next_message().transpose();
        // A decoder that resynchronises goes on behind a bad frame; all other errors are the last item.
        self.done = match &item {
            Some(Ok(_)) => false,
            Some(Err(ReadError::Decode(_))) => self.ended || self.decoder.has_failed(),
            Some(Err(ReadError::Io(_))) | None => true,
        };
        item
    }
}

/// Why no frame could be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The input could not be read.
    Io(io::Error),
    /// What was read is no frame, or ends inside one.
    Decode(DecodeError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "reading frames: {error}"),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Decode(error) => Some(error),
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for ReadError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// Writes one frame to `output` in one vectored write where it takes that; the payload is not copied.
///
/// `frame` begins it, in the buffer that it is handed: `|buf| FrameWriter::event(buf, "chunk", None)` for example.
///
/// # Errors
/// As `output`; `InvalidInput` with the [`EncodeError`](crate::EncodeError) inside, and nothing written, where the frame
/// is refused.
pub fn write_frame<W: io::Write + ?Sized>(
    output: &mut W,
    frame: impl FnOnce(&mut BytesMut) -> Result<FrameWriter<'_>, crate::EncodeError>,
    payload: &[u8],
) -> io::Result<()> {
    let mut head = BytesMut::with_capacity(256);
    let crc = frame(&mut head)
        .and_then(|frame| frame.around(payload))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let mut slices = [&head[..], payload, &crc].map(IoSlice::new);
    let mut rest = &mut slices[..];
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match output.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => IoSlice::advance_slices(&mut rest, len),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
