//! The user's audio by position: every sample has a number, each leg reads from where it stands.

use std::collections::VecDeque;

use bytes::Bytes;

/// Most samples that one piece holds: 200 ms at 24 kHz, so that a control event never waits long behind audio.
const MOST_SAMPLES: usize = 4_800;

/// Audio that was given and may still be needed. Positions are samples since the conversation began.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    pieces: VecDeque<Piece>,
    end: u64,
}

#[derive(Clone, Debug)]
struct Piece {
    at: u64,
    pcm: Bytes,
    /// The application gave it; otherwise it is silence that keeps the session alive.
    given: bool,
}

impl Piece {
    const fn end(&self) -> u64 {
        self.at + (self.pcm.len() / 2) as u64
    }
}

impl Tape {
    /// The position behind the newest sample.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// The oldest position that is still held.
    pub(super) fn start(&self) -> u64 {
        self.pieces.front().map_or(self.end, |piece| piece.at)
    }

    /// Adds whole samples, 16-bit.
    pub(super) fn push(&mut self, mut pcm: Bytes, given: bool) {
        while !pcm.is_empty() {
            let pcm = pcm.split_to(pcm.len().min(MOST_SAMPLES * 2));
            let at = self.end;
            self.end += (pcm.len() / 2) as u64;
            self.pieces.push_back(Piece { at, pcm, given });
        }
    }

    /// The audio from `at`, or from the first place after it that is held, to the end of its piece; and that place.
    pub(super) fn read(&self, at: u64) -> Option<(u64, Bytes)> {
        let found = self.pieces.partition_point(|piece| piece.end() <= at);
        let piece = self.pieces.get(found)?;
        let at = at.max(piece.at);
        Some((at, piece.pcm.slice(bytes(at - piece.at)..)))
    }

    /// Drops what lies from `from` to `to`; all positions stay as they are.
    pub(super) fn cut(&mut self, from: u64, to: u64) {
        let first = self.pieces.partition_point(|piece| piece.end() <= from);
        let end = self.pieces.partition_point(|piece| piece.at < to);
        let cut: Vec<_> = self.pieces.drain(first..end.max(first)).collect();
        let mut kept = Vec::new();
        if let Some(head) = cut.first().filter(|piece| piece.at < from) {
            let pcm = head.pcm.slice(..bytes(from - head.at));
            kept.push(Piece {
                pcm,
                ..head.clone()
            });
        }
        if let Some(tail) = cut.last().filter(|piece| piece.end() > to) {
            let pcm = tail.pcm.slice(bytes(to - tail.at)..);
            kept.push(Piece {
                at: to,
                pcm,
                given: tail.given,
            });
        }
        for piece in kept.into_iter().rev() {
            self.pieces.insert(first, piece);
        }
    }

    /// Samples that are held from `from` on; what was cut out is not among them.
    pub(super) fn held_from(&self, from: u64) -> u64 {
        let first = self.pieces.partition_point(|piece| piece.end() <= from);
        let pieces = self.pieces.range(first..);
        pieces.map(|piece| piece.end() - piece.at.max(from)).sum()
    }

    /// Samples that the application gave, from `from` to `to`.
    pub(super) fn given_between(&self, from: u64, to: u64) -> u64 {
        let first = self.pieces.partition_point(|piece| piece.end() <= from);
        let pieces = self.pieces.range(first..);
        let given = pieces.take_while(|piece| piece.at < to).filter(|p| p.given);
        given
            .map(|piece| piece.end().min(to) - piece.at.max(from))
            .sum()
    }

    /// Lets go of the pieces that end at or before `at`.
    pub(super) fn forget_before(&mut self, at: u64) {
        while self.pieces.front().is_some_and(|piece| piece.end() <= at) {
            self.pieces.pop_front();
        }
    }
}

fn bytes(samples: u64) -> usize {
    usize::try_from(samples).unwrap_or(usize::MAX / 2) * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(samples: std::ops::Range<u16>) -> Bytes {
        samples.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn every_position_is_found_in_whatever_pieces() {
        let mut tape = Tape::default();
        tape.push(audio(0..3), true);
        tape.push(audio(3..10_000), true);
        assert_eq!(tape.end(), 10_000);
        for at in [0, 2, 3, 4_802, 4_803, 9_999] {
            let first: [u8; 2] = tape.read(at).unwrap().1[..2].try_into().unwrap();
            assert_eq!(u64::from(u16::from_le_bytes(first)), at);
        }
        assert_eq!(tape.read(10_000), None);
        let (mut at, mut all) = (0, Vec::new());
        while let Some((_, pcm)) = tape.read(at) {
            assert!(pcm.len() <= MOST_SAMPLES * 2);
            at += (pcm.len() / 2) as u64;
            all.extend_from_slice(&pcm);
        }
        assert_eq!(all, audio(0..10_000));
    }

    #[test]
    fn what_was_forgotten_is_not_found_and_silence_is_not_counted() {
        let mut tape = Tape::default();
        tape.push(audio(0..10), true);
        tape.push(audio(10..30), false);
        tape.push(audio(30..40), true);
        assert_eq!(tape.given_between(5, 35), 10);
        tape.forget_before(10);
        assert_eq!((tape.start(), tape.read(9).unwrap().0), (10, 10));
        assert_eq!(tape.given_between(0, 40), 10);
        tape.forget_before(40);
        assert_eq!((tape.start(), tape.end()), (40, 40));
    }

    #[test]
    fn a_hole_moves_nothing() {
        let mut tape = Tape::default();
        tape.push(audio(0..10), true);
        tape.push(audio(10..20), true);
        tape.cut(4, 16);
        assert_eq!(tape.read(2).unwrap(), (2, audio(2..4)));
        assert_eq!(tape.read(4).unwrap(), (16, audio(16..20)));
        assert_eq!((tape.given_between(0, 20), tape.end()), (8, 20));
        tape.push(audio(20..30), true);
        tape.cut(22, 24);
        assert_eq!(tape.read(21).unwrap(), (21, audio(21..22)));
        assert_eq!(tape.read(22).unwrap(), (24, audio(24..30)));
    }
}
