//! The client's two halves of a call in a pipe.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::call::Call;
use crate::{Error, ErrorKind, Phase, ReceiveHalf, SendHalf};

/// The client's sending half of a call in a [`pipe`](crate::pipe()).
pub struct PipeSend {
    call: Arc<Call>,
    /// What a dropped `send` future had taken and not yet sent.
    rest: Bytes,
    finished: bool,
}

impl PipeSend {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self {
            call,
            rest: Bytes::new(),
            finished: false,
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.finished {
            return Err(Error::new(ErrorKind::SendFinished, Phase::Send));
        }
        poll_fn(|cx| {
            self.call.poll(cx, |state| match state.send_error() {
                Some(error) => Some(Err(error)),
                None => state.up.push(&mut self.rest).then_some(Ok(())),
            })
        })
        .await
    }
}

impl SendHalf for PipeSend {
    async fn ready(&mut self) -> Result<(), Error> {
        self.flush().await?;
        poll_fn(|cx| {
            self.call.poll(cx, |state| match state.send_error() {
                Some(error) => Some(Err(error)),
                None => (state.up.room() > 0).then_some(Ok(())),
            })
        })
        .await
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.flush().await?;
        self.rest = chunk;
        self.flush().await
    }

    async fn finish(&mut self) -> Result<(), Error> {
        if self.finished {
            return Ok(());
        }
        match self.flush().await {
            Err(error) if !(self.rest.is_empty() && is_success(&error)) => return Err(error),
            _ => self.finished = true,
        }
        self.call.change(|state| state.up.ended = true);
        Ok(())
    }
}

impl Drop for PipeSend {
    fn drop(&mut self) {
        if !self.finished {
            self.call.change(|state| {
                if state.status.is_none_or(|status| status.is_success()) {
                    state.fail(cancelled());
                }
            });
        }
    }
}

/// The client's receiving half of a call in a [`pipe`](crate::pipe()).
pub struct PipeReceive {
    call: Arc<Call>,
    head: Option<http::response::Parts>,
}

impl PipeReceive {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self { call, head: None }
    }
}

impl ReceiveHalf for PipeReceive {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        let head = match self.head.take() {
            Some(head) => head,
            None => {
                poll_fn(|cx| {
                    self.call.poll(cx, |state| match state.head.take() {
                        Some(head) => Some(Ok(head)),
                        None => state.failure.clone().map(Err),
                    })
                })
                .await?
            }
        };
        Ok(self.head.insert(head))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| {
            self.call.poll(cx, |state| {
                if let Some(chunk) = state.down.pop() {
                    return Some(Ok(Some(chunk)));
                }
                if state.down.ended {
                    return Some(Ok(None));
                }
                state.failure.clone().map(Err)
            })
        })
        .await
    }
}

impl Drop for PipeReceive {
    fn drop(&mut self) {
        self.call.change(|state| {
            if !state.down.ended {
                state.fail(cancelled());
            }
        });
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, Phase::Send)
}

fn is_success(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AnsweredEarly(status) if status.is_success())
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for PipeSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeSend").finish_non_exhaustive()
    }
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for PipeReceive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeReceive").finish_non_exhaustive()
    }
}
