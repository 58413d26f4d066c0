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

/// After how many bytes h2 has to wait until the driver has drained it. One read may go beyond.
pub(super) const PORTION: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Paced<T> {
    io: T,
    /// Bytes read since the last pause.
    portion: usize,
    /// The end of input, kept back until what came before it is drained.
    end: Option<io::Result<()>>,
    /// Why nothing more can be written; told when nothing more can be read.
    broken: Option<io::Error>,
    /// Bytes read in all.
    received: Arc<AtomicU64>,
}

impl<T> Paced<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            portion: 0,
            end: None,
            broken: None,
            received: Arc::default(),
        }
    }

    /// Counts the bytes read.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// Writing has failed; gives `swallowed` for what cannot be written.
    fn breaks(&mut self, error: io::Error, cx: &Context<'_>, swallowed: usize) -> usize {
        self.broken = Some(error);
        cx.waker().wake_by_ref();
        swallowed
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
        let result = match (
            Pin::new(&mut this.io).poll_read(cx, buf),
            this.broken.take(),
        ) {
            (Poll::Ready(result), broken) => {
                this.broken = broken;
                result
            }
            (Poll::Pending, Some(broken)) => Err(broken),
            (Poll::Pending, None) => {
                this.portion = 0;
                return Poll::Pending;
            }
        };
        let read = buf.filled().len() - before;
        if (result.is_err() || read == 0) && this.portion > 0 {
            this.end = Some(result);
            return this.pause(cx);
        }
        this.portion += read;
        this.received.fetch_add(read as u64, Ordering::Relaxed);
        Poll::Ready(result)
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
        let this = self.get_mut();
        if this.broken.is_some() {
            return Poll::Ready(Ok(buf.len()));
        }
        let result = ready!(Pin::new(&mut this.io).poll_write(cx, buf));
        Poll::Ready(Ok(
            result.unwrap_or_else(|error| this.breaks(error, cx, buf.len()))
        ))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let len = bufs.iter().map(|buf| buf.len()).sum();
        if this.broken.is_some() {
            return Poll::Ready(Ok(len));
        }
        let result = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, bufs));
        Poll::Ready(Ok(
            result.unwrap_or_else(|error| this.breaks(error, cx, len))
        ))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.broken.is_none() {
            if let Err(error) = ready!(Pin::new(&mut this.io).poll_flush(cx)) {
                this.breaks(error, cx, 0);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
