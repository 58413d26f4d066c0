//! µ-law and A-law (ITU-T G.711): a byte for a sample, as telephones have it.

/// Added before the µ-law's segments are told apart, in units of 14 bits.
const BIAS: u16 = 33;
/// Largest magnitude that µ-law tells apart, in units of 14 bits.
const CLIP: u16 = 8_158;

/// A µ-law byte as a sample.
#[must_use]
pub const fn ulaw_decode(code: u8) -> i16 {
    let code = !code;
    let segment = (code >> 4) & 7;
    let step = (((code & 0xf) as i16) << 3) + 0x84;
    let magnitude = (step << segment) - 0x84;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// A sample as a µ-law byte: the nearest that is not further from zero.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "7 bits are left")]
pub const fn ulaw_encode(sample: i16) -> u8 {
    let sample = sample >> 2;
    let magnitude = sample.unsigned_abs();
    let biased = if magnitude > CLIP { CLIP } else { magnitude } + BIAS;
    // 0x21 to 0x3f is segment 0, and so on to 0x1fff.
    let segment = (10 - biased.leading_zeros()) as u16;
    let code = (segment << 4) | ((biased >> (segment + 1)) & 0xf);
    let mask = if sample < 0 { 0x7f } else { 0xff };
    code as u8 ^ mask
}

/// An A-law byte as a sample.
#[must_use]
pub const fn alaw_decode(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = ((code & 0xf) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A sample as an A-law byte: the nearest that is not further from zero.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "7 bits are left")]
pub const fn alaw_encode(sample: i16) -> u8 {
    let sample = sample >> 3;
    let (magnitude, mask) = if sample < 0 {
        ((!sample).unsigned_abs(), 0x55)
    } else {
        (sample.unsigned_abs(), 0xd5)
    };
    let segment = match 11u32.checked_sub(magnitude.leading_zeros()) {
        Some(segment) => segment as u16,
        None => 0,
    };
    let shift = if segment < 2 { 1 } else { segment };
    let code = (segment << 4) | ((magnitude >> shift) & 0xf);
    code as u8 ^ mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives() {
        for code in 0..=255 {
            // Minus zero is a code of its own, and the same sample as zero.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(ulaw_encode(ulaw_decode(code)), expected, "{code:#x}");
            assert_eq!(alaw_encode(alaw_decode(code)), code, "{code:#x}");
        }
    }

    #[test]
    fn louder_stays_louder_and_near() {
        for decoded in [
            |sample| ulaw_decode(ulaw_encode(sample)),
            |sample| alaw_decode(alaw_encode(sample)),
        ] {
            let mut before = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let now = decoded(sample);
                assert!(now >= before, "{sample}");
                let error = (i32::from(now) - i32::from(sample)).abs();
                assert!(
                    error <= 16 + i32::from(sample).abs() / 16,
                    "{sample}: {now}"
                );
                before = now;
            }
        }
    }
}
