//! What the streaming operations of Amazon Bedrock share: payload parts, exceptions, service errors, outcomes.
//!
//! InvokeModelWithResponseStream and InvokeModelWithBidirectionalStream carry the model's own JSON inside JSON inside an
//! event-stream frame: `{"bytes":"<base64>","p":"<padding>"}` in a frame of type `chunk`. [`read_part`] takes it out,
//! [`ChunkWriter`] puts it in. Everything that the service reports as a fault, in a frame or as an HTTP answer, becomes
//! one [`ServiceError`] that says what to do ([`Advice`]), and every stream ends in an [`Outcome`]. No I/O, no clock.
//!
//! ```
//! use bedrock_wire::{ChunkWriter, ServiceError, read_part};
//! use bytes::{Bytes, BytesMut};
//! use eventstream_codec::Decoder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut wire = BytesMut::new();
//! let chunks = ChunkWriter::new();
//! chunks.write(br#"{"event":{}}"#, &mut wire)?;
//!
//! let mut decoder = Decoder::new();
//! decoder.feed(wire.freeze());
//! while let Some(frame) = decoder.next_frame()? {
//!     if let Some(error) = ServiceError::from_frame(&frame) {
//!         return Err(error.into());
//!     }
//!     assert_eq!(read_part(frame.payload())?, br#"{"event":{}}"#);
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod advice;
mod chunk;
mod error_kind;
mod from_frame;
mod from_http;
mod outcome;
mod part;
mod plain;
mod service_error;

pub use advice::{Advice, AdviceRule, AdviceTable};
pub use chunk::{ChunkWriter, seal_frames};
pub use error_kind::ServiceErrorKind;
pub use outcome::{Missing, Outcome};
pub use part::{PartError, read_part, read_part_into};
pub use plain::{NotPlain, PlainMembers, Quoted};
pub use service_error::{ErrorSource, ServiceError};
