//! Outwards: typed operations in the order that the protocol allows, as finished frames.

mod audio;
mod command;
mod grammar;
mod history;
mod pieces;
mod raw;
mod refusal;
mod writer;

pub use history::{History, HistoryCuts, HistoryLimits, HistoryRole};
pub use pieces::MAX_TEXT_BYTES;
pub use refusal::Refusal;
pub use writer::Writer;
