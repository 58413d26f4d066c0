//! The sending half.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::call::Call;
use crate::{Error, ErrorKind, Phase, SendHalf};

/// The sending half of an HTTP/2 call.
#[derive(Debug)]
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

    /// Hands the rest over, as far as the window lets at a time.
    async fn flush(&mut self) -> Result<(), Error> {
        if self.finished {
            return Err(Error::new(ErrorKind::SendFinished, Phase::Send));
        }
        while !self.rest.is_empty() {
            let reservation = Reservation(&self.call);
            let capacity = reservation.wait(self.rest.len()).await?;
            self.call
                .hand_over(self.rest.split_to(capacity.min(self.rest.len())));
        }
        Ok(())
    }
}

impl SendHalf for Sender {
    async fn ready(&mut self) -> Result<(), Error> {
        self.flush().await?;
        Reservation(&self.call).wait(1).await.map(|_capacity| ())
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

/// A wait for capacity that gives back what it did not use, also when it is dropped.
struct Reservation<'a>(&'a Call);

impl Reservation<'_> {
    async fn wait(&self, want: usize) -> Result<usize, Error> {
        poll_fn(|cx| self.0.poll_capacity(cx, want)).await
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
