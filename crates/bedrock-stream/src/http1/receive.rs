//! The receiving half of a call over HTTP/1.1.

use std::future::Future;

use bytes::Bytes;
use h2_duplex::{Error, ErrorKind, Phase, ReceiveHalf};
use http::response::Parts;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::progress::Watch;

/// Chunks that wait to be read, beside what hyper holds; each is at most hyper's buffer.
const UNREAD: usize = 8;

/// The receiving half of a call over HTTP/1.1. Dropped before the end, it closes the connection.
pub(crate) struct Http1Receive {
    coming: Option<oneshot::Receiver<Parts>>,
    head: Option<Parts>,
    chunks: mpsc::Receiver<Bytes>,
    watch: Watch,
    task: AbortHandle,
}

/// Where the exchange puts what comes.
pub(super) struct Deliver {
    pub(super) head: oneshot::Sender<Parts>,
    pub(super) chunks: mpsc::Sender<Bytes>,
}

impl Http1Receive {
    /// Spawns the exchange.
    pub(super) fn start<F>(watch: Watch, exchange: impl FnOnce(Deliver) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (head, coming) = oneshot::channel();
        let (chunks, received) = mpsc::channel(UNREAD);
        let task = tokio::spawn(exchange(Deliver { head, chunks })).abort_handle();
        Self {
            coming: Some(coming),
            head: None,
            chunks: received,
            watch,
            task,
        }
    }

    /// How the call ended: the exchange tells it before it lets go of its channels.
    fn end(&self) -> Result<(), Error> {
        let lost = || Err(Error::new(ErrorKind::ConnectionLost, Phase::Receive));
        self.watch.end().unwrap_or_else(lost)
    }
}

impl ReceiveHalf for Http1Receive {
    async fn head(&mut self) -> Result<&Parts, Error> {
        if let Some(coming) = &mut self.coming {
            if let Ok(head) = coming.await {
                self.head = Some(head);
            }
            self.coming = None;
        }
        match &self.head {
            Some(head) => Ok(head),
            // There is no end in order before the head.
            None => Err(self
                .end()
                .err()
                .unwrap_or_else(|| Error::new(ErrorKind::ConnectionLost, Phase::Receive))),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.chunks.recv().await {
            Some(chunk) => Ok(Some(chunk)),
            None => self.end().map(|()| None),
        }
    }
}

impl Drop for Http1Receive {
    fn drop(&mut self) {
        self.watch.cancel(Phase::Receive);
        self.task.abort();
    }
}
