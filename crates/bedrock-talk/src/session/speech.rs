//! The model's speech that the client has not played yet.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use nova_sonic::SampleRate;

/// How many answers are remembered: reports of what was played come late.
const REMEMBERED: usize = 16;

/// Speech on its way to the client's ear. What was sent is kept until it was played: a client that lost its connection is
/// sent it again.
#[derive(Debug)]
pub(crate) struct Speech {
    chunks: VecDeque<Chunk>,
    /// How many of them, from the first, were sent.
    sent: usize,
    /// Samples in those.
    ahead: u64,
    bytes: usize,
    turns: BTreeMap<u32, Count>,
    /// Samples that may be sent ahead.
    lead: u64,
    /// Bytes that may wait.
    room: usize,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) turn: u32,
    /// Where in the answer it begins, in samples.
    pub(crate) offset: u64,
    pub(crate) pcm: Bytes,
}

/// Samples of an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    arrived: u64,
    sent: u64,
}

impl Chunk {
    pub(crate) fn samples(&self) -> u64 {
        self.pcm.len() as u64 / 2
    }

    pub(crate) fn end(&self) -> u64 {
        self.offset + self.samples()
    }
}

impl Speech {
    pub(crate) fn new(rate: SampleRate, lead: Duration, room: Duration) -> Self {
        let samples = |time: Duration| {
            let samples = time.as_millis() * u128::from(rate.hz()) / 1000;
            u64::try_from(samples).unwrap_or(u64::MAX)
        };
        Self {
            chunks: VecDeque::new(),
            sent: 0,
            ahead: 0,
            bytes: 0,
            turns: BTreeMap::new(),
            lead: samples(lead),
            room: usize::try_from(samples(room).saturating_mul(2)).unwrap_or(usize::MAX),
        }
    }

    /// Takes speech as it arrives.
    pub(crate) fn push(&mut self, turn: u32, pcm: Bytes) {
        let count = self.turns.entry(turn).or_default();
        let chunk = Chunk {
            turn,
            offset: count.arrived,
            pcm,
        };
        count.arrived = chunk.end();
        self.bytes += chunk.pcm.len();
        self.chunks.push_back(chunk);
        while self.turns.len() > REMEMBERED {
            self.turns.pop_first();
        }
    }

    /// Whether more may be taken from the model.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes < self.room
    }

    /// The next piece to be sent, unless enough is ahead of what was played.
    pub(crate) fn next(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.get(self.sent)?;
        if self.ahead > 0 && self.ahead + chunk.samples() > self.lead {
            return None;
        }
        self.sent += 1;
        self.ahead += chunk.samples();
        if let Some(count) = self.turns.get_mut(&chunk.turn) {
            count.sent = count.sent.max(chunk.end());
        }
        Some(chunk.clone())
    }

    /// The client has played so much of an answer, and all before it. Gives how much of that can be true.
    pub(crate) fn played(&mut self, turn: u32, samples: u64) -> Option<u64> {
        let samples = samples.min(self.turns.get(&turn)?.sent);
        while self.sent > 0 {
            let Some(first) = self.chunks.front_mut() else {
                break;
            };
            let heard = match first.turn {
                earlier if earlier < turn => first.samples(),
                same if same == turn => samples.saturating_sub(first.offset).min(first.samples()),
                _ => 0,
            };
            self.ahead -= heard;
            let bytes = usize::try_from(heard * 2).unwrap_or(usize::MAX);
            self.bytes -= bytes;
            if heard < first.samples() {
                first.pcm.advance(bytes);
                first.offset += heard;
                break;
            }
            self.chunks.pop_front();
            self.sent -= 1;
        }
        Some(samples)
    }

    /// The user spoke over an answer: the rest of it is not wanted.
    pub(crate) fn interrupt(&mut self, turn: u32) {
        let (mut at, sent) = (0, self.sent);
        self.chunks.retain(|chunk| {
            let (unwanted, was_sent) = (chunk.turn == turn, at < sent);
            at += 1;
            if unwanted {
                self.bytes -= chunk.pcm.len();
                if was_sent {
                    self.sent -= 1;
                    self.ahead -= chunk.samples();
                }
            }
            !unwanted
        });
    }

    /// The connection is another: what was not played is sent again.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
        self.ahead = 0;
    }

    /// Samples of an answer that have arrived.
    pub(crate) fn arrived(&self, turn: u32) -> u64 {
        self.turns.get(&turn).map_or(0, |count| count.arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second ahead, ten may wait, at 8 kHz.
    fn speech() -> Speech {
        Speech::new(
            SampleRate::Hz8000,
            Duration::from_secs(1),
            Duration::from_secs(10),
        )
    }

    fn piece(samples: usize) -> Bytes {
        Bytes::from(vec![1; samples * 2])
    }

    fn sent(speech: &mut Speech) -> Vec<(u32, u64, u64)> {
        std::iter::from_fn(|| speech.next())
            .map(|chunk| (chunk.turn, chunk.offset, chunk.samples()))
            .collect()
    }

    #[test]
    fn no_more_goes_out_than_may_be_ahead_of_what_was_played() {
        let mut speech = speech();
        for _ in 0..4 {
            speech.push(1, piece(4_000));
        }
        assert_eq!(sent(&mut speech), [(1, 0, 4_000), (1, 4_000, 4_000)]);
        assert_eq!(speech.played(1, 1_000), Some(1_000));
        assert_eq!(sent(&mut speech), []);
        speech.played(1, 4_000);
        assert_eq!(sent(&mut speech), [(1, 8_000, 4_000)]);
        assert_eq!(speech.arrived(1), 16_000);
    }

    #[test]
    fn a_piece_that_is_longer_than_the_lead_goes_out_alone() {
        let mut speech = speech();
        speech.push(1, piece(20_000));
        speech.push(1, piece(10));
        assert_eq!(sent(&mut speech), [(1, 0, 20_000)]);
        speech.played(1, 19_999);
        assert_eq!(sent(&mut speech), [(1, 20_000, 10)]);
    }

    #[test]
    fn nobody_has_played_what_he_was_not_sent() {
        let mut speech = speech();
        speech.push(1, piece(4_000));
        assert_eq!(speech.played(1, 500), Some(0));
        assert_eq!(speech.played(2, 500), None);
        sent(&mut speech);
        assert_eq!(speech.played(1, u64::MAX), Some(4_000));
        assert!(speech.chunks.is_empty() && speech.bytes == 0 && speech.ahead == 0);
    }

    #[test]
    fn an_interruption_takes_that_answer_and_no_other() {
        let mut speech = speech();
        for (turn, samples) in [(1, 2_000), (2, 3_000), (2, 9_000), (3, 1_000)] {
            speech.push(turn, piece(samples));
        }
        assert_eq!(sent(&mut speech).len(), 2);
        speech.interrupt(2);
        assert_eq!(speech.ahead, 2_000);
        assert_eq!(sent(&mut speech), [(3, 0, 1_000)]);
        assert_eq!(speech.played(2, 1_500), Some(1_500));
        speech.played(3, 1_000);
        assert_eq!((speech.ahead, speech.bytes), (0, 0));
    }

    #[test]
    fn after_a_loss_what_was_not_played_comes_again() {
        let mut speech = speech();
        speech.push(1, piece(3_000));
        speech.push(1, piece(3_000));
        sent(&mut speech);
        speech.played(1, 1_000);
        speech.rewind();
        assert_eq!(sent(&mut speech), [(1, 1_000, 2_000), (1, 3_000, 3_000)]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut speech = speech();
        speech.push(1, piece(79_999));
        assert!(speech.has_room());
        speech.push(1, piece(1));
        assert!(!speech.has_room());
    }
}
