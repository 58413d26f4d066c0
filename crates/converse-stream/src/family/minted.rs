//! Ids for tool calls of families whose wire has none.

use std::fmt::Write as _;

/// Ids that begin with the caller's random bytes and count: none comes twice.
#[derive(Clone, Debug)]
pub(super) struct MintedIds {
    random: [u8; 16],
    minted: u64,
}

impl MintedIds {
    pub(super) const fn new(random: [u8; 16]) -> Self {
        Self { random, minted: 0 }
    }

    /// `tooluse_`, 32 hexadecimal digits, `_`, a number from 1: within what Bedrock allows (`[a-zA-Z0-9_.:-]{1,64}`).
    pub(super) fn next_id(&mut self) -> String {
        self.minted += 1;
        let mut id = String::from("tooluse_");
        for byte in self.random {
            let _ = write!(id, "{byte:02x}");
        }
        let _ = write!(id, "_{}", self.minted);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_within_a_stream_and_between_streams() {
        let (mut one, mut other) = (MintedIds::new([7; 16]), MintedIds::new([8; 16]));
        let ids = [one.next_id(), one.next_id(), other.next_id()];
        assert_eq!(ids[0], "tooluse_07070707070707070707070707070707_1");
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert!(ids.iter().all(|id| id.len() <= 64));
    }
}
