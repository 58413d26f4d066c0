//! The conversation behind the events: turns, what was planned, said and heard, interruption as one fact.

mod answers;
mod contents;
mod event;
mod finals;
mod handover;
mod heard;
mod ledger;
mod machine;
mod pending;
mod transcript;
mod turn;

pub use event::{Leg, SessionEvent, Speaker, TextStage, TurnId};
pub use machine::{Session, SessionOptions};
pub use pending::PendingTool;
pub use transcript::{EntryState, TranscriptEntry};
