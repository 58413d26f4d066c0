//! PCM16: bytes to samples, samples to bytes, one rate to another, and a tone.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Little-endian 16-bit samples; an odd last byte is left out.
pub(super) fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect()
}

pub(super) fn bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

pub(super) const fn millis(samples: usize, rate: u32) -> u64 {
    samples as u64 * 1000 / rate as u64
}

/// A clip at another rate, of the same length in time. A resampler that cannot be built gives back nothing.
pub(super) fn resample(clip: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || clip.is_empty() {
        return clip.to_vec();
    }
    resample_with_rubato(clip, from, to).unwrap_or_default()
}

fn resample_with_rubato(clip: &[i16], from: u32, to: u32) -> Option<Vec<i16>> {
    let input: Vec<f32> = clip.iter().map(|sample| f32::from(*sample)).collect();
    let input = InterleavedSlice::new(&input, 1, clip.len()).ok()?;
    let parameters = SincInterpolationParameters::new(64, WindowFunction::BlackmanHarris2)
        .interpolation(SincInterpolationType::Linear);
    let ratio = f64::from(to) / f64::from(from);
    let mut resampler =
        Async::<f32>::new_sinc(ratio, 1.0, &parameters, 1024, 1, FixedAsync::Input).ok()?;
    let output = resampler.process_all(&input, clip.len(), None).ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as saturates, which is what clipping is"
    )]
    let samples = output
        .take_data()
        .into_iter()
        .map(|sample| sample.round() as i16)
        .collect();
    Some(samples)
}

/// A soft 440 Hz tone with its ends faded.
pub(super) fn tone(millis: u64, rate: u32) -> Vec<i16> {
    let count = u32::try_from(millis).unwrap_or(u32::MAX) * (rate / 1000);
    let fade = f64::from(rate) / 100.0;
    (0..count)
        .map(|at| {
            let edge = f64::from(at.min(count - 1 - at)) / fade;
            let angle = f64::from(at) * 440.0 * std::f64::consts::TAU / f64::from(rate);
            #[expect(clippy::cast_possible_truncation, reason = "within 4,000")]
            let sample = (angle.sin() * 4000.0 * edge.min(1.0)) as i16;
            sample
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(samples: &[i16]) -> f64 {
        let squares = samples.iter().map(|sample| f64::from(*sample).powi(2));
        let count = u32::try_from(samples.len()).unwrap();
        (squares.sum::<f64>() / f64::from(count)).sqrt()
    }

    #[test]
    fn resampling_keeps_length_and_pitch() {
        for (from, to) in [
            (16_000, 24_000),
            (8_000, 24_000),
            (24_000, 16_000),
            (24_000, 8_000),
        ] {
            let clip = tone(500, from);
            let out = resample(&clip, from, to);
            assert_eq!(out.len(), to as usize / 2, "{from} to {to}");
            assert!(
                (energy(&out) / energy(&clip) - 1.0).abs() < 0.05,
                "{from} to {to}"
            );
            let crossings = out
                .windows(2)
                .filter(|pair| pair[0] < 0 && pair[1] >= 0)
                .count();
            assert!((215..=222).contains(&crossings), "{crossings} periods");
        }
    }

    #[test]
    fn bytes_and_samples_agree() {
        let clip = tone(10, 8000);
        assert_eq!(samples(&bytes(&clip)), clip);
        assert_eq!(samples(&[1, 0, 9]), [1]);
        assert_eq!(millis(16_000, 16_000), 1000);
    }
}
