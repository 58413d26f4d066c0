//! Reads ahead of TLS where much lies ready.
//!
//! rustls asks for 4 KiB at a time: a system call or two for every event of speech, also where the
//! kernel holds twenty.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Bytes of one read at most. Each read has the kernel acknowledge what it gave room for, which wakes the sender: with 64 KiB a
/// stream of speech costs a tenth more.
const AHEAD: usize = 256 * 1024;

/// A byte stream that is read in large pieces while it gives them. It holds no memory while it
/// gives small ones.
pub(super) struct ReadAhead<T> {
    io: T,
    ahead: BytesMut,
    /// The last read got all that it had room for: more may lie there.
    filled: bool,
}

impl<T> ReadAhead<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            ahead: BytesMut::new(),
            filled: false,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ReadAhead<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buf.remaining();
        if this.ahead.is_empty() && (!this.filled || room >= AHEAD) {
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            this.filled = buf.remaining() == 0;
            return Poll::Ready(Ok(()));
        }
        if this.ahead.is_empty() {
            this.ahead.reserve(AHEAD);
            let read = pin!(this.io.read_buf(&mut this.ahead)).poll(cx);
            this.filled = this.ahead.len() >= AHEAD;
            if this.ahead.is_empty() {
                // Also where nothing lay there after all.
                this.ahead = BytesMut::new();
            }
            ready!(read)?;
        }
        let len = room.min(this.ahead.len());
        buf.put_slice(this.ahead.get(..len).unwrap_or_default());
        this.ahead.advance(len);
        if this.ahead.is_empty() && !this.filled {
            this.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for ReadAhead<T> {
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// Has so many bytes at a time, 0 for "not yet"; counts how often it is asked.
    struct Source {
        ready: VecDeque<usize>,
        next: u8,
        reads: usize,
    }

    impl AsyncRead for Source {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.reads += 1;
            let Some(ready) = self.ready.pop_front() else {
                return Poll::Ready(Ok(()));
            };
            if ready == 0 {
                return Poll::Pending;
            }
            let len = ready.min(buf.remaining());
            for _ in 0..len {
                buf.put_slice(&[self.next]);
                self.next = self.next.wrapping_add(1);
            }
            if ready > len {
                self.ready.push_front(ready - len);
            }
            Poll::Ready(Ok(()))
        }
    }

    /// Reads all in pieces of `room` bytes; how many reads it took.
    fn drain(ready: &[usize], room: usize) -> usize {
        let mut stream = ReadAhead::new(Source {
            ready: ready.iter().copied().collect(),
            next: 0,
            reads: 0,
        });
        let mut cx = Context::from_waker(Waker::noop());
        let mut got = 0_usize;
        loop {
            let mut space = vec![0; room];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut stream).poll_read(&mut cx, &mut buf) {
                Poll::Pending => {
                    assert_eq!(stream.ahead.capacity(), 0, "waiting, it holds nothing");
                }
                Poll::Ready(Ok(())) if buf.filled().is_empty() => break,
                Poll::Ready(result) => {
                    result.unwrap();
                    for byte in buf.filled() {
                        assert_eq!(usize::from(*byte), got % 256);
                        got += 1;
                    }
                }
            }
        }
        assert_eq!(got, ready.iter().sum::<usize>());
        stream.io.reads
    }

    #[test]
    fn every_byte_comes_in_order_whatever_the_sizes() {
        for room in [1, 5, 4096, AHEAD, 3 * AHEAD] {
            drain(
                &[1, 4096, 0, 4097, 10, 0, 3 * AHEAD, 0, AHEAD, 7, 0, 0, 2],
                room,
            );
        }
    }

    #[test]
    fn much_that_lies_ready_takes_few_reads_and_little_takes_one() {
        // The first read is small; the last finds the end.
        assert_eq!(drain(&[4096 + 4 * AHEAD], 4096), 6);
        assert_eq!(drain(&[3000, 0, 3000, 0], 4096), 5);
    }
}
