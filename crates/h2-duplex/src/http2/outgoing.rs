//! Body bytes on their way out, counted until the socket has them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, Bytes};

/// A part of a request body. `queued` counts the bytes of its call that h2 holds.
pub(super) struct Outgoing {
    bytes: Bytes,
    queued: Arc<AtomicUsize>,
}

impl Outgoing {
    pub(super) fn new(bytes: Bytes, queued: &Arc<AtomicUsize>) -> Self {
        queued.fetch_add(bytes.len(), Ordering::Relaxed);
        Self {
            bytes,
            queued: Arc::clone(queued),
        }
    }
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.queued.fetch_sub(count, Ordering::Relaxed);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.queued.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
