//! The peer's side of a call in a pipe: what a test plays.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::call::Call;
use crate::{Error, ErrorCode, ErrorKind, Phase};

/// A call as the peer sees it.
pub struct PeerCall {
    /// The request head.
    pub head: http::Request<()>,
    /// The request body.
    pub receive: PeerReceive,
    /// The response.
    pub send: PeerSend,
}

impl PeerCall {
    pub(super) fn new(head: http::Request<()>, call: Arc<Call>) -> Self {
        Self {
            head,
            receive: PeerReceive {
                call: Arc::clone(&call),
            },
            send: PeerSend {
                call,
                finished: false,
            },
        }
    }

    pub(super) fn refuse(&self) {
        self.send.call.change(|state| {
            state.fail(reset(ErrorCode::REFUSED_STREAM).with_processed(false));
        });
    }
}

/// The request body, as the peer sees it.
pub struct PeerReceive {
    call: Arc<Call>,
}

impl PeerReceive {
    /// The next chunk; `None` after the client's `finish`.
    ///
    /// # Errors
    ///
    /// The call failed or was cancelled before the client had finished.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| {
            self.call.poll(cx, |state| {
                if let Some(chunk) = state.up.pop() {
                    return Some(Ok(Some(chunk)));
                }
                if state.up.ended {
                    return Some(Ok(None));
                }
                state.failure.clone().map(Err)
            })
        })
        .await
    }
}

/// The response, as the peer gives it. Dropped before [`finish`](Self::finish), it resets the call
/// with `INTERNAL_ERROR`.
pub struct PeerSend {
    call: Arc<Call>,
    finished: bool,
}

impl PeerSend {
    /// Gives the response head; a second one is ignored.
    pub fn head(&mut self, head: http::Response<()>) {
        let (head, ()) = head.into_parts();
        self.call.change(|state| {
            if state.status.is_none() {
                state.status = Some(head.status);
                state.head = Some(head);
            }
        });
    }

    /// Gives a chunk, waiting for the window where it is full.
    ///
    /// # Errors
    ///
    /// The call failed or was cancelled.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future may have given a part of `chunk`.
    pub async fn send(&mut self, mut chunk: Bytes) -> Result<(), Error> {
        poll_fn(|cx| {
            self.call.poll(cx, |state| match state.failure.clone() {
                Some(error) => Some(Err(error)),
                None => state.down.push(&mut chunk).then_some(Ok(())),
            })
        })
        .await
    }

    /// Ends the response (`END_STREAM`).
    pub fn finish(&mut self) {
        self.finished = true;
        self.call
            .change(|state| state.down.ended |= state.failure.is_none());
    }

    /// Resets the call; after [`finish`](Self::finish) that only stops the upload.
    pub fn reset(&mut self, code: ErrorCode) {
        self.finished = true;
        self.call.change(|state| {
            let processed = code != ErrorCode::REFUSED_STREAM || state.status.is_some();
            state.fail(reset(code).with_processed(processed));
        });
    }

    /// Cuts the connection under the call.
    pub fn cut(&mut self) {
        self.finished = true;
        self.call.change(|state| {
            state.fail(Error::new(ErrorKind::ConnectionLost, Phase::Receive));
        });
    }
}

impl Drop for PeerSend {
    fn drop(&mut self) {
        if !self.finished {
            self.reset(ErrorCode::INTERNAL_ERROR);
        }
    }
}

fn reset(code: ErrorCode) -> Error {
    Error::new(ErrorKind::Reset(code), Phase::Receive)
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for PeerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCall").finish_non_exhaustive()
    }
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for PeerReceive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerReceive").finish_non_exhaustive()
    }
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for PeerSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerSend").finish_non_exhaustive()
    }
}
