//! An in-memory [`Duplex`]: no HTTP/2, no network, no runtime. For tests of what lies above.
//!
//! The peer's side is in the test's hands: it takes each call's head and chunks, and gives head,
//! chunks, a clean end, a reset or a cut.
//!
//! ```
//! use bytes::Bytes;
//! use h2_duplex::{Duplex, Error, ErrorCode, ErrorKind, ReceiveHalf, SendHalf, pipe};
//!
//! # async fn run() -> Result<(), Error> {
//! let (mut client, mut acceptor) = pipe(65_535);
//! let (mut send, mut receive) = client.open(http::Request::new(())).await?;
//! send.send(Bytes::from_static(b"ping")).await?;
//!
//! let mut peer = acceptor.accept().await.expect("one call was opened");
//! assert_eq!(peer.receive.next().await?.as_deref(), Some(&b"ping"[..]));
//! peer.send.head(http::Response::new(()));
//! peer.send.send(Bytes::from_static(b"pong")).await?;
//! peer.send.reset(ErrorCode::NO_ERROR);
//!
//! assert_eq!(receive.next().await?.as_deref(), Some(&b"pong"[..]));
//! let error = receive.next().await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Reset(ErrorCode::NO_ERROR));
//! # Ok(()) }
//! # let mut run = std::pin::pin!(run());
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(matches!(run.as_mut().poll(&mut cx), std::task::Poll::Ready(Ok(()))));
//! ```

mod call;
mod client;
mod peer;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use self::call::Call;
pub use self::client::{PipeReceive, PipeSend};
pub use self::peer::{PeerCall, PeerReceive, PeerSend};
use crate::{Duplex, Error, ErrorKind, Phase};

/// Makes a pipe. `window` is how many bytes may lie unread in each direction of a call; at least 1.
#[must_use]
pub fn pipe(window: usize) -> (Pipe, Acceptor) {
    let backlog = Arc::new(Mutex::new(Backlog {
        clients: 1,
        ..Backlog::default()
    }));
    (
        Pipe {
            window: window.max(1),
            backlog: Arc::clone(&backlog),
        },
        Acceptor { backlog },
    )
}

/// The client's end of a [`pipe`]; clones open calls to the same [`Acceptor`].
pub struct Pipe {
    window: usize,
    backlog: Arc<Mutex<Backlog>>,
}

impl Duplex for Pipe {
    type Send = PipeSend;
    type Receive = PipeReceive;

    async fn open(&mut self, head: http::Request<()>) -> Result<(PipeSend, PipeReceive), Error> {
        let call = Arc::new(Call::new(self.window));
        let mut backlog = lock(&self.backlog);
        if backlog.closed {
            return Err(Error::new(ErrorKind::ConnectionLost, Phase::Open)
                .with_detail("the pipe's acceptor was dropped"));
        }
        backlog
            .calls
            .push_back(PeerCall::new(head, Arc::clone(&call)));
        let waiting = backlog.acceptor.take();
        drop(backlog);
        waiting.into_iter().for_each(Waker::wake);
        Ok((PipeSend::new(Arc::clone(&call)), PipeReceive::new(call)))
    }
}

impl Clone for Pipe {
    fn clone(&self) -> Self {
        lock(&self.backlog).clients += 1;
        Self {
            window: self.window,
            backlog: Arc::clone(&self.backlog),
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let mut backlog = lock(&self.backlog);
        backlog.clients -= 1;
        let waiting = if backlog.clients == 0 {
            backlog.acceptor.take()
        } else {
            None
        };
        drop(backlog);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The peer's end of a [`pipe`].
pub struct Acceptor {
    backlog: Arc<Mutex<Backlog>>,
}

impl Acceptor {
    /// The next call; `None` when every client is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn accept(&mut self) -> Option<PeerCall> {
        poll_fn(|cx| {
            let mut backlog = lock(&self.backlog);
            if let Some(call) = backlog.calls.pop_front() {
                return Poll::Ready(Some(call));
            }
            if backlog.clients == 0 {
                return Poll::Ready(None);
            }
            backlog.acceptor = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let mut backlog = lock(&self.backlog);
        backlog.closed = true;
        let refused = std::mem::take(&mut backlog.calls);
        drop(backlog);
        refused.iter().for_each(PeerCall::refuse);
    }
}

#[derive(Default)]
struct Backlog {
    calls: VecDeque<PeerCall>,
    clients: usize,
    closed: bool,
    acceptor: Option<Waker>,
}

/// A panic elsewhere leaves these states whole: every change under the lock is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").finish_non_exhaustive()
    }
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
