//! Names of prompts and content blocks, from random bytes that the caller gives.

use std::fmt::Write as _;

/// Gives unique names in the shape of UUIDs: one random value for the session, counted up.
#[derive(Clone, Debug)]
pub struct Names {
    high: u64,
    low: u64,
    given: u64,
}

impl Names {
    /// Names for one session (one leg). Two sessions must not share their random bytes.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is what is wanted"
    )]
    pub const fn new(random: [u8; 16]) -> Self {
        let random = u128::from_be_bytes(random);
        Self {
            high: (random >> 64) as u64,
            low: random as u64,
            given: 0,
        }
    }

    /// The next name, a version 4 UUID by its shape.
    pub fn next_name(&mut self) -> String {
        // The counter goes into the low 62 bits, below the variant; all others stay as they are.
        let low = self.low.wrapping_add(self.given) & (u64::MAX >> 2) | (0b10 << 62);
        let high = self.high & !0xf000 | 0x4000;
        self.given += 1;
        let mut name = String::with_capacity(36);
        let _ = write!(
            name,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        );
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_uuids_and_differ() {
        for random in [[0; 16], [0xff; 16], [0x5a; 16]] {
            let mut names = Names::new(random);
            let given: Vec<_> = (0..1000).map(|_| names.next_name()).collect();
            let mut unique = given.clone();
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), given.len());
            for name in &given {
                assert_eq!(name.len(), 36);
                assert_eq!(name.as_bytes()[14], b'4');
                assert!(b"89ab".contains(&name.as_bytes()[19]), "{name}");
            }
        }
    }
}
