//! Frames from a [`Stream`] of byte chunks: the body of an HTTP response, the messages of a WebSocket.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::decode_error::DecodeError;
use crate::decoder::Decoder;
use crate::frame::Message;

/// Frames from a stream of chunks. It ends where the chunks end behind a whole frame, or behind its first error; an end
/// inside a frame is an error. A frame that lies within one chunk shares its memory.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct MessageStream<S> {
    chunks: S,
    decoder: Decoder,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The chunks have ended; frames may be left.
    Draining,
    Ended,
}

impl<S> MessageStream<S> {
    /// Reads frames from `chunks` with the default limits. A stream that is not [`Unpin`] goes in a `Box::pin`.
    pub fn new(chunks: S) -> Self {
        Self::with_decoder(chunks, Decoder::new())
    }

    /// Reads frames from `chunks` with this decoder's limits and policy.
    pub const fn with_decoder(chunks: S, decoder: Decoder) -> Self {
        Self {
            chunks,
            decoder,
            state: State::Reading,
        }
    }

    /// The decoder: how far it has come.
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

impl<S, B, E> Stream for MessageStream<S>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: Into<Bytes>,
{
    type Item = Result<Message, StreamError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.state == State::Ended {
                return Poll::Ready(None);
            }
            match this.decoder.next_message() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(this.decode_failed(error)))),
            }
            if this.state == State::Draining {
                this.state = State::Ended;
                let end = this.decoder.finish().err();
                return Poll::Ready(end.map(|error| Err(StreamError::Decode(error))));
            }
            match ready!(Pin::new(&mut this.chunks).poll_next(cx)) {
                Some(Ok(chunk)) => this.decoder.feed(chunk.into()),
                Some(Err(error)) => {
                    this.state = State::Ended;
                    return Poll::Ready(Some(Err(StreamError::Chunks(error))));
                }
                None => this.state = State::Draining,
            }
        }
    }
}

impl<S> MessageStream<S> {
    fn decode_failed<E>(&mut self, error: DecodeError) -> StreamError<E> {
        // A decoder that resynchronises goes on behind the bad frame; one that has failed says so for ever.
        if self.decoder.has_failed() {
            self.state = State::Ended;
        }
        StreamError::Decode(error)
    }
}

/// Why a stream of frames broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError<E> {
    /// The chunks could not be had.
    Chunks(E),
    /// The chunks are no frames, or end inside one.
    Decode(DecodeError),
}

impl<E: fmt::Display> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chunks(error) => write!(f, "reading frames: {error}"),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for StreamError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Chunks(error) => Some(error),
            Self::Decode(error) => Some(error),
        }
    }
}
