//! One rate to another while the audio streams, by the `rubato` crate.

use std::fmt;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters, WindowFunction,
};

use crate::audio::pcm16::{from_f32, to_f32};

/// Samples that go through at a time.
const CHUNK: usize = 256;
/// Length of the filter, in samples of the input.
const POINTS: usize = 64;

/// A stream of mono samples at another rate: a 48 kHz microphone for a 16 kHz session.
///
/// What comes out is late by some milliseconds and as long as what went in; [`finish`](Self::finish) gives the end of it.
pub struct Resampler {
    inner: Async<f32>,
    waiting: Vec<f32>,
    /// Samples at the beginning that are the filter's own.
    to_skip: usize,
    taken: u64,
    given: u64,
    ratio: f64,
}

impl Resampler {
    /// From one rate to another, both in Hz.
    ///
    /// # Errors
    /// A rate of 0, or a ratio that the filter is not made for (over 256).
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let error = ResampleError { from, to };
        if from == 0 || to == 0 {
            return Err(error);
        }
        let ratio = f64::from(to) / f64::from(from);
        let parameters = SincInterpolationParameters::new(POINTS, WindowFunction::BlackmanHarris2);
        let inner = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
            .map_err(|_| error)?;
        Ok(Self {
            to_skip: delay(ratio),
            inner,
            waiting: Vec::new(),
            taken: 0,
            given: 0,
            ratio,
        })
    }

    /// Takes samples, appends those that are ready to `out`.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        self.taken += samples.len() as u64;
        self.waiting.extend(samples.iter().map(|s| to_f32(*s)));
        while self.waiting.len() >= CHUNK {
            self.chunk(None, out);
        }
    }

    /// Appends what is left, with the end of the filter.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        while self.given < self.expected() {
            let left = self.waiting.len().min(CHUNK);
            let before = out.len();
            self.chunk(Some(left), out);
            if out.len() == before && self.to_skip == 0 {
                return;
            }
        }
    }

    fn chunk(&mut self, partial: Option<usize>, out: &mut Vec<i16>) {
        let len = partial.unwrap_or(CHUNK);
        let mut input: Vec<f32> = self.waiting.drain(..len).collect();
        input.resize(CHUNK, 0.0);
        let indexing = Indexing::new();
        let Ok(input) = InterleavedSlice::new(&input, 1, CHUNK) else {
            return;
        };
        let Ok(output) = self.inner.process(&input, Some(&indexing)) else {
            return;
        };
        let output = output.take_data();
        let skipped = self.to_skip.min(output.len());
        self.to_skip -= skipped;
        let ready = output.iter().skip(skipped);
        let left = match partial {
            Some(_) => usize::try_from(self.expected() - self.given).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let before = out.len();
        out.extend(ready.take(left).map(|sample| from_f32(*sample)));
        self.given += (out.len() - before) as u64;
    }

    /// Samples that belong to what was taken.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "days of audio are exact"
    )]
    fn expected(&self) -> u64 {
        (self.taken as f64 * self.ratio).round() as u64
    }
}

/// By how many samples the filter is late at its output. `output_delay` rounds down and leaves out that rubato steps before
/// it reads: a whole sample off at 8 to 16 kHz.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a small number"
)]
fn delay(ratio: f64) -> usize {
    (POINTS as f64 / 2.0 * ratio - 1.0).round().max(0.0) as usize
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler")
            .field("ratio", &self.ratio)
            .finish_non_exhaustive()
    }
}

/// There is no way from the one rate to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResampleError {
    /// The rate given, in Hz.
    pub from: u32,
    /// The rate asked for, in Hz.
    pub to: u32,
}

impl fmt::Display for ResampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot resample from {} Hz to {} Hz", self.from, self.to)
    }
}

impl std::error::Error for ResampleError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone of `hz` and its loudness at the rate, a second long.
    fn tone(hz: f64, rate: u32) -> Vec<i16> {
        let step = hz * std::f64::consts::TAU / f64::from(rate);
        #[expect(clippy::cast_possible_truncation, reason = "within 10,000")]
        let sample = |at| (f64::sin(f64::from(at) * step) * 10_000.0) as i16;
        (0..rate).map(sample).collect()
    }

    fn through(from: u32, to: u32, chunk: usize, input: &[i16]) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = Vec::new();
        for chunk in input.chunks(chunk) {
            resampler.push(chunk, &mut out);
        }
        resampler.finish(&mut out);
        out
    }

    #[test]
    fn a_tone_keeps_its_length_its_place_and_its_loudness() {
        for (from, to) in [
            (48_000, 16_000),
            (44_100, 24_000),
            (8_000, 16_000),
            (24_000, 48_000),
        ] {
            let out = through(from, to, 480, &tone(440.0, from));
            let expected = tone(440.0, to);
            assert_eq!(out.len(), expected.len(), "{from} to {to}");
            // The delay of the filter is no whole number of samples.
            let sample = 10_000.0 * 440.0 * std::f64::consts::TAU / f64::from(to);
            let middle = out.len() / 4..out.len() * 3 / 4;
            for at in middle {
                let error = i32::from(out[at]) - i32::from(expected[at]);
                assert!(
                    f64::from(error.abs()) < sample * 0.6,
                    "{from} to {to} at {at}: {error}"
                );
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_filtered_out() {
        let out = through(48_000, 16_000, 999, &tone(11_000.0, 48_000));
        assert!(out[2_000..14_000].iter().all(|s| s.abs() < 300));
    }

    #[test]
    fn chunking_changes_nothing() {
        let input = tone(300.0, 44_100);
        let whole = through(44_100, 16_000, input.len(), &input);
        assert_eq!(through(44_100, 16_000, 7, &input), whole);
    }

    #[test]
    fn rates_that_make_no_sense() {
        let error = Resampler::new(0, 16_000).unwrap_err();
        assert_eq!(error.to_string(), "cannot resample from 0 Hz to 16000 Hz");
    }
}
