//! Received body bytes that nobody has taken yet.
//!
//! The flow-control window bounds the bytes: credit is given only for what was taken. Chunks pass
//! through uncopied while the reader keeps up; small ones behind others are copied together, so
//! that one-byte frames cost one byte each.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Chunks below this size are copied together, in bytes.
const SMALL: usize = 2 * 1024;
/// What small chunks are copied into, in bytes.
const BLOCK: usize = 16 * 1024;

#[derive(Default)]
pub(super) struct Inbox {
    whole: VecDeque<Bytes>,
    /// Small chunks that came after all in `whole`.
    small: BytesMut,
    len: usize,
}

impl Inbox {
    /// The number of bytes in it.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        let behind = self.len > 0;
        self.len += chunk.len();
        if behind && chunk.len() < SMALL {
            if self.small.len() + chunk.len() > BLOCK {
                self.close_block();
            }
            if self.small.capacity() == 0 {
                self.small.reserve(BLOCK);
            }
            self.small.extend_from_slice(&chunk);
        } else {
            self.close_block();
            self.whole.push_back(chunk);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.whole.is_empty() {
            self.close_block();
        }
        let chunk = self.whole.pop_front()?;
        self.len -= chunk.len();
        Some(chunk)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn close_block(&mut self) {
        if !self.small.is_empty() {
            self.whole
                .push_back(std::mem::take(&mut self.small).freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(inbox: &mut Inbox) -> Vec<Bytes> {
        std::iter::from_fn(|| inbox.pop()).collect()
    }

    #[test]
    fn bytes_come_out_in_order_whatever_the_sizes() {
        let mut inbox = Inbox::default();
        let mut expected = Vec::new();
        for (round, size) in [1, 3000, 5, 1, 20_000, 2, 2047, 2048, 1, 0, 7]
            .iter()
            .enumerate()
        {
            let chunk = vec![u8::try_from(round).unwrap(); *size];
            expected.extend_from_slice(&chunk);
            inbox.push(chunk.into());
        }
        assert_eq!(inbox.len(), expected.len());
        assert_eq!(drain(&mut inbox).concat(), expected);
        assert_eq!(inbox.len(), 0);
    }

    #[test]
    fn a_chunk_passes_uncopied_when_the_reader_keeps_up() {
        let mut inbox = Inbox::default();
        let chunk = Bytes::from_static(b"small");
        inbox.push(chunk.clone());
        assert_eq!(inbox.pop().unwrap().as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn a_million_single_bytes_lie_in_few_blocks() {
        let mut inbox = Inbox::default();
        for _ in 0..1_000_000 {
            inbox.push(Bytes::from_static(b"x"));
        }
        assert!(drain(&mut inbox).len() < 100);
    }
}
