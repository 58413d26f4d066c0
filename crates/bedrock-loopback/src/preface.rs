//! What a connection begins with, by its first bytes: HTTP/2, a CONNECT to a proxy, or anything else.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// How HTTP/2's client preface begins. No method of HTTP/1.1 in use does.
pub(crate) const HTTP2: [u8; 4] = *b"PRI ";
/// How a request to a proxy begins. No TLS record does.
pub(crate) const CONNECT: [u8; 4] = *b"CONN";

/// A byte stream whose first bytes were read already and are given again.
pub(crate) struct Reread<T> {
    first: Bytes,
    io: T,
}

impl<T: AsyncRead + Unpin> Reread<T> {
    /// Reads the first bytes.
    pub(crate) async fn begin(mut io: T) -> io::Result<Self> {
        let mut first = [0; HTTP2.len()];
        io.read_exact(&mut first).await?;
        let first = Bytes::copy_from_slice(&first);
        Ok(Self { first, io })
    }

    /// Whether the connection begins with these bytes.
    pub(crate) fn begins_with(&self, first: [u8; 4]) -> bool {
        self.first == first[..]
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
