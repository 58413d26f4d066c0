//! Amazon Bedrock's ConverseStream without I/O: lossless in, honest at the end.
//!
//! - **Requests**: [`ConverseRequest`] and the types in [`request`], every member of the service's model.
//! - **Events**: a [`Mapper`] reads frames and says [`Event`]s; blocks are opened and closed for the caller, tool input
//!   is judged at its end, and what this version does not know is handed on.
//! - **Endings**: every stream ends in one `Outcome`, with the [`Reply`] that came. Only `messageStop` and a clean end of the
//!   transport make it complete.
//! - **Replies** go back into the next request byte for byte: [`Reply::to_message`].
//! - **Three ways to consume** a body: [`read_body`] calls back, [`Reader`] and [`Events`] are pulled, and
//!   [`Reader::next_frame`] gives raw frames from the same place. [`collect_body`] folds it all.
//! - **Text alone**: [`text`] has the text of model-native streams with callbacks, for web servers.
//! - **The flat view**: [`Flat`] turns events into [`Chunk`]s as agent loops like them.
//! - **Models in their own words**: [`family::InvokeMapper`] makes the same events of what InvokeModelWithResponseStream streams.
//! - **Egress**: a [`Writer`] for gateways and emulators that cannot forget a block's or a message's end.
//!
//! ```
//! use converse_stream::{ConverseRequest, Message, collect_body};
//! # fn send(_path: &str, _body: bytes::Bytes) -> Vec<bytes::Bytes> {
//! #     use converse_stream::{MessageStop, Role, StopReason, Writer};
//! #     let mut writer = Writer::begin(Role::Assistant).unwrap();
//! #     writer.text("Lima").unwrap();
//! #     vec![writer.stop(MessageStop::new(StopReason::EndTurn)).unwrap().finish()]
//! # }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut request = ConverseRequest::new()
//!     .with_message(Message::user("What is the capital of Peru?"))
//!     .with_max_tokens(16);
//! let path = ConverseRequest::path("us.amazon.nova-micro-v1:0");
//! let body = send(&path, request.to_body()?); // the chunks of the response's body
//!
//! let reply = collect_body(body)?; // an error where the stream was cut
//! assert_eq!(reply.text(), "Lima");
//! request.messages.push(reply.to_message()?);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod assemble;
mod blob;
mod egress;
mod error;
mod event;
pub mod family;
mod flat;
mod json;
mod mapper;
mod number;
mod payload;
pub mod prompt;
mod reader;
mod reply;
pub mod request;
pub mod text;
mod wire;
mod writer;

pub use blob::Blob;
pub use egress::encode_event;
pub use error::StreamError;
pub use event::guardrail::GuardrailTrace;
pub use event::metadata::Metadata;
pub use event::stop::{MessageStop, StopReason};
pub use event::tool_call::{ToolCall, ToolInput};
pub use event::usage::{CacheDetail, Usage};
pub use event::{BlockStart, Event, ImagePart, Unknown};
pub use flat::{Chunk, ChunkUsage, Flat};
pub use json::{Json, Members};
pub use mapper::Mapper;
pub use reader::{
    Events, MessageMapper, Reader, Unfinished, Why, collect_body, complete, read_body,
};
pub use reply::{NotReplayable, Reply, ReplyBlock, ReplyContent};
pub use request::ConverseRequest;
pub use request::message::{ContentBlock, Message, Role};
pub use writer::{Stopped, ToolBlock, WriteError, Writer};

/// The examples of the guide to model families.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/model-families.md")]
struct FamiliesGuide;

/// The guide for those who come from a parser of their own.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/from-a-parser.md")]
struct FromAParser;

/// The guides to text alone.
#[cfg(all(doctest, feature = "stream"))]
mod text_guides {
    #[doc = include_str!("../../../docs/text-streams.md")]
    struct TextStreams;

    #[doc = include_str!("../../../docs/guides/from-vercel.md")]
    struct FromVercel;
}
