//! A codec for `tokio_util::codec`: `FramedRead` and `FramedWrite` over anything asynchronous.

use bytes::BytesMut;
use tokio_util::codec;

use crate::decode_error::DecodeError;
use crate::encode_error::EncodeError;
use crate::fault::{DecodeErrorKind, Fault};
use crate::frame::Message;
use crate::frame_writer::encode_frame;
use crate::header::Header;
use crate::io::ReadError;
use crate::limits::Limits;
use crate::parse::{Parsed, scan};

/// Frames in and out of a `tokio_util::codec::Framed`.
///
/// It decodes to [`Message`]s and encodes both these and pairs of headers and payload. The first error is final, as
/// `FramedRead` has it too: it ends behind it.
#[derive(Debug, Default)]
pub struct FrameCodec {
    limits: Limits,
    offset: u64,
    index: u64,
}

impl FrameCodec {
    /// A codec with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A codec with these limits.
    #[must_use]
    pub const fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            offset: 0,
            index: 0,
        }
    }

    /// A fault at the start of `src`, which is then dropped: nothing behind it can be trusted.
    fn fail(&self, fault: Fault, src: &mut BytesMut) -> ReadError {
        let error = DecodeError::new(fault, src, self.offset, self.index);
        src.clear();
        ReadError::Decode(error)
    }
}

impl codec::Decoder for FrameCodec {
    type Item = Message;
    type Error = ReadError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, ReadError> {
        let (len, headers_len) = match scan(src, &self.limits) {
            Ok(Parsed::Frame(frame)) => (frame.total_len(), frame.headers().as_bytes().len()),
            Ok(Parsed::Need(more)) => {
                // Room for the whole frame at once, but not gigabytes for twelve bytes.
                src.reserve(more.min(32 * 1024 * 1024));
                return Ok(None);
            }
            Err(fault) => return Err(self.fail(fault, src)),
        };
        self.offset += len as u64;
        self.index += 1;
        let bytes = src.split_to(len).freeze();
        Ok(Some(Message::trusted(bytes, headers_len)))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Message>, ReadError> {
        if let Some(message) = self.decode(src)? {
            return Ok(Some(message));
        }
        let had = src.len();
        match scan(src, &self.limits) {
            Ok(Parsed::Need(more)) if had > 0 => {
                let needed = had + more;
                let kind = DecodeErrorKind::IncompleteAtEof { needed, had };
                Err(self.fail(Fault::new(kind, 0), src))
            }
            _ => Ok(None),
        }
    }
}

impl codec::Encoder<Message> for FrameCodec {
    type Error = WriteError;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> Result<(), WriteError> {
        dst.extend_from_slice(message.as_bytes());
        Ok(())
    }
}

impl codec::Encoder<(&[Header<'_>], &[u8])> for FrameCodec {
    type Error = WriteError;

    fn encode(
        &mut self,
        (headers, payload): (&[Header<'_>], &[u8]),
        dst: &mut BytesMut,
    ) -> Result<(), WriteError> {
        encode_frame(headers, payload, dst).map_err(WriteError::Encode)
    }
}

/// Why a frame could not be written to a `tokio_util::codec::FramedWrite`.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The output could not be written to.
    Io(std::io::Error),
    /// The frame is none that the format allows. Nothing of it has been written.
    Encode(EncodeError),
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "writing frames: {error}"),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Encode(error) => Some(error),
        }
    }
}

impl From<std::io::Error> for WriteError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
