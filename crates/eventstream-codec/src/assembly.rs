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

/// Room that is kept for the next frame, in bytes.
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
            let prelude = Prelude::check(&self.head, limits)?;
            self.bytes.reserve_exact(prelude.total.min(MOST_AT_ONCE));
            self.bytes.extend_from_slice(&self.head);
            self.prelude = Some(prelude);
        }
        let rest = input.get(taken..).unwrap_or_default();
        let more = self
            .needed()
            .saturating_sub(self.bytes.len())
            .min(rest.len());
        self.bytes
            .extend_from_slice(rest.get(..more).unwrap_or_default());
        Ok(taken + more)
    }

    /// The frame, checked, once all of it is there.
    pub(crate) fn frame(&self, limits: &Limits) -> Option<Result<Frame<'_>, Fault>> {
        let prelude = self.prelude.clone()?;
        (self.bytes.len() == prelude.total).then(|| prelude.frame(&self.bytes, limits))
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

    /// Forgets the frame; keeps its room unless that is large.
    pub(crate) fn clear(&mut self) {
        self.head_len = 0;
        self.prelude = None;
        self.bytes.clear();
        if self.bytes.capacity() > MOST_KEPT {
            self.bytes = Vec::new();
        }
    }
}
