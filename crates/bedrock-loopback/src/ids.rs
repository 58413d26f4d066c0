//! Identifiers in the service's form (UUIDs), from a seed, so that a run can be repeated.

/// A small generator (splitmix64). Nothing secret comes from it.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A version 4 UUID in lower-case hex.
    pub(crate) fn uuid(&mut self) -> String {
        let high = self.next_u64() & !0xf000 | 0x4000;
        let low = self.next_u64() & !(0b11 << 62) | (0b10 << 62);
        let mut text = format!("{high:016x}{low:016x}");
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_the_form_of_version_4() {
        let mut ids = Ids::seeded(7);
        let (first, second) = (ids.uuid(), ids.uuid());
        assert_ne!(first, second);
        assert_eq!(first, Ids::seeded(7).uuid());
        for id in [first, second] {
            let groups: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert_eq!(id.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&id.as_bytes()[19]));
        }
    }
}
