//! The sending half.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::call::Call;
use super::monitor::Monitor;
use crate::{Error, ErrorKind, Phase, SendHalf};

/// The sending half of an HTTP/2 call.
pub struct Sender {
    call: Arc<Call>,
    /// What a dropped `send` future had taken and not yet sent.
    rest: Bytes,
    finished: bool,
}

impl Sender {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self {
            call,
            rest: Bytes::new(),
            finished: false,
        }
    }

    /// Watches the call from elsewhere.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(Arc::clone(&self.call))
    }

    /// How many bytes would go at this moment without waiting: what the windows of call and
    /// connection and the send buffer have room for.
    #[must_use]
    pub fn writable(&self) -> usize {
        self.call.capacity().saturating_sub(self.rest.len())
    }

    /// Sends all of `chunk` at once, or nothing of it. One that is larger than the
    /// [send buffer](crate::Settings::send_buffer) never goes this way.
    ///
    /// # Errors
    ///
    /// [`TrySendError::WouldBlock`] gives the chunk back: live audio may rather be dropped than
    /// delayed.
    pub fn try_send(&mut self, chunk: Bytes) -> Result<(), TrySendError> {
        if self.finished {
            return Err(TrySendError::Failed(finished()));
        }
        if let Some(error) = self.call.send_error() {
            return Err(TrySendError::Failed(error));
        }
        if self.call.capacity() < self.rest.len() + chunk.len() {
            return Err(TrySendError::WouldBlock(chunk));
        }
        let rest = std::mem::take(&mut self.rest);
        for part in [rest, chunk].into_iter().filter(|part| !part.is_empty()) {
            self.call.hand_over(part);
        }
        Ok(())
    }

    /// Waits until `len` bytes may go, and holds that part of the windows until the permit is used
    /// or dropped. At most the [send buffer](crate::Settings::send_buffer) is held. A peer whose
    /// window is smaller never grants it: [`send`](SendHalf::send) splits instead.
    ///
    /// # Errors
    ///
    /// As [`ready`](SendHalf::ready).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn reserve(&mut self, len: usize) -> Result<Permit<'_>, Error> {
        self.flush().await?;
        let len = len.min(self.call.send_buffer);
        let reservation = Reservation(&self.call);
        reservation.wait(len, len).await?;
        Ok(Permit {
            reservation,
            rest: &mut self.rest,
            len,
        })
    }

    /// Hands the rest over, as far as the window lets at a time.
    async fn flush(&mut self) -> Result<(), Error> {
        if self.finished {
            return Err(finished());
        }
        while !self.rest.is_empty() {
            let reservation = Reservation(&self.call);
            let capacity = reservation.wait(1, self.rest.len()).await?;
            if capacity >= self.rest.len() {
                self.call.hand_over(std::mem::take(&mut self.rest));
                reservation.used();
            } else {
                self.call.hand_over(self.rest.split_to(capacity));
            }
        }
        Ok(())
    }
}

impl SendHalf for Sender {
    async fn ready(&mut self) -> Result<(), Error> {
        self.flush().await?;
        Reservation(&self.call).wait(1, 1).await.map(|_capacity| ())
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
        self.flush().await?;
        match self.call.send_error() {
            Some(error) if !is_success(&error) => return Err(error),
            _ => {}
        }
        self.finished = true;
        self.call.finish();
        Ok(())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.call.drop_sender();
    }
}

/// Room for a chunk; see [`Sender::reserve`].
pub struct Permit<'a> {
    reservation: Reservation<'a>,
    rest: &'a mut Bytes,
    len: usize,
}

impl Permit<'_> {
    /// For how many bytes there is room.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is room for none, because none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sends `chunk`. What goes beyond the permit is sent by the sender's next call.
    pub fn send(self, mut chunk: Bytes) {
        *self.rest = chunk.split_off(chunk.len().min(self.len));
        if !chunk.is_empty() {
            self.reservation.0.hand_over(chunk);
        }
    }
}

/// Why [`Sender::try_send`] sent nothing.
#[derive(Clone)]
#[non_exhaustive]
pub enum TrySendError {
    /// There is no room at this moment; here is the chunk.
    WouldBlock(Bytes),
    /// The call failed.
    Failed(Error),
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock(chunk) => write!(f, "WouldBlock({} bytes)", chunk.len()),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock(chunk) => write!(f, "send: no room for {} bytes now", chunk.len()),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrySendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::WouldBlock(_) => None,
            Self::Failed(error) => Some(error),
        }
    }
}

/// A wait for capacity that gives back what it did not use, also when it is dropped.
struct Reservation<'a>(&'a Call);

impl Reservation<'_> {
    async fn wait(&self, least: usize, want: usize) -> Result<usize, Error> {
        poll_fn(|cx| self.0.poll_capacity(cx, least, want)).await
    }

    /// All that was reserved has been handed over: there is nothing to give back.
    fn used(self) {
        std::mem::forget(self);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.0.release_capacity();
    }
}

fn is_success(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AnsweredEarly(status) if status.is_success())
}

fn finished() -> Error {
    Error::new(ErrorKind::SendFinished, Phase::Send)
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
