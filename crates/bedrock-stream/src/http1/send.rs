//! The request body: the sending half at one end, hyper at the other.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2_duplex::{Error, ErrorKind, Phase, SendHalf};
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use super::progress::Watch;

/// The sending half of a call over HTTP/1.1.
pub(crate) struct Http1Send {
    parts: mpsc::Sender<Part>,
    watch: Watch,
    /// What a dropped `send` future had taken and not yet sent.
    rest: Bytes,
    finished: bool,
}

enum Part {
    Bytes(Bytes),
    End,
}

pub(super) fn channel(watch: Watch) -> (Http1Send, Upload) {
    // One chunk lies ready while hyper writes the one before.
    let (parts, received) = mpsc::channel(1);
    let send = Http1Send {
        parts,
        watch: watch.clone(),
        rest: Bytes::new(),
        finished: false,
    };
    let upload = Upload {
        parts: received,
        watch,
        ended: false,
    };
    (send, upload)
}

impl Http1Send {
    async fn flush(&mut self) -> Result<(), Error> {
        if self.finished {
            return Err(Error::new(ErrorKind::SendFinished, Phase::Send));
        }
        if !self.rest.is_empty() {
            let room = room(&self.parts, &mut self.watch).await?;
            let Some(permit) = room else {
                return Err(self.watch.stopped().await);
            };
            permit.send(Part::Bytes(std::mem::take(&mut self.rest)));
        }
        Ok(())
    }
}

/// The right to hand one part over; `None` where hyper wants no more: the body is as long as its head says, or the connection is at
/// its end.
async fn room<'a>(
    parts: &'a mpsc::Sender<Part>,
    watch: &mut Watch,
) -> Result<Option<mpsc::Permit<'a, Part>>, Error> {
    tokio::select! {
        biased;
        error = watch.stopped() => Err(error),
        room = parts.reserve() => Ok(room.ok()),
    }
}

impl SendHalf for Http1Send {
    async fn ready(&mut self) -> Result<(), Error> {
        self.flush().await?;
        match room(&self.parts, &mut self.watch).await? {
            Some(_) => Ok(()),
            None => Err(self.watch.stopped().await),
        }
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
        match room(&self.parts, &mut self.watch).await {
            Ok(Some(permit)) => permit.send(Part::End),
            Ok(None) => {}
            Err(error) if is_success(&error) => {}
            Err(error) => return Err(error),
        }
        self.finished = true;
        Ok(())
    }
}

impl Drop for Http1Send {
    fn drop(&mut self) {
        // A refusal is still read to its end.
        if !self.finished && !self.watch.is_refused() {
            self.watch.cancel(Phase::Send);
        }
    }
}

fn is_success(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AnsweredEarly(status) if status.is_success())
}

/// The request body as hyper takes it.
pub(super) struct Upload {
    parts: mpsc::Receiver<Part>,
    watch: Watch,
    ended: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(self.parts.poll_recv(cx)) {
            Some(Part::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Part::End) => {
                self.ended = true;
                Poll::Ready(None)
            }
            // An error here would cut the refusal off; the connection is closed after it.
            None if self.watch.is_refused() => Poll::Pending,
            None => Poll::Ready(Some(Err(io::Error::other("the call was dropped")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
