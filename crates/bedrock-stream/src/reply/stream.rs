//! The reply to a request while it streams.

use std::fmt;

use bedrock_wire::Outcome;
use converse_stream::family::{Family, InvokeMapper};
use converse_stream::{Event, Mapper, MessageMapper, Reply};
use eventstream_codec::Message;
use h2_duplex::ReceiveHalf;
use http::HeaderMap;

use super::ReplyEvents;
use crate::error::Error;
use crate::one_way::OneWayReceive;
use crate::receiver::FrameReceiver;

/// A reply by ConverseStream as it streams.
pub type ConverseStream<H = OneWayReceive> = ReplyStream<H, Mapper>;

/// A reply by InvokeModelWithResponseStream as it streams.
pub type InvokeStream<H = OneWayReceive> = ReplyStream<H, InvokeMapper>;

/// A reply as it streams, from frames that `M` reads. Dropped before its end, it cancels the request (`RST_STREAM`,
/// `CANCEL`).
pub struct ReplyStream<H, M: MessageMapper> {
    frames: FrameReceiver<H, M>,
    headers: HeaderMap,
    attempts: u32,
}

impl<H: ReceiveHalf, M: MessageMapper + Send + 'static> ReplyStream<H, M> {
    pub(super) fn new(frames: FrameReceiver<H, M>, headers: HeaderMap, attempts: u32) -> Self {
        Self {
            frames,
            headers,
            attempts,
        }
    }

    /// The next event; `None` only when the reply is complete, and from then on. What arrived before a failure comes before
    /// it.
    ///
    /// # Errors
    /// Why the reply is not complete: the service's exception, a broken connection, a deadline, bytes that are not frames,
    /// an end that came too early. From then on always the same.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost, so a timeout around it is harmless.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        match self.frames.next().await {
            Ok(Some(event)) => Ok(Some(event)),
            _ => self.ended(),
        }
    }

    /// The next frame as it came, instead of its events; `None` only when the reply is complete. Frames and events can be
    /// asked for in turn: a frame's events count for the reply and the outcome, and are not given out.
    ///
    /// # Errors
    /// As [`next`](Self::next); an exception is a frame first, and an error with the next call.
    ///
    /// # Cancel safety
    /// Cancel safe: no frame is lost.
    pub async fn next_frame(&mut self) -> Result<Option<Message>, Error> {
        match self.frames.next_frame().await {
            Ok(Some(message)) => Ok(Some(message)),
            _ => self.ended(),
        }
    }

    /// Reads the reply to its end.
    ///
    /// # Errors
    /// Where it is not complete: why, and what had come of it.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the request.
    pub async fn collect(mut self) -> Result<Reply, Box<Unfinished>> {
        loop {
            match self.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(self.reply().clone()),
                Err(error) => {
                    let reply = self.reply().clone();
                    return Err(Box::new(Unfinished { error, reply }));
                }
            }
        }
    }

    /// The events as a [`Stream`](futures_core::Stream), which ends after an error.
    #[must_use]
    pub fn into_events(self) -> ReplyEvents<H, M> {
        ReplyEvents::new(self)
    }

    /// What has come of the reply so far, or in all.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        self.frames
            .received()
            .unwrap_or_else(|| self.frames.inbound().reply())
    }

    /// How the reply ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<Reply, Error>> {
        let outcome = self.frames.outcome()?;
        Some(outcome.map_err(|error| error.after_attempts(self.attempts)))
    }

    /// The service's id of the request, to be given to AWS's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.frames.request_id()
    }

    /// The headers of the response: `x-amzn-bedrock-performanceconfig-latency` and `x-amzn-bedrock-service-tier` say how the
    /// request was served.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How often the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// An event that is at hand.
    pub(super) fn pop(&mut self) -> Option<Event> {
        self.frames.pop()
    }

    fn ended<T>(&self) -> Result<Option<T>, Error> {
        match self.frames.error() {
            Some(error) => Err(error.clone().after_attempts(self.attempts)),
            None => Ok(None),
        }
    }
}

impl<H: ReceiveHalf> InvokeStream<H> {
    /// The family whose chunks these are; `None` while none has said it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        self.frames.inbound().family()
    }
}

/// Shows nothing of the reply.
impl<H, M: MessageMapper> fmt::Debug for ReplyStream<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream")
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A reply that is not complete.
#[derive(Clone)]
#[non_exhaustive]
pub struct Unfinished {
    /// Why.
    pub error: Error,
    /// What had come.
    pub reply: Reply,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks = self.reply.blocks.len();
        write!(f, "{}; {blocks} blocks had come", self.error)
    }
}

/// Shows nothing of the reply but its length.
impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("error", &self.error)
            .field("blocks", &self.reply.blocks.len())
            .finish()
    }
}

impl std::error::Error for Unfinished {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
