//! What was sent, while it may be needed again.

use bytes::Bytes;

/// The chunks of a request body from its first byte on, or nothing more.
#[derive(Default)]
pub(super) struct Log {
    chunks: Vec<Bytes>,
    len: usize,
    limit: usize,
    /// Whether the peer was told the end of the body.
    pub(super) finished: bool,
    given_up: bool,
}

impl Log {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Whether it holds all that was sent.
    pub(super) fn is_whole(&self) -> bool {
        !self.given_up
    }

    /// Adds a chunk, if there is room for it.
    pub(super) fn add(&mut self, chunk: &Bytes) -> bool {
        let fits = self.is_whole() && chunk.len() <= self.limit - self.len;
        if fits {
            self.len += chunk.len();
            self.chunks.push(chunk.clone());
        }
        fits
    }

    /// The chunk after the first `count`.
    pub(super) fn after(&self, count: usize) -> Option<Bytes> {
        self.chunks.get(count).cloned()
    }

    /// How many chunks there are.
    pub(super) fn count(&self) -> usize {
        self.chunks.len()
    }

    /// Lets everything go: the call will not be opened again.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        self.chunks = Vec::new();
    }
}
