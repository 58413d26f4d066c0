//! 16-bit samples as bytes and as floats.

use bytes::Bytes;

use crate::SampleRate;

/// The samples in little-endian bytes; an odd last byte is left out.
#[must_use]
pub fn samples(pcm: &[u8]) -> impl ExactSizeIterator<Item = i16> + '_ {
    pcm.chunks_exact(2).map(|pair| match pair {
        [low, high] => i16::from_le_bytes([*low, *high]),
        _ => 0,
    })
}

/// Samples as little-endian bytes.
#[must_use]
pub fn to_bytes(samples: &[i16]) -> Bytes {
    let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
    bytes.collect::<Vec<_>>().into()
}

/// A sample as a float from -1 to just under 1; exact.
#[must_use]
pub fn to_f32(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// A float as a sample, rounded to the nearest; beyond -1 and 1 it is clipped, and what is no number is silence.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast clips, and makes 0 of NaN"
)]
pub fn from_f32(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

/// Silence of this many milliseconds.
#[must_use]
pub fn silence(rate: SampleRate, ms: u32) -> Bytes {
    vec![0; rate.bytes_in_ms(ms)].into()
}

/// How loud this is, in dB below a full-scale square wave: 0 at most, `-inf` for silence; for level meters.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a level needs no exact count")]
pub fn level_db(pcm: &[u8]) -> f32 {
    let samples = samples(pcm);
    let count = samples.len().max(1);
    let power: f32 = samples.map(|sample| to_f32(sample).powi(2)).sum();
    10.0 * (power / count as f32).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_survives_as_a_float() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(from_f32(to_f32(sample)), sample);
        }
    }

    #[test]
    fn floats_are_clipped_not_wrapped() {
        for (float, sample) in [
            (1.0, i16::MAX),
            (7.0, i16::MAX),
            (-1.0, i16::MIN),
            (f32::NEG_INFINITY, i16::MIN),
            (f32::NAN, 0),
            (0.000_02, 1),
        ] {
            assert_eq!(from_f32(float), sample, "{float}");
        }
    }

    #[test]
    fn bytes_and_levels() {
        let pcm = to_bytes(&[1, -2, i16::MIN]);
        assert_eq!(samples(&pcm).collect::<Vec<_>>(), [1, -2, i16::MIN]);
        assert_eq!(silence(SampleRate::Hz16000, 32).len(), 1024);
        assert!(level_db(&to_bytes(&[i16::MIN, i16::MIN])).abs() < 0.01);
        let soft = level_db(&to_bytes(&[3277, -3277]));
        assert!((soft + 20.0).abs() < 0.01, "{soft}");
        assert!(level_db(&[]) < -300.0);
    }
}
