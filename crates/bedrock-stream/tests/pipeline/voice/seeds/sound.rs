//! The user's audio: each millisecond says which one it is, also when the service says it back.

/// Samples of a millisecond at 8 kHz.
pub(super) const SAMPLES: usize = 8;
/// Never 0, so that a millisecond of the user is never silence that somebody else made.
const MARK: i16 = 15;
/// Added to the digits of speech. Without it they are below what the loopback takes for sound.
const LOUD: i16 = 4_000;

/// A millisecond of the user's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) at: u64,
    /// Of which utterance it is; room noise otherwise.
    pub(super) utterance: Option<u64>,
}

/// Appends a millisecond.
pub(super) fn put(tick: Tick, out: &mut Vec<u8>) {
    let digit = |number: u64, place: u32| i16::try_from((number >> (4 * place)) & 15).unwrap();
    let id = tick.utterance.map_or(0, |id| id + 1);
    let at = |place| digit(tick.at, place);
    let sum = digit((0..4).map(|place| (tick.at >> (4 * place)) & 15).sum(), 0);
    let digits = [
        MARK,
        at(0),
        at(1),
        at(2),
        at(3),
        digit(id, 0),
        digit(id, 1),
        sum,
    ];
    for (place, digit) in digits.into_iter().enumerate() {
        let sample = match tick.utterance {
            None => digit,
            Some(_) if place % 2 == 0 => LOUD + digit,
            Some(_) => -LOUD - digit,
        };
        out.extend_from_slice(&sample.to_le_bytes());
    }
}

/// The milliseconds of the user in a piece of audio, which holds whole ones; silence is left out.
pub(super) fn ticks(pcm: &[u8]) -> impl Iterator<Item = Tick> + '_ {
    assert_eq!(pcm.len() % (SAMPLES * 2), 0, "a millisecond was cut");
    pcm.chunks_exact(SAMPLES * 2).filter_map(|tick| {
        let sample = |n: usize| i16::from_le_bytes([tick[n * 2], tick[n * 2 + 1]]);
        let is_speech = sample(0) >= LOUD;
        let digit = |n: usize| {
            let sample = sample(n).unsigned_abs();
            u64::from(if is_speech {
                sample - LOUD.unsigned_abs()
            } else {
                sample
            })
        };
        if (0..SAMPLES).all(|n| sample(n) == 0) {
            return None;
        }
        assert_eq!(digit(0), 15, "audio that nobody gave: {tick:?}");
        let at = digit(1) | digit(2) << 4 | digit(3) << 8 | digit(4) << 12;
        let sum = digit(1) + digit(2) + digit(3) + digit(4);
        assert_eq!(digit(7), sum & 15, "audio that nobody gave: {tick:?}");
        let utterance = (digit(5) | digit(6) << 4).checked_sub(1);
        Some(Tick { at, utterance })
    })
}
