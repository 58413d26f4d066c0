//! The `application/vnd.amazon.eventstream` framing: bytes to frames and frames to bytes.
//!
//! Every streaming service of AWS speaks it (Bedrock, Transcribe, Lex, S3 Select, Kinesis, CloudWatch live tail, …).
//! This crate does the framing and nothing else: no I/O, no clock, no AWS client. Lengths are proven before they are
//! trusted, memory is bounded by [`Limits`], and a stream that ends inside a frame is always an error.
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use eventstream_codec::{Decoder, FrameWriter, HeaderValue};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut wire = BytesMut::new();
//! let mut frame = FrameWriter::begin(&mut wire);
//! frame.header(":message-type", HeaderValue::String("event"))?;
//! frame.header(":event-type", HeaderValue::String("chunk"))?;
//! let mut payload = frame.payload();
//! payload.put_slice(b"{}");
//! payload.finish()?;
//!
//! let mut decoder = Decoder::new();
//! for chunk in wire.chunks(7) {
//!     decoder.feed(Bytes::copy_from_slice(chunk));
//!     while let Some(frame) = decoder.next_frame()? {
//!         assert_eq!(frame.header(":event-type"), Some(HeaderValue::String("chunk")));
//!         assert_eq!(frame.payload(), b"{}");
//!     }
//! }
//! decoder.finish()?; // an error where the stream was cut inside a frame
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | CRC with the SIMD that the CPU has, found at run time; `FrameReader` over `std::io::Read`, `write_frame` to `std::io::Write` |
//! | `stream` | `MessageStream`: frames from a `futures_core::Stream` of byte chunks |
//! | `http-body` | `MessageStream::from_body`: the same from an `http_body::Body` |
//! | `tokio-util` | `FrameCodec` for `tokio_util::codec::{FramedRead, FramedWrite}` |
//!
//! Without `std` the crate is `no_std` and needs `alloc`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod assembly;
mod backlog;
#[cfg(feature = "http-body")]
mod body;
mod compose;
mod decode_error;
mod decoder;
mod encode_error;
mod fault;
mod frame;
mod frame_writer;
mod header;
mod header_block;
mod headers;
#[cfg(feature = "std")]
mod io;
mod kind;
mod limits;
mod lookalike;
mod parse;
#[cfg(feature = "stream")]
mod stream;
#[cfg(feature = "tokio-util")]
mod tokio_codec;
mod typed_frames;

#[cfg(feature = "http-body")]
pub use body::BodyChunks;
pub use compose::{Inbound, Seal, TransportEnd, Unsigned};
pub use decode_error::DecodeError;
pub use decoder::Decoder;
pub use encode_error::EncodeError;
pub use fault::DecodeErrorKind;
pub use frame::{Frame, Message};
pub use frame_writer::{FrameWriter, PayloadWriter, encode_frame};
pub use header::{Header, HeaderType, HeaderValue, Timestamp};
pub use header_block::HeaderBlock;
pub use headers::{Headers, HeadersIter};
#[cfg(feature = "std")]
pub use io::{FrameReader, ReadError, write_frame};
pub use kind::{MessageKind, Signed};
pub use limits::Limits;
pub use lookalike::Lookalike;
pub use parse::{Parsed, parse};
#[cfg(feature = "stream")]
pub use stream::{MessageStream, StreamError};
#[cfg(feature = "tokio-util")]
pub use tokio_codec::{FrameCodec, WriteError};

/// Bytes of a frame's prelude: total length, header block length and their CRC, four bytes each.
pub const PRELUDE_LEN: usize = 12;
/// Bytes of a frame around its header block and payload: the prelude and the message CRC.
pub const FRAME_OVERHEAD: usize = 16;

/// The guide's code, compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/codec-in-another-tool.md")]
struct TaskGuide;

/// The crate's guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/eventstream-codec.md")]
struct Guide;
