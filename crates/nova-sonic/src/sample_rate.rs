//! The three sample rates that the service takes.

use std::fmt;

/// A rate of 16-bit little-endian mono PCM, in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SampleRate {
    /// 8,000 Hz: telephony.
    Hz8000,
    /// 16,000 Hz: the usual rate of speech input.
    Hz16000,
    /// 24,000 Hz: the usual rate of speech output.
    Hz24000,
}

impl SampleRate {
    /// Samples per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
        }
    }

    /// Bytes of this many milliseconds: whole samples of two bytes.
    #[must_use]
    pub const fn bytes_in_ms(self, ms: u32) -> usize {
        (self.hz() as usize / 1000) * ms as usize * 2
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = UnsupportedRate;

    fn try_from(hz: u32) -> Result<Self, UnsupportedRate> {
        match hz {
            8_000 => Ok(Self::Hz8000),
            16_000 => Ok(Self::Hz16000),
            24_000 => Ok(Self::Hz24000),
            hz => Err(UnsupportedRate { hz }),
        }
    }
}

/// A rate that the service does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsupportedRate {
    /// The rate asked for, in Hz.
    pub hz: u32,
}

impl fmt::Display for UnsupportedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Nova Sonic takes 16-bit mono PCM at 8000, 16000 or 24000 Hz, not {} Hz: resample it and mix it down first",
            self.hz
        )
    }
}

impl std::error::Error for UnsupportedRate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_rates() {
        assert_eq!(SampleRate::try_from(16_000), Ok(SampleRate::Hz16000));
        let error = SampleRate::try_from(48_000).unwrap_err();
        assert!(error.to_string().contains("resample"), "{error}");
        assert_eq!(SampleRate::Hz16000.bytes_in_ms(32), 1024);
    }
}
