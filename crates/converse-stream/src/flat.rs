//! The flat chunk view: one list of chunks as agent loops like it, with one terminal chunk.

use bedrock_wire::{Missing, Outcome};

use crate::error::StreamError;
use crate::event::tool_call::ToolInput;
use crate::event::usage::Usage;
use crate::event::{BlockStart, Event};
use crate::reply::Reply;
use crate::request::tool::ToolUseType;

/// A chunk of the flat view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunk {
    /// The stream lives, with nothing to show: a signature, a start, usage, something unknown.
    KeepAlive,
    /// More text.
    Text(String),
    /// More reasoning.
    Thinking(String),
    /// A tool call begins.
    ToolCallStart {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a call's arguments.
    ToolCallDelta {
        /// The call's id.
        id: String,
        /// A fragment of JSON text.
        arguments_delta: String,
    },
    /// A tool call is whole, and its arguments are JSON.
    ToolCallEnd {
        /// The call's id.
        id: String,
    },
    /// The end of a complete stream; the last chunk.
    Done {
        /// Tokens, where the service has counted them.
        usage: Option<ChunkUsage>,
    },
    /// The end of a stream that was cut or failed, or whose tool call was cut; the last chunk.
    Error(String),
}

/// Tokens as the flat view names them. What the service did not count is 0, as such consumers expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkUsage {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// The service's sum, or else that of the two.
    pub total_tokens: u64,
    /// Tokens read from a cache.
    pub cache_read_tokens: Option<u64>,
    /// Tokens written to a cache.
    pub cache_write_tokens: Option<u64>,
}

/// Turns events into chunks. Only calls that the caller must answer are shown; hosted ones are the service's own matter.
///
/// ```
/// use converse_stream::{Chunk, Events, Flat};
/// # let body = [bytes::Bytes::new()];
///
/// let (mut flat, mut chunks) = (Flat::new(), Vec::new());
/// let mut events = Events::new(body);
/// for event in events.by_ref() {
///     flat.event(event, &mut |chunk| chunks.push(chunk));
/// }
/// chunks.push(flat.finish(&events.finish()));
/// # assert_eq!(chunks, [Chunk::Error("Incomplete: the stream ended without `messageStop`".into())]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Flat {
    /// Open calls of the caller's, by block.
    calls: Vec<(u32, String)>,
    /// A call that must not run.
    broken: Option<String>,
}

impl Flat {
    /// Longest text of an [`Chunk::Error`], in bytes; longer ones are cut on a character boundary.
    pub const MAX_ERROR: usize = 2048;

    /// A view of one stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Turns an event into chunks.
    pub fn event(&mut self, event: Event, sink: &mut impl FnMut(Chunk)) {
        sink(match event {
            Event::Text { text, .. } => Chunk::Text(text),
            Event::Reasoning { text, .. } => Chunk::Thinking(text),
            Event::BlockStart {
                index,
                block: BlockStart::ToolUse { id, name, kind },
            } if kind != Some(ToolUseType::ServerToolUse) => {
                self.calls.push((index, id.clone()));
                Chunk::ToolCallStart { id, name }
            }
            Event::ToolInput { index, fragment } => match self.call(index) {
                Some(id) => Chunk::ToolCallDelta {
                    id: id.to_owned(),
                    arguments_delta: fragment,
                },
                None => Chunk::KeepAlive,
            },
            Event::ToolCall { call, .. } if call.is_hosted() => Chunk::KeepAlive,
            Event::ToolCall { index, call } => {
                self.calls.retain(|(open, _)| *open != index);
                let fault = match call.input {
                    ToolInput::Complete(_) => None,
                    ToolInput::Cut(_) => Some("were cut"),
                    ToolInput::Invalid(_) => Some("are not JSON"),
                };
                match fault {
                    None => Chunk::ToolCallEnd { id: call.id },
                    Some(fault) => {
                        let name = &call.name;
                        self.broken
                            .get_or_insert(format!("the arguments of tool call {name} {fault}"));
                        Chunk::KeepAlive
                    }
                }
            }
            _ => Chunk::KeepAlive,
        });
    }

    /// The last chunk: [`Chunk::Done`] for a complete stream, [`Chunk::Error`] for any other.
    #[must_use]
    pub fn finish(self, outcome: &Outcome<Reply, StreamError>) -> Chunk {
        match outcome {
            Outcome::Complete(reply) => match self.broken {
                Some(why) => Self::error(&format!("Incomplete: {why}")),
                None => Chunk::Done {
                    usage: reply.usage().map(ChunkUsage::from),
                },
            },
            Outcome::Incomplete { missing, .. } => Self::incomplete(*missing),
            Outcome::Failed { error, .. } => Self::error(&error.to_string()),
        }
    }

    fn call(&self, index: u32) -> Option<&str> {
        self.calls
            .iter()
            .find(|(open, _)| *open == index)
            .map(|(_, id)| id.as_str())
    }

    fn incomplete(missing: Missing) -> Chunk {
        Self::error(&format!("Incomplete: {missing}"))
    }

    fn error(text: &str) -> Chunk {
        let mut end = text.len().min(Self::MAX_ERROR);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Chunk::Error(text.get(..end).unwrap_or_default().to_owned())
    }
}

impl From<&Usage> for ChunkUsage {
    fn from(usage: &Usage) -> Self {
        let (prompt, completion) = (
            usage.input_tokens.unwrap_or(0),
            usage.output_tokens.unwrap_or(0),
        );
        Self {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: usage
                .total_tokens
                .unwrap_or(prompt.saturating_add(completion)),
            cache_read_tokens: usage.cache_read_input_tokens,
            cache_write_tokens: usage.cache_write_input_tokens,
        }
    }
}
