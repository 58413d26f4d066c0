//! What has arrived and is not decoded yet: a chunk with a cursor, and what was pushed before it was used up.

use alloc::vec::Vec;

use bytes::{Buf, Bytes};

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    chunk: Bytes,
    /// How much of `chunk` has been taken. It stays as it is until the next call, since the last frame may be lent out.
    at: usize,
    /// Chunks that came while `chunk` was not used up yet, joined: no bookkeeping for each, and copied once.
    joined: Vec<u8>,
}

impl Backlog {
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.chunk = chunk;
            self.at = 0;
        } else {
            self.joined.extend_from_slice(&chunk);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.chunk.len() - self.at + self.joined.len()
    }

    /// Brings up what was pushed behind a chunk that is used up.
    #[inline]
    pub(crate) fn refill(&mut self) {
        if self.at == self.chunk.len() && (self.at > 0 || !self.joined.is_empty()) {
            self.chunk = core::mem::take(&mut self.joined).into();
            self.at = 0;
        }
    }

    /// What can be read at once; after [`refill`](Self::refill), empty only where nothing is left.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }

    /// Takes `len` bytes, which [`rest`](Self::rest) has shown.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) {
        self.at = (self.at + len).min(self.chunk.len());
    }

    /// The last `len` bytes that were taken.
    #[inline]
    pub(crate) fn taken(&self, len: usize) -> &[u8] {
        self.chunk
            .get(self.at.saturating_sub(len)..self.at)
            .unwrap_or_default()
    }

    /// The same, owned: shared with the chunk, or the chunk itself where nothing else is left in it.
    pub(crate) fn taken_shared(&mut self, len: usize) -> Bytes {
        let from = self.at.saturating_sub(len);
        if self.at < self.chunk.len() {
            return self.chunk.slice(from..self.at);
        }
        let mut last = core::mem::take(&mut self.chunk);
        self.at = 0;
        last.advance(from);
        last
    }
}
