//! ConverseStream end to end: cases of our own, recorded bodies, requests, the reader, the flat view, the writer.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod bodies;
mod cases;
mod flat;
mod invoke_bodies;
mod invoke_cases;
mod invoke_recorded;
mod peer_table;
mod reader;
mod recorded;
mod requests;
mod writer;
