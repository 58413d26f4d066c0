//! A frame that spans chunks, under assembly: one copy, at most one allocation.

use alloc::vec::Vec;

use crate::PRELUDE_LEN;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::limits::Limits;
use crate::parse::Prelude;

/// Room is made for a whole frame at once up to this many bytes, more than the default limits allow; beyond it room grows
/// with what arrives, so that twelve bytes never cost gigabytes.
const MOST_AT_ONCE: usize = 32 * 1024 * 1024;

/// Room beyond this many bytes is given up when the next frame needs much less.
const MOST_KEPT: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// The prelude's bytes until all twelve are there.
    head: [u8; PRELUDE_LEN],
    head_len: usize,
    prelude: Option<Prelude>,
    bytes: Vec<u8>,
}

impl Assembly {
    /// Whether a frame has begun here.
    #[inline]
    pub(crate) const fn is_begun(&self) -> bool {
        self.head_len > 0
    }

    /// Takes what it needs of `input` and says how much that was; room is not made before the prelude is proven.
    pub(crate) fn take(&mut self, input: &[u8], limits: &Limits) -> Result<usize, Fault> {
        let mut taken = 0;
        if self.prelude.is_none() {
            let free = self.head.get_mut(self.head_len..).unwrap_or_default();
            for (to, from) in free.iter_mut().zip(input) {
                *to = *from;
                taken += 1;
            }
            self.head_len += taken;
            if self.head_len < PRELUDE_LEN {
                return Ok(taken);
            }
            let mut prelude = Prelude::check(&self.head, limits)?;
            self.make_room(prelude.total.min(MOST_AT_ONCE));
            self.bytes.extend_from_slice(&self.head);
            let [.., c0, c1, c2, c3] = self.head;
            prelude.read(&[c0, c1, c2, c3], 8);
            self.prelude = Some(prelude);
        }
        let rest = input.get(taken..).unwrap_or_default();
        let Some(prelude) = &mut self.prelude else {
            return Ok(taken);
        };
        let from = self.bytes.len();
        let more = (prelude.total - from).min(rest.len());
        let part = rest.get(..more).unwrap_or_default();
        // Read before it is copied: the copy then finds it in the nearest cache.
        prelude.read(part, from);
        self.bytes.extend_from_slice(part);
        Ok(taken + more)
    }

    /// The frame, checked, once all of it is there.
    pub(crate) fn frame(&self, limits: &Limits) -> Option<Result<Frame<'_>, Fault>> {
        let prelude = self.prelude.clone()?;
        (self.bytes.len() == prelude.total).then(|| prelude.finish(&self.bytes, limits))
    }

    /// What has been taken of the frame.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self.prelude {
            Some(_) => &self.bytes,
            None => self.head.get(..self.head_len).unwrap_or_default(),
        }
    }

    /// Bytes that the frame needs, as far as is known.
    pub(crate) fn needed(&self) -> usize {
        self.prelude.as_ref().map_or(PRELUDE_LEN, |p| p.total)
    }

    /// Gives the bytes away and is ready for the next frame.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        let bytes = core::mem::take(&mut self.bytes);
        self.clear();
        bytes
    }

    /// Forgets the frame and keeps its room for the next one.
    pub(crate) fn clear(&mut self) {
        self.head_len = 0;
        self.prelude = None;
        self.bytes.clear();
    }

    fn make_room(&mut self, len: usize) {
        let room = self.bytes.capacity();
        if room > MOST_KEPT && len < room / 4 {
            self.bytes = Vec::new();
        }
        self.bytes.reserve_exact(len);
    }
}
