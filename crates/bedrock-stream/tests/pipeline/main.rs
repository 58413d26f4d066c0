//! Whole conversations, TLS and HTTP/2 included, over pipes in memory and under virtual time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod captured;
mod conversation;
mod converse;
mod credentials;
mod early_end;
mod secrets;
mod stage;
mod tape;
