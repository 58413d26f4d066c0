//! The sending half of a call that may be opened again.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::shared::{Shared, give};
use crate::{Duplex, Error, SendHalf};

/// The sending half of a call of [`Reopen`](super::Reopen).
pub struct ReopenSend<D: Duplex> {
    half: D::Send,
    /// How many chunks of the log the half was given.
    sent: usize,
    shared: Arc<Shared<D>>,
    /// Whether the log is kept: once it is not, the half stays as it is.
    keeps: bool,
}

impl<D: Duplex> ReopenSend<D> {
    pub(super) fn new(half: D::Send, shared: Arc<Shared<D>>) -> Self {
        Self {
            half,
            sent: 0,
            shared,
            keeps: true,
        }
    }

    /// The half of the call as it was opened last.
    pub fn get_ref(&self) -> &D::Send {
        &self.half
    }

    /// As [`get_ref`](Self::get_ref). What is sent through it is missing where the call is opened
    /// again.
    pub fn get_mut(&mut self) -> &mut D::Send {
        &mut self.half
    }

    /// Takes the newest half in place of one that failed with `error`.
    async fn renew(&mut self, error: Error) -> Result<(), Error> {
        let newest = self.shared.newer(error, |state| state.send.take()).await?;
        self.half = newest.half;
        self.sent = newest.sent;
        Ok(())
    }

    /// Gives the half what the log has more.
    async fn push(&mut self) -> Result<(), Error> {
        loop {
            let chunk = self.shared.lock().log.after(self.sent);
            let Some(chunk) = chunk else { return Ok(()) };
            if let Err(error) = give(&mut self.half, &mut self.sent, chunk).await {
                self.renew(error).await?;
            }
        }
    }

    /// Lets the log go if that may be: this half is the newest and has all of it.
    fn let_go(&mut self) -> bool {
        let mut state = self.shared.lock();
        let outdated = state.opening || state.send.is_some();
        if outdated || self.sent < state.log.count() {
            return false;
        }
        state.log.give_up();
        self.keeps = false;
        true
    }

    /// Brings the half up to date; whether the log is still kept after that.
    async fn catch_up(&mut self) -> Result<bool, Error> {
        if self.keeps {
            self.push().await?;
            let settled = self.shared.lock().settled;
            if settled {
                self.let_go();
            }
        }
        Ok(self.keeps)
    }
}

impl<D: Duplex + Send + 'static> SendHalf for ReopenSend<D> {
    async fn ready(&mut self) -> Result<(), Error> {
        while self.catch_up().await? {
            match self.half.ready().await {
                Ok(()) => return Ok(()),
                Err(error) => self.renew(error).await?,
            }
        }
        self.half.ready().await
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        while self.catch_up().await? {
            if self.shared.lock().log.add(&chunk) {
                return self.push().await;
            }
            // The half must be the newest before the log goes.
            if !self.let_go() {
                self.ready().await?;
            }
        }
        self.half.send(chunk).await
    }

    async fn finish(&mut self) -> Result<(), Error> {
        while self.catch_up().await? {
            // Before it is done: the other half may have to do it again.
            self.shared.lock().log.finished = true;
            match self.half.finish().await {
                Ok(()) => return Ok(()),
                Err(error) => self.renew(error).await?,
            }
        }
        self.half.finish().await
    }
}

impl<D: Duplex> Drop for ReopenSend<D> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.sender_is_gone = true;
        if state.settled || !state.log.finished {
            state.log.give_up();
        }
        let unused = state.send.take();
        drop(state);
        drop(unused);
    }
}

impl<D: Duplex> fmt::Debug for ReopenSend<D>
where
    D::Send: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReopenSend")
            .field("half", &self.half)
            .finish_non_exhaustive()
    }
}
