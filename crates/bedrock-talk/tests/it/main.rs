//! Whole conversations through the bridge: clients at in-memory pipes, a loopback Bedrock at another, one virtual clock.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod access;
mod bad_clients;
mod conversation;
mod guest;
mod house;
mod phone;
mod resume;

#[path = "../../../bedrock-stream/tests/pipeline/stage.rs"]
#[expect(dead_code, reason = "the client's own tests use more of it")]
mod stage;
#[path = "../../../bedrock-stream/tests/pipeline/tape.rs"]
#[expect(dead_code, reason = "the client's own tests use more of it")]
mod tape;
