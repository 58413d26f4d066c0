//! The body of a response to events, frames or a reply: three ways to consume it, none of which does I/O.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;

use bedrock_wire::{Missing, Outcome};
use bytes::Bytes;
use eventstream_codec::{Decoder, Inbound, Limits, Message, TransportEnd};

use crate::error::StreamError;
use crate::event::Event;
use crate::family::InvokeMapper;
use crate::mapper::Mapper;
use crate::reply::Reply;

/// What makes the events of a message out of frames: [`Mapper`] of ConverseStream's, [`InvokeMapper`] of InvokeModel's.
pub trait MessageMapper:
    Inbound<Event = Event, Error = StreamError, Outcome = Outcome<Reply, StreamError>>
{
    /// What has been said so far.
    fn reply(&self) -> &Reply;

    /// Says that the stream has failed outside the frames that were read. The first failure stands.
    fn fail(&mut self, error: StreamError);

    /// Why the stream has failed, if it has.
    fn failure(&self) -> Option<&StreamError>;
}

impl MessageMapper for Mapper {
    fn reply(&self) -> &Reply {
        self.reply()
    }

    fn fail(&mut self, error: StreamError) {
        self.fail(error);
    }

    fn failure(&self) -> Option<&StreamError> {
        self.failure()
    }
}

impl MessageMapper for InvokeMapper {
    fn reply(&self) -> &Reply {
        self.reply()
    }

    fn fail(&mut self, error: StreamError) {
        self.fail(error);
    }

    fn failure(&self) -> Option<&StreamError> {
        self.failure()
    }
}

/// Chunks of a response's body in, events or raw frames out, as the caller pulls them.
///
/// Feed chunks as they arrive; pull until `None`; [`finish`](Self::finish) when the transport has ended. Events and raw
/// frames come from one place in the stream: each frame is given out once, one way or the other, and the verdict covers
/// both. Memory is bounded by the decoder's limits and by what the reply holds.
#[derive(Debug, Default)]
pub struct Reader<M = Mapper> {
    decoder: Decoder,
    mapper: M,
    events: VecDeque<Event>,
}

impl Reader {
    /// A reader of ConverseStream with the codec's default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A reader of ConverseStream with these limits on frames.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            decoder: Decoder::with_limits(limits),
            ..Self::default()
        }
    }
}

impl<M: MessageMapper> Reader<M> {
    /// A reader with a mapper of the caller's: one that knows the request id, or reads InvokeModel's chunks.
    #[must_use]
    pub fn with_mapper(mapper: M) -> Self {
        Self {
            decoder: Decoder::new(),
            mapper,
            events: VecDeque::new(),
        }
    }

    /// Takes the next chunk of the body.
    pub fn feed(&mut self, chunk: Bytes) {
        self.decoder.feed(chunk);
    }

    /// The next event; `None` where more bytes are needed.
    ///
    /// # Errors
    /// Why the stream failed, after all events before it; from then on always the same.
    pub fn next_event(&mut self) -> Result<Option<Event>, StreamError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match self.decoder.next_frame() {
                Ok(Some(frame)) => {
                    let events = &mut self.events;
                    let read = self
                        .mapper
                        .read(frame, &mut |event| events.push_back(event));
                    if self.events.is_empty() {
                        read?;
                    }
                }
                Ok(None) => return self.failure().map_or(Ok(None), Err),
                Err(error) => {
                    self.mapper.fail(error.into());
                    return self.failure().map_or(Ok(None), Err);
                }
            }
        }
    }

    /// The next frame as it came; `None` where more bytes are needed. Its events are counted in for the verdict, and are
    /// not given out.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event); an exception is a frame first, and an error with the next call.
    pub fn next_frame(&mut self) -> Result<Option<Message>, StreamError> {
        if let Some(error) = self.failure() {
            return Err(error);
        }
        match self.decoder.next_message() {
            Ok(Some(message)) => {
                // The mapper keeps its error and gives it again.
                let _ = self.mapper.read(message.frame(), &mut |_| {});
                Ok(Some(message))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.mapper.fail(error.clone().into());
                Err(error.into())
            }
        }
    }

    /// What makes events of frames.
    #[must_use]
    pub fn mapper(&self) -> &M {
        &self.mapper
    }

    /// What has been said so far.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        self.mapper.reply()
    }

    /// Says how the transport ended, hands the events that were not pulled to `sink`, and gives the verdict.
    pub fn finish(
        mut self,
        end: TransportEnd,
        sink: &mut impl FnMut(Event),
    ) -> Outcome<Reply, StreamError> {
        while let Ok(Some(event)) = self.next_event() {
            sink(event);
        }
        let end = if self.decoder.is_mid_frame() {
            TransportEnd::Cut
        } else {
            end
        };
        self.mapper.finish(end, sink)
    }

    fn failure(&self) -> Option<StreamError> {
        self.mapper.failure().cloned()
    }
}

/// Calls `each` for every event of a body and collects what it returns, in order; an empty result (`None`, `()`) keeps
/// its place. The body's end counts as a clean end of the transport, as for a recorded file.
pub fn read_body<T>(
    body: impl IntoIterator<Item = Bytes>,
    mut each: impl FnMut(Event) -> T,
) -> (Vec<T>, Outcome<Reply, StreamError>) {
    let mut events = Events::new(body);
    let results = events.by_ref().map(&mut each).collect();
    (results, events.finish())
}

/// Folds a body into its reply.
///
/// # Errors
/// Where the stream was cut or failed; what had come of the reply is in the error.
pub fn collect_body(body: impl IntoIterator<Item = Bytes>) -> Result<Reply, Box<Unfinished>> {
    complete(Events::new(body).finish())
}

/// The reply of a complete stream.
///
/// # Errors
/// Where the stream was cut or failed; what had come of the reply is in the error.
pub fn complete(outcome: Outcome<Reply, StreamError>) -> Result<Reply, Box<Unfinished>> {
    let (why, reply) = match outcome {
        Outcome::Complete(reply) => return Ok(reply),
        Outcome::Incomplete { missing, received } => (Why::Incomplete(missing), received),
        Outcome::Failed { error, received } => (Why::Failed(error), received),
    };
    Err(Box::new(Unfinished { why, reply }))
}

/// The events of a body whose chunks are at hand: a file, a recording, a blocking client's iterator.
///
/// It ends with the body, after a failure, or when it is dropped, and lets go of the body then.
#[derive(Debug)]
pub struct Events<I, M = Mapper> {
    body: Option<I>,
    reader: Reader<M>,
}

impl<I: Iterator<Item = Bytes>> Events<I> {
    /// The events of a body of ConverseStream.
    pub fn new(body: impl IntoIterator<IntoIter = I, Item = Bytes>) -> Self {
        Self::with_mapper(body, Mapper::new())
    }
}

impl<I: Iterator<Item = Bytes>, M: MessageMapper> Events<I, M> {
    /// The events that a mapper of the caller's makes of a body.
    pub fn with_mapper(body: impl IntoIterator<IntoIter = I, Item = Bytes>, mapper: M) -> Self {
        Self {
            body: Some(body.into_iter()),
            reader: Reader::with_mapper(mapper),
        }
    }

    /// Reads the rest of the body and gives the verdict, its end taken as a clean end of the transport.
    pub fn finish(mut self) -> Outcome<Reply, StreamError> {
        self.by_ref().for_each(drop);
        self.reader.finish(TransportEnd::Clean, &mut |_| {})
    }
}

impl<I: Iterator<Item = Bytes>, M: MessageMapper> Iterator for Events<I, M> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            match self.reader.next_event() {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(_) => self.body = None,
            }
            match self.body.as_mut()?.next() {
                Some(chunk) => self.reader.feed(chunk),
                None => self.body = None,
            }
        }
    }
}

/// A stream that was cut or failed, with what had come of its reply.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unfinished {
    /// Why it is not complete.
    pub why: Why,
    /// What had come.
    pub reply: Reply,
}

/// Why a stream is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It was cut.
    Incomplete(Missing),
    /// It failed.
    Failed(StreamError),
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Incomplete(missing) => missing.fmt(f)?,
            Why::Failed(error) => error.fmt(f)?,
        }
        write!(f, "; {} blocks had come", self.reply.blocks.len())
    }
}

impl Error for Unfinished {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::Incomplete(_) => None,
            Why::Failed(error) => Some(error),
        }
    }
}
