//! Lower-case hexadecimal into fixed arrays. It stands in every signature's path and no crate of the graph offers it.

/// The digits of 32 bytes. Arithmetic, not a table: it leaks nothing through the cache and the compiler vectorizes it.
pub(crate) fn encode(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = encode_byte(*byte);
    }
    text
}

/// The two digits of a byte.
pub(crate) const fn encode_byte(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 15)]
}

/// The bytes of 64 digits, upper or lower case.
pub(crate) fn decode(text: &[u8; 64]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(text.as_chunks::<2>().0) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

const fn digit(nibble: u8) -> u8 {
    let beyond_nine = (nibble > 9) as u8;
    b'0' + nibble + beyond_nine * (b'a' - b'0' - 10)
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_goes_out_and_comes_back() {
        for byte in 0..=u8::MAX {
            let text = encode(&[byte; 32]);
            assert_eq!(&text[..2], format!("{byte:02x}").as_bytes());
            assert_eq!(decode(&text), Some([byte; 32]));
            assert_eq!(
                decode(&text.map(|c| c.to_ascii_uppercase())),
                Some([byte; 32])
            );
        }
    }

    #[test]
    fn what_is_no_digit_is_refused() {
        for byte in 0..=u8::MAX {
            let mut text = [b'0'; 64];
            text[63] = byte;
            assert_eq!(decode(&text).is_some(), byte.is_ascii_hexdigit());
        }
    }
}
