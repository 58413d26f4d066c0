//! Whole frames, told by their lengths alone.

#[derive(Default)]
pub(crate) struct Frames {
    prefix: Vec<u8>,
    length: usize,
    left: usize,
}

impl Frames {
    /// Takes what came, and tells the length of each frame that is whole with it.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut whole: impl FnMut(usize)) {
        while let Some((byte, rest)) = bytes.split_first() {
            if self.left == 0 {
                self.prefix.push(*byte);
                bytes = rest;
                if let [a, b, c, d] = self.prefix.as_slice() {
                    self.length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                    self.left = self.length.saturating_sub(4);
                    self.prefix.clear();
                }
                continue;
            }
            let taken = self.left.min(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.left -= taken;
            if self.left == 0 {
                whole(self.length);
            }
        }
    }
}
