//! From a microphone's callback to 32 ms of PCM16 at 16 kHz.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nova_sonic::SampleRate;
use nova_sonic::audio::{Framer, Resampler, from_f32, level_db, to_bytes};
use tokio::sync::Notify;

/// What the conversation takes.
const RATE: SampleRate = SampleRate::Hz16000;

/// The callback's half.
#[derive(Clone)]
pub(in crate::sonic) struct Intake {
    shared: Arc<Shared>,
}

/// The conversation's half.
pub(in crate::sonic) struct Microphone {
    shared: Arc<Shared>,
    resampler: Resampler,
    framer: Framer,
}

struct Shared {
    channels: usize,
    recorded: Mutex<Recorded>,
    came: Notify,
}

/// Samples of one channel that wait; the lock is held for a copy of some milliseconds, on either side.
#[derive(Default)]
struct Recorded {
    samples: VecDeque<i16>,
    /// Most that may wait: a second.
    most: usize,
    failed: Option<String>,
    level_db: f32,
}

/// The two halves for a device of this rate, with so many channels interleaved.
///
/// # Errors
/// A rate that no filter leads from.
pub(in crate::sonic) fn new(rate: u32, channels: usize) -> Result<(Intake, Microphone), String> {
    let resampler = Resampler::new(rate, RATE.hz()).map_err(|error| error.to_string())?;
    let most = rate as usize;
    let recorded = Recorded {
        samples: VecDeque::with_capacity(most),
        most,
        failed: None,
        level_db: f32::NEG_INFINITY,
    };
    let shared = Arc::new(Shared {
        channels: channels.max(1),
        recorded: Mutex::new(recorded),
        came: Notify::new(),
    });
    let intake = Intake {
        shared: Arc::clone(&shared),
    };
    let microphone = Microphone {
        shared,
        resampler,
        framer: Framer::new(RATE),
    };
    Ok((intake, microphone))
}

impl Intake {
    /// Takes samples, the channels of each moment side by side; they are mixed. Nobody waits here for the conversation:
    /// where it takes nothing the oldest second is kept out.
    pub(super) fn push(&self, interleaved: impl Iterator<Item = f32>) {
        let channels = self.shared.channels;
        let mut recorded = self.shared.lock();
        let (mut sum, mut of) = (0.0, 0_u16);
        for sample in interleaved {
            (sum, of) = (sum + sample, of + 1);
            if usize::from(of) == channels {
                if recorded.samples.len() == recorded.most {
                    recorded.samples.pop_front();
                }
                recorded.samples.push_back(from_f32(sum / f32::from(of)));
                (sum, of) = (0.0, 0);
            }
        }
        drop(recorded);
        self.shared.came.notify_one();
    }

    /// The device gives nothing more.
    pub(super) fn fail(&self, why: String) {
        self.shared.lock().failed.get_or_insert(why);
        self.shared.came.notify_one();
    }
}

impl Microphone {
    /// The next 32 ms; or why there are no more.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(in crate::sonic) async fn next(&mut self) -> Result<Bytes, String> {
        loop {
            if let Some(frame) = self.framer.next_frame() {
                self.shared.lock().level_db = level_db(&frame);
                return Ok(frame);
            }
            let (samples, failed) = {
                let mut recorded = self.shared.lock();
                let samples: Vec<_> = recorded.samples.drain(..).collect();
                (samples, recorded.failed.clone())
            };
            if !samples.is_empty() {
                let mut resampled = Vec::new();
                self.resampler.push(&samples, &mut resampled);
                self.framer.push(&to_bytes(&resampled));
            } else if let Some(why) = failed {
                return Err(why);
            } else {
                self.shared.came.notified().await;
            }
        }
    }

    /// What shows the level of the latest 32 ms.
    pub(in crate::sonic) fn level(&self) -> Level {
        Level(Arc::clone(&self.shared))
    }
}

/// How loud the microphone is.
#[derive(Clone)]
pub(in crate::sonic) struct Level(Arc<Shared>);

impl Level {
    /// In dB, 0 at most.
    pub(in crate::sonic) fn db(&self) -> f32 {
        self.0.lock().level_db
    }
}

impl Shared {
    /// What is changed under the lock is whole after each sample.
    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone at this rate, in so many channels.
    fn tone(rate: u16, channels: usize, millis: u16) -> Vec<f32> {
        let step = 440.0 * std::f32::consts::TAU / f32::from(rate);
        let sample = |at: u16| (f32::from(at) * step).sin() / 2.0;
        let samples = 0..rate / 1000 * millis;
        samples.flat_map(|at| vec![sample(at); channels]).collect()
    }

    #[tokio::test]
    async fn a_stereo_tone_at_48_khz_becomes_frames_of_32_ms_at_16() {
        for (rate, channels) in [(48_000, 2), (44_100, 1), (16_000, 4)] {
            let (intake, mut microphone) = new(rate.into(), channels).unwrap();
            // In the pieces of a device, which cut where they like.
            for piece in tone(rate, channels, 900).chunks(channels * 441) {
                intake.push(piece.iter().copied());
            }
            let mut bytes = 0;
            for _ in 0..26 {
                let frame = microphone.next().await.unwrap();
                assert_eq!(frame.len(), 1024);
                bytes += frame.len();
            }
            assert_eq!(bytes, 26 * 1024);
            // A sine of half the full scale.
            let level = microphone.level().db();
            assert!((level + 9.0).abs() < 0.3, "{level} dB from {rate} Hz");
        }
    }

    #[tokio::test]
    async fn a_conversation_that_takes_nothing_costs_the_oldest_audio() {
        let (intake, mut microphone) = new(16_000, 1).unwrap();
        for second in [0.1, 0.2, 0.3_f32] {
            intake.push(std::iter::repeat_n(second, 16_000));
        }
        let frame = microphone.next().await.unwrap();
        let last = nova_sonic::audio::samples(&frame).last();
        assert!((last.unwrap() - from_f32(0.3)).abs() < 10, "{last:?}");
    }

    #[tokio::test]
    async fn a_device_that_is_gone_says_so_behind_its_last_sound() {
        let (intake, mut microphone) = new(16_000, 1).unwrap();
        intake.push(std::iter::repeat_n(0.0, 800));
        intake.fail("unplugged".into());
        microphone.next().await.unwrap();
        assert_eq!(microphone.next().await.unwrap_err(), "unplugged");
    }
}
