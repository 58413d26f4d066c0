//! The user's audio, marked so that every millisecond of it can be told from every other.

/// Samples of a millisecond at 8 kHz.
const SAMPLES: usize = 8;
/// The numbers stay small, so that a quiet room is quiet (-40 dB).
const MARK: i16 = 0x123;
/// Amplitude of speech, and of a quiet room.
const LOUD: i16 = 0x3000;
const QUIET: i16 = 1;

/// A millisecond of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// The user's: which millisecond, and of which utterance.
    User { at: u64, utterance: Option<u64> },
    /// Silence that the machine made.
    Silence,
}

/// Appends the user's millisecond `at`.
pub(crate) fn put(at: u64, utterance: Option<u64>, out: &mut Vec<u8>) {
    let filler = if utterance.is_some() { LOUD } else { QUIET };
    let mut samples = [filler; SAMPLES];
    let numbers = [
        at & 0xff,
        (at >> 8) & 0xff,
        at >> 16,
        utterance.map_or(0, |id| id + 1),
    ];
    samples[0] = MARK;
    for (sample, number) in samples[1..].iter_mut().zip(numbers) {
        *sample = u8::try_from(number).unwrap().into();
    }
    for sample in samples {
        out.extend_from_slice(&sample.to_le_bytes());
    }
}

/// Reads what was sent, millisecond by millisecond.
pub(crate) fn ticks(pcm: &[u8]) -> Vec<Tick> {
    assert_eq!(pcm.len() % (SAMPLES * 2), 0, "a millisecond was cut");
    let ticks = pcm.chunks_exact(SAMPLES * 2).map(|tick| {
        let sample = |n: usize| i16::from_le_bytes([tick[n * 2], tick[n * 2 + 1]]);
        if tick.iter().all(|byte| *byte == 0) {
            return Tick::Silence;
        }
        assert_eq!(sample(0), MARK, "audio that nobody gave");
        let number = |n: usize| u64::from(sample(n).unsigned_abs());
        Tick::User {
            at: number(1) | (number(2) << 8) | (number(3) << 16),
            utterance: number(4).checked_sub(1),
        }
    });
    ticks.collect()
}
