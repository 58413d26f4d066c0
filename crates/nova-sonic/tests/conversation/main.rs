//! The conversation machine step by step, driven by hand.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod losses;
mod soak;
mod steps;
mod talk;
