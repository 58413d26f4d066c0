//! From the model's voice to a loudspeaker's callback, with what was played told and the rest taken back on a barge-in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nova_sonic::TurnId;
use nova_sonic::audio::{Resampler, level_db, samples, to_bytes, to_f32};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How often is told what was played.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// The callback's half.
#[derive(Clone)]
pub(in crate::sonic) struct Outlet {
    shared: Arc<Shared>,
}

/// The conversation's half.
pub(in crate::sonic) struct Loudspeaker {
    shared: Arc<Shared>,
    resampler: Resampler,
    rate: u32,
    device_rate: u32,
    tell_at: Instant,
}

struct Shared {
    channels: usize,
    waiting: Mutex<Waiting>,
    played_out: Notify,
}

/// Speech that waits, at the device's rate; the lock is held for a copy of some milliseconds, on either side.
#[derive(Default)]
struct Waiting {
    samples: VecDeque<i16>,
    /// Which answers those are of, and how many of each.
    turns: VecDeque<(TurnId, usize)>,
    /// The answer that is played, and how much of it was.
    played: Option<(TurnId, u64)>,
    failed: Option<String>,
    level_db: f32,
}

/// The two halves for speech of this rate and a device of that one, with so many channels interleaved.
///
/// # Errors
/// Rates that no filter leads between.
pub(in crate::sonic) fn new(
    rate: u32,
    device_rate: u32,
    channels: usize,
) -> Result<(Outlet, Loudspeaker), String> {
    let shared = Arc::new(Shared {
        channels: channels.max(1),
        waiting: Mutex::default(),
        played_out: Notify::new(),
    });
    let outlet = Outlet {
        shared: Arc::clone(&shared),
    };
    let loudspeaker = Loudspeaker {
        shared,
        resampler: Resampler::new(rate, device_rate).map_err(|error| error.to_string())?,
        rate,
        device_rate,
        tell_at: Instant::now(),
    };
    Ok((outlet, loudspeaker))
}

impl Outlet {
    /// Fills what the device plays next: each sample in all its channels, and silence where there is no more.
    pub(super) fn fill<T: Clone>(&self, out: &mut [T], convert: impl Fn(f32) -> T) {
        let mut waiting = self.shared.lock();
        let had = waiting.samples.len();
        for moment in out.chunks_mut(self.shared.channels) {
            let sample = waiting.samples.pop_front().unwrap_or_default();
            moment.fill(convert(to_f32(sample)));
        }
        let taken = had - waiting.samples.len();
        waiting.count(taken);
        if taken < had || had == 0 {
            return;
        }
        drop(waiting);
        self.shared.played_out.notify_one();
    }

    /// The device takes nothing more.
    pub(super) fn fail(&self, why: String) {
        self.shared.lock().failed.get_or_insert(why);
        self.shared.played_out.notify_one();
    }
}

impl Loudspeaker {
    /// Takes PCM16 of an answer, which is played behind what waits.
    pub(in crate::sonic) fn take(&mut self, turn: TurnId, pcm: &[u8]) {
        let mut resampled = Vec::new();
        let speech: Vec<_> = samples(pcm).collect();
        self.resampler.push(&speech, &mut resampled);
        let mut waiting = self.shared.lock();
        waiting.level_db = level_db(&to_bytes(&speech));
        waiting.push(turn, &resampled);
    }

    /// The answer is whole: the end of it that is still in the filter is played too.
    pub(in crate::sonic) fn turn_ended(&mut self, turn: TurnId) {
        let mut rest = Vec::new();
        self.resampler.finish(&mut rest);
        self.shared.lock().push(turn, &rest);
        self.begin_anew();
    }

    /// Plays nothing of what waits, from the next sample on.
    pub(in crate::sonic) fn interrupt(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.samples.clear();
        waiting.turns.clear();
        drop(waiting);
        self.begin_anew();
    }

    /// After a tenth of a second, how much of an answer was played by now, in samples of the speech.
    ///
    /// # Errors
    /// Why the device takes nothing more.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(in crate::sonic) async fn played(&mut self) -> Result<Option<(TurnId, u64)>, String> {
        sleep_until(self.tell_at).await;
        self.tell_at = Instant::now() + TELL_EVERY;
        let waiting = self.shared.lock();
        if let Some(why) = &waiting.failed {
            return Err(format!("the loudspeaker: {why}"));
        }
        let (rate, device_rate) = (u64::from(self.rate), u64::from(self.device_rate));
        Ok(waiting
            .played
            .map(|(turn, played)| (turn, played * rate / device_rate)))
    }

    /// Waits until nothing waits to be played, or nothing can be.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(in crate::sonic) async fn played_out(&self) {
        while self.is_playing() && self.shared.lock().failed.is_none() {
            self.shared.played_out.notified().await;
        }
    }

    pub(in crate::sonic) fn is_playing(&self) -> bool {
        !self.shared.lock().samples.is_empty()
    }

    /// How loud the latest speech is, in dB; 0 at most, nothing while nothing is played.
    pub(in crate::sonic) fn level_db(&self) -> f32 {
        let waiting = self.shared.lock();
        if waiting.samples.is_empty() {
            f32::NEG_INFINITY
        } else {
            waiting.level_db
        }
    }

    /// A filter without the sound of an answer that is over.
    fn begin_anew(&mut self) {
        if let Ok(resampler) = Resampler::new(self.rate, self.device_rate) {
            self.resampler = resampler;
        }
    }
}

impl Waiting {
    fn push(&mut self, turn: TurnId, samples: &[i16]) {
        self.samples.extend(samples);
        match self.turns.back_mut() {
            Some((last, count)) if *last == turn => *count += samples.len(),
            _ => self.turns.push_back((turn, samples.len())),
        }
    }

    /// So many samples were played.
    fn count(&mut self, mut taken: usize) {
        while let Some((turn, left)) = self.turns.front_mut() {
            let of_turn = taken.min(*left);
            if of_turn > 0 {
                let before = self.played.filter(|(of, _)| of == turn);
                let before = before.map_or(0, |(_, played)| played);
                self.played = Some((*turn, before + of_turn as u64));
            }
            *left -= of_turn;
            taken -= of_turn;
            if *left > 0 {
                return;
            }
            self.turns.pop_front();
        }
    }
}

impl Shared {
    /// What is changed under the lock is whole after each sample.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(millis: usize) -> Vec<u8> {
        [0, 0x10].repeat(24 * millis)
    }

    /// Plays so many milliseconds at 48 kHz in two channels; gives how many moments were not silent.
    fn play(outlet: &Outlet, millis: usize) -> usize {
        let mut out = vec![1.0; 48 * 2 * millis];
        outlet.fill(&mut out, |sample| sample);
        let same = |moment: &[f32]| (moment[0] - moment[1]).abs() < f32::EPSILON;
        assert!(out.chunks(2).all(same));
        out.chunks(2)
            .filter(|moment| moment[0].abs() > 0.05)
            .count()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_played_whole_and_what_was_played_is_told() {
        let (outlet, mut loudspeaker) = new(24_000, 48_000, 2).unwrap();
        let turn = TurnId::default();
        assert_eq!(loudspeaker.played().await.unwrap(), None);
        for _ in 0..5 {
            loudspeaker.take(turn, &speech(100));
        }
        loudspeaker.turn_ended(turn);
        assert!(loudspeaker.is_playing() && loudspeaker.level_db() > -20.0);
        assert!(play(&outlet, 200) > 195 * 48);
        let started = Instant::now();
        assert_eq!(loudspeaker.played().await.unwrap(), Some((turn, 4_800)));
        assert_eq!(started.elapsed(), TELL_EVERY);
        let rest = play(&outlet, 1_000);
        assert!((290 * 48..301 * 48).contains(&rest), "{rest}");
        loudspeaker.played_out().await;
        assert_eq!(loudspeaker.played().await.unwrap(), Some((turn, 12_000)));
        assert!(loudspeaker.level_db() < -300.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_barge_in_is_silence_from_the_next_sample_on() {
        let (outlet, mut loudspeaker) = new(24_000, 48_000, 2).unwrap();
        loudspeaker.take(TurnId::default(), &speech(5_000));
        play(&outlet, 300);
        loudspeaker.interrupt();
        assert_eq!(play(&outlet, 100), 0);
        let played = loudspeaker.played().await.unwrap();
        assert_eq!(played, Some((TurnId::default(), 7_200)));
        loudspeaker.played_out().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_is_gone_is_an_error_and_nobody_waits_for_it() {
        let (outlet, mut loudspeaker) = new(24_000, 44_100, 1).unwrap();
        loudspeaker.take(TurnId::default(), &speech(500));
        outlet.fail("unplugged".into());
        loudspeaker.played_out().await;
        let error = loudspeaker.played().await.unwrap_err();
        assert_eq!(error, "the loudspeaker: unplugged");
    }
}
