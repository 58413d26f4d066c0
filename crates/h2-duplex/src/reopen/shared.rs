//! What the halves of a call share while it may be opened again.
//!
//! Whichever half meets the failure first opens the call again and lays out the other's new half.
//! What it has come to is kept here and not in its future, so that a dropped one costs nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::log::Log;
use super::was_not_taken;
use crate::{Duplex, Error, ErrorKind, Phase, SendHalf};

pub(super) struct Shared<D: Duplex> {
    state: Mutex<State<D>>,
    /// Held by the half that opens the call again.
    opener: tokio::sync::Mutex<Opener<D>>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other"
)]
pub(super) struct State<D: Duplex> {
    pub(super) log: Log,
    /// Halves of the newest call that nobody has taken yet.
    pub(super) send: Option<NewSend<D>>,
    pub(super) receive: Option<D::Receive>,
    /// The response head has come: the call stays as it is.
    pub(super) settled: bool,
    /// A newer call is on its way, and needs the log.
    pub(super) opening: bool,
    /// Why there will be no newer call.
    failed: Option<Error>,
    pub(super) sender_is_gone: bool,
    pub(super) receiver_is_gone: bool,
}

/// A new sending half, which has been given the first `sent` chunks of the log.
pub(super) struct NewSend<D: Duplex> {
    pub(super) half: D::Send,
    pub(super) sent: usize,
}

struct Opener<D: Duplex> {
    calls: D,
    head: http::Request<()>,
    left: u32,
    /// The newer call, and what it was given so far.
    fresh: Option<(NewSend<D>, D::Receive)>,
}

impl<D: Duplex> Shared<D> {
    pub(super) fn new(calls: D, head: http::Request<()>, left: u32, limit: usize) -> Self {
        let state = State {
            log: Log::new(limit),
            send: None,
            receive: None,
            settled: false,
            opening: false,
            failed: None,
            sender_is_gone: false,
            receiver_is_gone: false,
        };
        let opener = Opener {
            calls,
            head,
            left,
            fresh: None,
        };
        Self {
            state: Mutex::new(state),
            opener: tokio::sync::Mutex::new(opener),
        }
    }

    /// A half of a newer call, which is made if it is not there yet; `error` where there is none to
    /// be had.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next call, of either half, goes on.
    pub(super) async fn newer<T>(
        &self,
        error: Error,
        take: impl Fn(&mut State<D>) -> Option<T>,
    ) -> Result<T, Error> {
        if !was_not_taken(&error) {
            return Err(error);
        }
        let mut opener = self.opener.lock().await;
        loop {
            {
                let mut state = self.lock();
                if let Some(half) = take(&mut state) {
                    return Ok(half);
                }
                if let Some(error) = &state.failed {
                    return Err(error.clone());
                }
            }
            // Rare, and large: it should not make the futures of every call large.
            Box::pin(self.open_again(&mut opener, error.clone())).await?;
        }
    }

    async fn open_again(&self, opener: &mut Opener<D>, mut error: Error) -> Result<(), Error> {
        loop {
            if opener.fresh.is_none() {
                self.begin(opener.left, error)?;
                let result = opener.calls.open(opener.head.clone()).await;
                opener.left -= 1;
                match result {
                    Ok((half, receive)) => {
                        opener.fresh = Some((NewSend { half, sent: 0 }, receive));
                    }
                    Err(again) => {
                        error = again;
                        continue;
                    }
                }
            }
            match self.replay(opener).await {
                Err(again) if opener.left > 0 && was_not_taken(&again) => {
                    opener.fresh = None;
                    error = again;
                }
                // The new halves tell what else there is to tell.
                _ => return Ok(()),
            }
        }
    }

    /// May the call be opened again? If not, both halves hear the same of it.
    fn begin(&self, left: u32, error: Error) -> Result<(), Error> {
        let mut state = self.lock();
        let abandoned = state.receiver_is_gone || (state.sender_is_gone && !state.log.finished);
        let error = if abandoned {
            Error::new(ErrorKind::Cancelled, Phase::Send)
        } else if left == 0 || !was_not_taken(&error) || !state.log.is_whole() || state.settled {
            error
        } else {
            state.opening = true;
            return Ok(());
        };
        state.opening = false;
        state.failed = Some(error.clone());
        Err(error)
    }

    /// Gives the newer call what the older ones were given, then lays its halves out.
    async fn replay(&self, opener: &mut Opener<D>) -> Result<(), Error> {
        let Some((send, _)) = &mut opener.fresh else {
            return Ok(());
        };
        let mut result = Ok(());
        loop {
            let chunk = self.lock().log.after(send.sent);
            let Some(chunk) = chunk else { break };
            result = give(&mut send.half, &mut send.sent, chunk).await;
            if result.is_err() {
                break;
            }
        }
        if result.is_ok() && self.lock().log.finished {
            result = send.half.finish().await;
        }
        if let Err(error) = &result {
            if opener.left > 0 && was_not_taken(error) {
                return result;
            }
        }
        let Some((send, receive)) = opener.fresh.take() else {
            return Ok(());
        };
        let mut state = self.lock();
        state.opening = false;
        // A half that nobody is there to take goes as it would have gone with its owner.
        state.send = (!state.sender_is_gone).then_some(send);
        state.receive = (!state.receiver_is_gone).then_some(receive);
        Ok(())
    }

    /// A panic elsewhere leaves the state whole: every change under the lock is one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a chunk, and counts it when the half has taken it: a dropped future must neither lose nor
/// double it.
pub(super) async fn give(
    half: &mut impl SendHalf,
    sent: &mut usize,
    chunk: Bytes,
) -> Result<(), Error> {
    // Without this a half that still has a part of the chunk before would not take this one yet.
    half.ready().await?;
    *sent += 1;
    half.send(chunk).await
}
