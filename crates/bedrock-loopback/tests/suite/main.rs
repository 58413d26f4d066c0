//! The server as clients see it, over in-memory pipes with TLS and HTTP/2, on a paused clock.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "samples of a sine within 16 bits"
)]

mod client;
mod conversation;
mod events;
mod faults;
mod oneway;
mod proxy;
mod refusals;
mod scenarios;
mod signer;
