//! The events of a reply as a `Stream`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bedrock_wire::Outcome;
use converse_stream::{Event, Reply};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use h2_duplex::ReceiveHalf;

use super::ConverseStream;
use crate::error::Error;
use crate::one_way::OneWayReceive;

type Next<H> = (Box<ConverseStream<H>>, Result<Option<Event>, Error>);

/// The events of a reply. Ends after the last event of a complete reply, or after an error.
///
/// A wait for the network costs one allocation; [`ConverseStream::next`] has none.
pub struct ConverseEvents<H = OneWayReceive>(State<H>);

enum State<H> {
    Idle(Box<ConverseStream<H>>),
    Waiting(Pin<Box<dyn Future<Output = Next<H>> + Send>>),
    Ended(Box<ConverseStream<H>>),
    /// Only within a poll.
    Moved,
}

impl<H: ReceiveHalf> ConverseEvents<H> {
    pub(super) fn new(stream: ConverseStream<H>) -> Self {
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

impl<H: ReceiveHalf> Stream for ConverseEvents<H> {
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

impl<H: ReceiveHalf> FusedStream for ConverseEvents<H> {
    fn is_terminated(&self) -> bool {
        matches!(self.0, State::Ended(_))
    }
}

/// Shows nothing of the reply.
impl<H> fmt::Debug for ConverseEvents<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConverseEvents").finish_non_exhaustive()
    }
}
