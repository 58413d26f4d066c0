//! Blocks of a wire that does not number them: numbered here as they come, a lane for each of several answers at once.

use super::telling::Kind;

/// Which block goes on with what comes next.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    next: u32,
    open: Vec<OpenBlock>,
    calls: Vec<Call>,
}

#[derive(Clone, Copy, Debug)]
struct OpenBlock {
    lane: u32,
    kind: Kind,
    index: u32,
}

#[derive(Clone, Debug)]
struct Call {
    lane: u32,
    number: u32,
    index: u32,
    id: String,
}

impl Lanes {
    /// The block of text or reasoning that a lane goes on with.
    pub(super) fn open(&self, lane: u32) -> Option<(Kind, u32)> {
        let open = self.open.iter().find(|open| open.lane == lane)?;
        Some((open.kind, open.index))
    }

    /// Begins a block of text or reasoning in the place of the one before it.
    pub(super) fn begin(&mut self, lane: u32, kind: Kind) -> u32 {
        self.end(lane);
        let index = self.number();
        self.open.push(OpenBlock { lane, kind, index });
        index
    }

    /// Ends a lane's block of text or reasoning.
    pub(super) fn end(&mut self, lane: u32) -> Option<(Kind, u32)> {
        let ended = self.open(lane);
        self.open.retain(|open| open.lane != lane);
        ended
    }

    /// Begins the block of a call. A call before it with the same number gets no more input.
    pub(super) fn begin_call(&mut self, lane: u32, number: u32, id: &str) -> u32 {
        let index = self.number();
        self.calls
            .retain(|call| (call.lane, call.number) != (lane, number));
        self.calls.push(Call {
            lane,
            number,
            index,
            id: id.to_owned(),
        });
        index
    }

    /// The block and id of a call.
    pub(super) fn call(&self, lane: u32, number: u32) -> Option<(u32, &str)> {
        let call = self
            .calls
            .iter()
            .find(|call| (call.lane, call.number) == (lane, number))?;
        Some((call.index, &call.id))
    }

    fn number(&mut self) -> u32 {
        let index = self.next;
        self.next = self.next.saturating_add(1);
        index
    }
}
