//! Feeds h2 in portions, so that what it parsed can be drained before more comes.
//!
//! h2 parses all that the socket has in one poll and keeps every unread DATA frame on its own: 64
//! KiB of one-byte frames would cost it a hundred times that. And an end of input that it meets
//! together with the last frames can overtake a response's `END_STREAM`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::coalesced::Coalesced;

/// After how many bytes h2 has to wait until the driver has drained it. One read may go beyond.
pub(super) const PORTION: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Paced<T> {
    io: T,
    /// Bytes read since the last pause.
    portion: usize,
    /// The end of input, kept back until what came before it is drained.
    end: Option<io::Result<()>>,
    /// What h2 has written and the stream has not.
    outgoing: Coalesced,
    /// Whether it may wait for the end of the driver's poll.
    holding: bool,
    /// h2 could not write, and has not been woken for it.
    refused: bool,
    /// Why nothing more can be written; told when the input ends.
    broken: Option<io::Error>,
    /// Bytes read in all.
    received: Arc<AtomicU64>,
    /// Bytes that may have left, in all.
    written: Arc<AtomicU64>,
}

impl<T> Paced<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            portion: 0,
            end: None,
            outgoing: Coalesced::default(),
            holding: false,
            refused: false,
            broken: None,
            received: Arc::default(),
            written: Arc::default(),
        }
    }

    /// Counts the bytes read.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// Counts the bytes that may have left: no number of it is missing, but a failed write counts
    /// too, since TLS may have sent a part of it.
    pub(super) fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Collects what is written from here on until the [`release`](Self::release), which must follow.
    pub(super) fn hold(&mut self) {
        self.holding = true;
    }

    /// Lets the driver drain, and comes back at once.
    fn pause<R>(&mut self, cx: &Context<'_>) -> Poll<R> {
        self.portion = 0;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(end) = this.end.take() {
            return Poll::Ready(end);
        }
        if this.portion >= PORTION {
            return this.pause(cx);
        }
        let before = buf.filled().len();
        let Poll::Ready(mut result) = Pin::new(&mut this.io).poll_read(cx, buf) else {
            // Also where writing has failed: what came before may not have been announced to us yet,
            // and a connection that cannot be written soon says its end to the reader too.
            this.portion = 0;
            return Poll::Pending;
        };
        let read = buf.filled().len() - before;
        if read == 0 && result.is_ok() {
            result = this.broken.take().map_or(Ok(()), Err);
        }
        if (result.is_err() || read == 0) && this.portion > 0 {
            this.end = Some(result);
            return this.pause(cx);
        }
        this.portion += read;
        this.received.fetch_add(read as u64, Ordering::Relaxed);
        Poll::Ready(result)
    }
}

impl<T: AsyncWrite + Unpin> Paced<T> {
    /// Ends the [`hold`](Self::hold); ready when all that was written has left.
    pub(super) fn release(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.holding = false;
        ready!(self.poll_drain(cx));
        if std::mem::take(&mut self.refused) {
            // The stream may not tell any more that it has room: we have found it ourselves.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(())
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.outgoing.is_empty() {
            return Poll::Ready(());
        }
        let written = &self.written;
        let count = |len| {
            let _before = written.fetch_add(len as u64, Ordering::Relaxed);
        };
        if let Err(error) = ready!(self.outgoing.poll_drain(&mut self.io, cx, count)) {
            // TLS may have sent a part of what it failed to write.
            count(1);
            self.broken = Some(error);
            cx.waker().wake_by_ref();
        }
        Poll::Ready(())
    }

    /// Takes a part of `bufs`; gives how many bytes. What the stream has not taken before comes first,
    /// so that no more than one batch lies between h2 and the socket.
    fn poll_take(&mut self, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<usize> {
        if !(self.holding && self.outgoing.has_room()) {
            self.refused = true;
            ready!(self.poll_drain(cx));
            self.refused = false;
        }
        if self.broken.is_some() {
            return Poll::Ready(bufs.iter().map(|buf| buf.len()).sum());
        }
        let len = self.outgoing.push(bufs);
        if !self.holding {
            // What is left of it goes with the flush.
            let _left = self.poll_drain(cx);
        }
        Poll::Ready(len)
    }
}

/// A peer that answers and closes breaks our writing while its answer may lie unread. h2 would give
/// up at once; so what we write goes nowhere until all is read.
impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll_take(cx, &[io::IoSlice::new(buf)])
            .map(Ok)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_take(cx, bufs).map(Ok)
    }

    /// So that h2 hands payloads over where they lie: they are copied once, here.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.holding {
            return Poll::Ready(Ok(()));
        }
        this.poll_drain(cx).map(Ok)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx));
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// Cannot be written; its input comes step by step, `None` for "not yet".
    struct Script(VecDeque<Option<&'static [u8]>>);

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.0.pop_front() {
                Some(None) => return Poll::Pending,
                Some(Some(bytes)) => buf.put_slice(bytes),
                None => {}
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Script {
        fn poll_write(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            _buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_arrived_before_a_write_failed_is_read_even_if_it_is_announced_late() {
        let script = Script([None, Some(&b"the answer"[..]), None].into());
        let mut paced = Paced::new(script);
        let mut cx = Context::from_waker(Waker::noop());
        let write = Pin::new(&mut paced).poll_write(&mut cx, b"upload");
        assert!(matches!(write, Poll::Ready(Ok(6))));
        let mut heard = Vec::new();
        let end = loop {
            let mut space = [0; 64];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut paced).poll_read(&mut cx, &mut buf) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) if buf.filled().is_empty() => break None,
                Poll::Ready(Ok(())) => heard.extend_from_slice(buf.filled()),
                Poll::Ready(Err(error)) => break Some(error.kind()),
            }
        };
        assert_eq!(heard, b"the answer");
        assert_eq!(end, Some(io::ErrorKind::ConnectionReset));
    }

    /// Takes nothing until it is `open`, and wakes nobody then.
    struct Gate {
        open: bool,
        got: usize,
    }

    impl AsyncWrite for Gate {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            if !self.open {
                return Poll::Pending;
            }
            self.got += buf.len();
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Woken(AtomicU64);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_held_counts_as_written_when_it_has_left_and_goes_before_more_and_before_the_end() {
        let mut paced = Paced::new(Gate {
            open: false,
            got: 0,
        });
        let written = paced.written();
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut cx = Context::from_waker(&waker);
        let write = |paced: &mut Paced<Gate>, cx: &mut Context<'_>| {
            Pin::new(paced).poll_write(cx, b"frame").is_ready()
        };
        paced.hold();
        assert!(write(&mut paced, &mut cx));
        assert!(write(&mut paced, &mut cx));
        assert!(paced.release(&mut cx).is_pending());
        assert_eq!(written.load(Ordering::Relaxed), 0);
        // The next poll of the driver: h2 must wait for what the stream has not taken.
        paced.hold();
        assert!(!write(&mut paced, &mut cx));
        assert!(Pin::new(&mut paced).poll_shutdown(&mut cx).is_pending());
        paced.io.open = true;
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        assert!(paced.release(&mut cx).is_ready());
        assert_eq!((written.load(Ordering::Relaxed), paced.io.got), (10, 10));
        // h2 was refused, and the stream will not tell.
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        paced.hold();
        assert!(write(&mut paced, &mut cx));
        assert!(Pin::new(&mut paced).poll_shutdown(&mut cx).is_ready());
        assert_eq!((written.load(Ordering::Relaxed), paced.io.got), (15, 15));
    }
}
