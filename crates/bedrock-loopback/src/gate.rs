//! A byte stream under HTTP/2 into which whole frames can be slipped, between those that h2 writes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes of an HTTP/2 frame header.
const FRAME_HEADER: usize = 9;

/// Follows the frames that are written and puts others between them.
pub(crate) struct Gate<T> {
    io: T,
    slips: UnboundedReceiver<Bytes>,
    slip: Bytes,
    header: Vec<u8>,
    in_frame: usize,
}

impl<T> Gate<T> {
    pub(crate) fn new(io: T) -> (Self, UnboundedSender<Bytes>) {
        let (sender, slips) = unbounded_channel();
        let gate = Self {
            io,
            slips,
            slip: Bytes::new(),
            header: Vec::with_capacity(FRAME_HEADER),
            in_frame: 0,
        };
        (gate, sender)
    }

    fn is_between_frames(&self) -> bool {
        self.in_frame == 0 && self.header.is_empty()
    }

    /// Bytes to the end of the frame header or frame that stands open.
    const fn to_boundary(&self) -> usize {
        if self.in_frame > 0 {
            self.in_frame
        } else {
            FRAME_HEADER - self.header.len()
        }
    }

    fn follow(&mut self, mut written: &[u8]) {
        while !written.is_empty() {
            let (piece, rest) = written.split_at(written.len().min(self.to_boundary()));
            written = rest;
            if self.in_frame > 0 {
                self.in_frame -= piece.len();
                continue;
            }
            self.header.extend_from_slice(piece);
            if let [high, middle, low, _, _, _, _, _, _] = self.header.as_slice() {
                let len = [0, *high, *middle, *low];
                self.in_frame = u32::from_be_bytes(len) as usize;
                self.header.clear();
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> Gate<T> {
    /// Writes what waits to be slipped in, where no frame stands open. What must wait stays in `slip`.
    fn poll_slips(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.slip.is_empty() {
                // Registers the task, so that a slip is written even where h2 has nothing to write.
                match self.slips.poll_recv(cx) {
                    Poll::Ready(Some(slip)) => self.slip = slip,
                    Poll::Ready(None) | Poll::Pending => return Poll::Ready(Ok(())),
                }
            }
            if !self.is_between_frames() {
                return Poll::Ready(Ok(()));
            }
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.slip))?;
            self.slip.advance(written);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Gate<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gate<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_slips(cx))?;
        let upto = if self.slip.is_empty() {
            buf.len()
        } else {
            self.to_boundary()
        };
        let piece = buf.get(..upto).unwrap_or(buf);
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, piece))?;
        self.follow(piece.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_slips(cx))?;
        if !self.slip.is_empty() {
            let first = bufs.iter().find(|buf| !buf.is_empty());
            return self.poll_write(cx, first.map_or(&[], |buf| buf));
        }
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let piece = buf.get(..left.min(buf.len())).unwrap_or_default();
            self.follow(piece);
            left -= piece.len();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_slips(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A GOAWAY frame with `NO_ERROR`.
pub(crate) fn goaway(last_stream: u32) -> Bytes {
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last_stream.to_be_bytes());
    frame.extend(0_u32.to_be_bytes());
    frame.into()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A frame of type DATA with `len` bytes.
    fn data(len: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, len, 0, 0, 0, 0, 0, 1];
        frame.extend(vec![len; usize::from(len)]);
        frame
    }

    #[tokio::test]
    async fn a_slip_waits_for_the_end_of_the_frame() {
        let (near, mut far) = tokio::io::duplex(1024);
        let (mut gate, slips) = Gate::new(near);
        let frames = [data(20), data(0), data(30)].concat();
        let slip = goaway(7);
        for cut in 0..=frames.len() {
            let (before, after) = frames.split_at(cut);
            gate.write_all(before).await.unwrap();
            slips.send(slip.clone()).unwrap();
            gate.write_all(after).await.unwrap();
            gate.flush().await.unwrap();
            let mut got = vec![0; frames.len() + slip.len()];
            far.read_exact(&mut got).await.unwrap();
            let boundary = [0, 29, 38, 77].into_iter().find(|at| cut <= *at).unwrap();
            let expected = [&frames[..boundary], &slip, &frames[boundary..]].concat();
            assert_eq!(got, expected, "slipped in at {cut}");
        }
    }
}
