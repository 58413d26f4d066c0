//! The listening side of a conversation.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bedrock_wire::Outcome;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use nova_sonic::Summary;

use super::event::VoiceEvent;
use super::shared::Shared;
use crate::error::Error;

/// What happens in a conversation, in order. Take events as they come: the model's speech arrives faster than it plays, and
/// when 43 s of it wait here nothing more is received. Where this is dropped, the events are, and the conversation goes on.
pub struct VoiceEvents {
    shared: Arc<Shared>,
    reported: bool,
}

impl VoiceEvents {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            reported: false,
        }
    }

    /// The next event; `None` only when the conversation is over and complete.
    ///
    /// # Errors
    /// Why the conversation ended before it was closed. Given once, behind all events; after it, and after `None`, always `None`.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Result<Option<VoiceEvent>, Error> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// How the conversation ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<Summary, Error>> {
        self.shared.lock().outcome()
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<Option<VoiceEvent>, Error>> {
        if let Some(event) = self.shared.next_event(cx) {
            return Poll::Ready(Ok(Some(event)));
        }
        match self.outcome() {
            None => Poll::Pending,
            Some(Outcome::Complete(_)) => Poll::Ready(Ok(None)),
            Some(_) if self.reported => Poll::Ready(Ok(None)),
            Some(Outcome::Failed { error, .. }) => {
                self.reported = true;
                Poll::Ready(Err(error))
            }
            Some(Outcome::Incomplete { missing, .. }) => {
                self.reported = true;
                Poll::Ready(Err(Error::incomplete(missing)))
            }
        }
    }
}

impl Stream for VoiceEvents {
    type Item = Result<VoiceEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx).map(Result::transpose)
    }
}

impl FusedStream for VoiceEvents {
    fn is_terminated(&self) -> bool {
        let state = self.shared.lock();
        let told = |outcome: Outcome<Summary, Error>| outcome.is_complete() || self.reported;
        state.queue.is_empty() && state.outcome().is_some_and(told)
    }
}

impl Drop for VoiceEvents {
    fn drop(&mut self) {
        self.shared.with(|state, _| state.queue.close());
    }
}

impl fmt::Debug for VoiceEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceEvents").finish_non_exhaustive()
    }
}
