//! Collects what h2 writes in one poll, so that it leaves in as few writes as possible.
//!
//! h2 writes and flushes each DATA frame by itself: a TLS record and a system call for every frame
//! of speech, also where twenty lie ready. Nothing waits here for more to come: what was collected
//! leaves before the driver's poll ends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Bytes that are collected at most: 64 KiB of frames, as many as one call has waiting at once by
/// default, with their heads. Also what a socket that takes no more can have waiting behind h2.
pub(crate) const BATCH: usize = 66 * 1024;
/// The buffer is kept between polls up to this size, in bytes: a frame or two of speech.
const KEPT: usize = 4 * 1024;

/// Bytes that h2 has written and the stream has not.
#[derive(Debug, Default)]
pub(super) struct Coalesced {
    bytes: Vec<u8>,
    /// How many of them the stream has taken.
    taken: usize,
    /// The stream takes no more at this moment, or keeps some of it in buffers of its own.
    stuck: bool,
}

impl Coalesced {
    /// Whether nothing waits, here or in the stream's own buffers.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether more may be added: not to what the stream did not take.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() < BATCH && !self.stuck
    }

    /// Takes what there is room for; gives how many bytes.
    pub(super) fn push(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        let before = self.bytes.len();
        let room = BATCH.saturating_sub(before);
        let wanted = room.min(bufs.iter().map(|buf| buf.len()).sum());
        if before > 0 && self.bytes.capacity() - before < wanted {
            self.bytes.reserve_exact(room);
        }
        for buf in bufs {
            let left = before + wanted - self.bytes.len();
            let part = buf.get(..left.min(buf.len())).unwrap_or_default();
            self.bytes.extend_from_slice(part);
        }
        wanted
    }

    /// Writes all of it and flushes; `wrote` hears how many bytes have gone.
    ///
    /// After an error nothing is left of it.
    pub(super) fn poll_drain(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        mut wrote: impl FnMut(usize),
    ) -> Poll<io::Result<()>> {
        self.stuck = true;
        let result = ready!(self.poll_write_all(io, cx, &mut wrote));
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.taken = 0;
        self.stuck = false;
        Poll::Ready(result)
    }

    fn poll_write_all(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        wrote: &mut impl FnMut(usize),
    ) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.bytes.get(self.taken..) {
            let len = ready!(Pin::new(&mut *io).poll_write(cx, rest))?;
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            wrote(len);
            self.taken += len;
        }
        Pin::new(io).poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes `room` bytes more, at most `step` at once.
    struct Narrow {
        room: usize,
        step: usize,
        got: Vec<u8>,
        writes: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            let len = buf.len().min(self.step).min(self.room);
            if len == 0 {
                return Poll::Pending;
            }
            self.room -= len;
            self.writes += 1;
            self.got.extend_from_slice(&buf[..len]);
            Poll::Ready(Ok(len))
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn push(coalesced: &mut Coalesced, parts: &[&[u8]]) -> usize {
        let bufs: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        coalesced.push(&bufs)
    }

    #[test]
    fn twenty_frames_are_one_write() {
        let mut io = Narrow {
            room: usize::MAX,
            step: usize::MAX,
            got: Vec::new(),
            writes: 0,
        };
        let mut cx = Context::from_waker(Waker::noop());
        let mut coalesced = Coalesced::default();
        for _ in 0..20 {
            assert_eq!(push(&mut coalesced, &[&[1; 9], &[2; 1000]]), 1009);
        }
        let mut left = 0;
        let drained = coalesced.poll_drain(&mut io, &mut cx, |len| left += len);
        assert!(matches!(drained, Poll::Ready(Ok(()))));
        assert_eq!((io.writes, io.got.len(), left), (1, 20 * 1009, 20 * 1009));
        assert!(coalesced.is_empty());
        assert!(coalesced.bytes.capacity() <= KEPT, "idle, it keeps little");
    }

    #[test]
    fn a_batch_is_the_bound_and_no_byte_is_lost_where_the_stream_takes_little() {
        let mut io = Narrow {
            room: 0,
            step: 777,
            got: Vec::new(),
            writes: 0,
        };
        let mut cx = Context::from_waker(Waker::noop());
        let mut coalesced = Coalesced::default();
        let sent: Vec<u8> = (0..=250).cycle().take(3 * BATCH).collect();
        let mut at = 0;
        let mut left = 0;
        while io.got.len() < sent.len() {
            while at < sent.len() && coalesced.has_room() {
                let end = sent.len().min(at + 10_000);
                at += push(&mut coalesced, &[&sent[at..end]]);
            }
            assert!(at - left <= BATCH);
            io.room += 5_000;
            let drained = coalesced.poll_drain(&mut io, &mut cx, |len| left += len);
            assert_eq!(drained.is_pending(), !coalesced.is_empty());
            assert_eq!(drained.is_pending(), !coalesced.has_room());
            assert_eq!(left, io.got.len());
        }
        assert_eq!(io.got, sent);
    }
}
