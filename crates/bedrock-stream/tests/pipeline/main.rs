//! Whole conversations, TLS and HTTP/2 included, over pipes in memory and under virtual time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod any_order;
mod captured;
mod conversation;
mod converse;
mod credentials;
mod early_end;
mod invoke;
mod json_face;
mod recorded_clients;
mod recording;
mod secrets;
mod stage;
mod strands_face;
mod tape;
mod voice;
