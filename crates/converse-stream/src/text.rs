//! The text of a model-native stream and nothing else, with callbacks: what the `AWSBedrock*Stream` wrappers of npm `ai`
//! 2 and 3 gave a web server.
//!
//! A [`TextReader`] makes text of frames. With the feature `stream` a [`TextStream`] makes a stream of bytes of a response's
//! body, as plain text or as lines of the data-stream protocol, and with `http-body` that is a response body itself.
//!
//! | npm `ai` | here |
//! |---|---|
//! | `AWSBedrockAnthropicStream` | [`Wrapper::Anthropic`] |
//! | `AWSBedrockAnthropicMessagesStream` | [`Wrapper::AnthropicMessages`] |
//! | `AWSBedrockCohereStream` | [`Wrapper::Cohere`] |
//! | `AWSBedrockLlama2Stream` | [`Wrapper::Llama2`] |
//! | `AWSBedrockStream(response, callbacks, extract)` | any closure from a chunk's JSON to its text |
//!
//! docs/text-streams.md lists what is not the same.

mod callbacks;
mod extract;
mod format;
mod reader;
#[cfg(feature = "stream")]
mod stream;

pub use callbacks::TextCallbacks;
pub use extract::{Extract, Wrapper};
pub use format::TextFormat;
pub use reader::TextReader;
#[cfg(feature = "stream")]
pub use stream::{TextError, TextStream};
