//! Feeds h2 in portions, so that what it parsed can be drained before more comes.
//!
//! h2 parses all that the socket has in one poll and keeps every unread DATA frame on its own: 64 KiB of
//! one-byte frames would cost it a hundred times that. And an end of input that it reads together with the last frames can overtake a response's `END_STREAM`.

use std::io;
use std::pin::Pin;
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
}

impl<T> Paced<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            portion: 0,
            end: None,
        }
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
        let Poll::Ready(result) = Pin::new(&mut this.io).poll_read(cx, buf) else {
            this.portion = 0;
            return Poll::Pending;
        };
        let read = buf.filled().len() - before;
        if (result.is_err() || read == 0) && this.portion > 0 {
            this.end = Some(result);
            return this.pause(cx);
        }
        this.portion += read;
        Poll::Ready(result)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.get_mut().io).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
