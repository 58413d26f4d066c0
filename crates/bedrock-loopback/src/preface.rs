//! Tells HTTP/2 from HTTP/1.1 on a connection without TLS, by its first bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// How HTTP/2's client preface begins. No method of HTTP/1.1 in use does.
const PREFACE: &[u8; 4] = b"PRI ";

/// A byte stream whose first bytes were read already and are given again.
pub(crate) struct Reread<T> {
    first: Bytes,
    io: T,
}

impl<T: AsyncRead + Unpin> Reread<T> {
    /// Reads the first bytes; true where they are HTTP/2's.
    pub(crate) async fn detect(mut io: T) -> io::Result<(bool, Self)> {
        let mut first = [0; PREFACE.len()];
        io.read_exact(&mut first).await?;
        let first = Bytes::copy_from_slice(&first);
        Ok((first == PREFACE[..], Self { first, io }))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Reread<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let len = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Reread<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
