//! Audio of any chunking cut into frames of one length.

use bytes::{Bytes, BytesMut};

use crate::SampleRate;

/// Length of a frame as AWS's guide advises it, in milliseconds.
pub const FRAME_MS: u32 = 32;

/// Cuts audio into frames of exactly so many milliseconds; what is left over waits for more.
///
/// ```
/// use nova_sonic::SampleRate;
/// use nova_sonic::audio::Framer;
///
/// let mut framer = Framer::new(SampleRate::Hz16000);
/// framer.push(&[0; 1500]);
/// assert_eq!(framer.next_frame().unwrap().len(), 1024); // 32 ms
/// assert!(framer.next_frame().is_none());
/// assert_eq!(framer.finish().unwrap().len(), 1024); // the rest, filled up with silence
/// ```
#[derive(Debug)]
pub struct Framer {
    waiting: BytesMut,
    frame: usize,
}

impl Framer {
    /// Frames of [`FRAME_MS`] at this rate.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self::with_length(rate, FRAME_MS)
    }

    /// Frames of so many milliseconds, at least one.
    #[must_use]
    pub fn with_length(rate: SampleRate, ms: u32) -> Self {
        Self {
            waiting: BytesMut::new(),
            frame: rate.bytes_in_ms(ms.max(1)),
        }
    }

    /// Takes audio, cut anywhere, even inside a sample.
    pub fn push(&mut self, pcm: &[u8]) {
        self.waiting.extend_from_slice(pcm);
    }

    /// The next whole frame.
    pub fn next_frame(&mut self) -> Option<Bytes> {
        (self.waiting.len() >= self.frame).then(|| self.waiting.split_to(self.frame).freeze())
    }

    /// What is left, filled up with silence to a whole frame. To be called when there are no more whole ones.
    pub fn finish(&mut self) -> Option<Bytes> {
        if self.waiting.is_empty() {
            return None;
        }
        let whole = self.waiting.len().next_multiple_of(self.frame);
        self.waiting.resize(whole, 0);
        self.next_frame()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_the_same_in_any_chunking() {
        let pcm: Vec<u8> = (0..5_000u16).flat_map(u16::to_le_bytes).collect();
        for rate in [SampleRate::Hz8000, SampleRate::Hz16000, SampleRate::Hz24000] {
            for chunk in [1, 3, 333, 1024, 9_999] {
                let mut framer = Framer::new(rate);
                let mut cut = Vec::new();
                for chunk in pcm.chunks(chunk) {
                    framer.push(chunk);
                    cut.extend(std::iter::from_fn(|| framer.next_frame()));
                }
                cut.extend(framer.finish());
                assert!(framer.finish().is_none());
                assert!(cut.iter().all(|f| f.len() == rate.bytes_in_ms(32)));
                let all = cut.concat();
                assert!(all.starts_with(&pcm) && all[pcm.len()..].iter().all(|b| *b == 0));
            }
        }
    }
}
