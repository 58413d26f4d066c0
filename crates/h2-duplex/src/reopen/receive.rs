//! The receiving half of a call that may be opened again.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::shared::Shared;
use crate::{Duplex, Error, ReceiveHalf};

/// The receiving half of a call of [`Reopen`](super::Reopen).
pub struct ReopenReceive<D: Duplex> {
    half: D::Receive,
    /// `None` once the response head has come: the call stays as it is.
    shared: Option<Arc<Shared<D>>>,
}

impl<D: Duplex> ReopenReceive<D> {
    pub(super) fn new(half: D::Receive, shared: Arc<Shared<D>>) -> Self {
        Self {
            half,
            shared: Some(shared),
        }
    }

    /// The half of the call as it was opened last.
    pub fn get_ref(&self) -> &D::Receive {
        &self.half
    }

    /// Waits until the call cannot be opened again, or need not be: its head has come.
    async fn settle(&mut self) -> Result<(), Error> {
        while let Some(shared) = &self.shared {
            match self.half.head().await.map(|_head| ()) {
                Ok(()) => {
                    let mut state = shared.lock();
                    state.settled = true;
                    // The sender lets it go by itself: it alone knows what it has yet to send.
                    if state.sender_is_gone {
                        state.log.give_up();
                    }
                    drop(state);
                    self.shared = None;
                }
                Err(error) => {
                    self.half = shared.newer(error, |state| state.receive.take()).await?;
                }
            }
        }
        Ok(())
    }
}

impl<D: Duplex + Send + 'static> ReceiveHalf for ReopenReceive<D> {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        self.settle().await?;
        self.half.head().await
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.settle().await?;
        self.half.next().await
    }
}

impl<D: Duplex> Drop for ReopenReceive<D> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let mut state = shared.lock();
            state.receiver_is_gone = true;
            let unused = state.receive.take();
            drop(state);
            drop(unused);
        }
    }
}

impl<D: Duplex> fmt::Debug for ReopenReceive<D>
where
    D::Receive: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReopenReceive")
            .field("half", &self.half)
            .finish_non_exhaustive()
    }
}
