//! The events of a reply as a `Stream`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bedrock_wire::Outcome;
use converse_stream::family::InvokeMapper;
use converse_stream::{Event, Mapper, MessageMapper, Reply};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use h2_duplex::ReceiveHalf;

use super::ReplyStream;
use crate::error::Error;
use crate::one_way::OneWayReceive;

type Next<H, M> = (Box<ReplyStream<H, M>>, Result<Option<Event>, Error>);

/// The events of a reply by ConverseStream.
pub type ConverseEvents<H = OneWayReceive> = ReplyEvents<H, Mapper>;

/// The events of a reply by InvokeModelWithResponseStream.
pub type InvokeEvents<H = OneWayReceive> = ReplyEvents<H, InvokeMapper>;

/// The events of a reply. Ends after the last event of a complete reply, or after an error.
///
/// A wait for the network costs one allocation; [`ReplyStream::next`] has none.
pub struct ReplyEvents<H, M: MessageMapper>(State<H, M>);

enum State<H, M: MessageMapper> {
    Idle(Box<ReplyStream<H, M>>),
    Waiting(Pin<Box<dyn Future<Output = Next<H, M>> + Send>>),
    Ended(Box<ReplyStream<H, M>>),
    /// Only within a poll.
    Moved,
}

impl<H: ReceiveHalf, M: MessageMapper + Send + 'static> ReplyEvents<H, M> {
    pub(super) fn new(stream: ReplyStream<H, M>) -> Self {
        Self(State::Idle(Box::new(stream)))
    }

    /// How the reply ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<Reply, Error>> {
        match &self.0 {
            State::Ended(stream) => stream.outcome(),
            _ => None,
        }
    }
}

impl<H: ReceiveHalf, M: MessageMapper + Send + Unpin + 'static> Stream for ReplyEvents<H, M> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.0, State::Moved) {
                State::Idle(mut stream) => {
                    if let Some(event) = stream.pop() {
                        self.0 = State::Idle(stream);
                        return Poll::Ready(Some(Ok(event)));
                    }
                    self.0 = State::Waiting(Box::pin(async move {
                        let next = stream.next().await;
                        (stream, next)
                    }));
                }
                State::Waiting(mut next) => {
                    let Poll::Ready((stream, next)) = next.as_mut().poll(cx) else {
                        self.0 = State::Waiting(next);
                        return Poll::Pending;
                    };
                    self.0 = match next {
                        Ok(Some(_)) => State::Idle(stream),
                        _ => State::Ended(stream),
                    };
                    return Poll::Ready(next.transpose());
                }
                ended => {
                    self.0 = ended;
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl<H: ReceiveHalf, M: MessageMapper + Send + Unpin + 'static> FusedStream for ReplyEvents<H, M> {
    fn is_terminated(&self) -> bool {
        matches!(self.0, State::Ended(_))
    }
}

/// Shows nothing of the reply.
impl<H, M: MessageMapper> fmt::Debug for ReplyEvents<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyEvents").finish_non_exhaustive()
    }
}
