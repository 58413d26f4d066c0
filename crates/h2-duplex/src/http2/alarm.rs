//! One timer for whatever comes first.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// It may ring early, never late: who sets it looks at the clock when it rings.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(super) fn no_later_than(&mut self, at: Option<Instant>) {
        self.at = self.at.into_iter().chain(at).min();
    }

    /// Ready when it rings; it is unset then.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        ready!(sleep.as_mut().poll(cx));
        self.at = None;
        Poll::Ready(())
    }
}
