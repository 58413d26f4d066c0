//! Faults built in on purpose: a simulation that does not find them proves nothing.

use crate::conversation::machine::Conversation;

/// A fault of the hand-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The next leg hears nothing again: speech that had begun is cut.
    NoReplay,
    /// The history holds the turn that is replayed as well: the model answers it twice.
    ReplayedInHistory,
    /// What a replaced leg still says counts as if it were in use.
    OldLegCounts,
    /// Turns without an answer are left with the leg that was lost.
    ForgetAsks,
    /// Audio that was dropped is not told.
    SilentDrops,
}

impl Conversation {
    /// Builds the fault in.
    #[doc(hidden)]
    pub fn sabotage(&mut self, sabotage: Sabotage) {
        self.sabotage = Some(sabotage);
    }
}
