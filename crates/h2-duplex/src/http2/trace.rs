//! What the transport tells the `tracing` crate: lengths, times, codes and ids, never bytes or
//! headers.
//!
//! Without the feature these functions are empty.
#![cfg_attr(
    not(feature = "tracing"),
    expect(dead_code, unused_variables, reason = "nothing is told then")
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::monitor::Stats;
use crate::{Error, ErrorCode};

/// Which call of which connection, in this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id {
    connection: u64,
    /// The stream of HTTP/2; 0 is the connection itself.
    stream: u32,
}

impl Id {
    /// A new connection.
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self {
            connection: COUNT.fetch_add(1, Ordering::Relaxed),
            stream: 0,
        }
    }

    pub(crate) fn call(self, stream: u32) -> Self {
        Self { stream, ..self }
    }
}

macro_rules! tell {
    ($id:expr, $($what:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::debug!(
            target: "h2_duplex",
            connection = $id.connection,
            stream = $id.stream,
            $($what)*
        )
    };
}

/// HTTP/2 was started on a connection.
pub(crate) fn started(id: Id) {
    tell!(id, "connection started");
}

/// A call was opened.
pub(crate) fn opened(id: Id) {
    tell!(id, "call opened");
}

/// A response head came.
pub(crate) fn headed(id: Id, status: u16, after: Duration) {
    tell!(id, status, ?after, "response head");
}

/// The first byte of a response body came.
pub(crate) fn first_byte(id: Id, after: Duration) {
    tell!(id, ?after, "first byte");
}

/// A response ended, or the call failed.
pub(crate) fn ended(id: Id, stats: &Stats, end: Result<(), &Error>) {
    #[cfg(feature = "tracing")]
    let failure = end.err().map(|error| tracing::field::display(error.kind()));
    tell!(
        id,
        failure,
        sent = stats.sent,
        received = stats.received,
        stalled = ?stats.stalled,
        "call ended"
    );
}

/// A PING was acknowledged.
pub(crate) fn pong(id: Id, rtt: Duration) {
    tell!(id, ?rtt, "ping acknowledged");
}

/// GOAWAY came, or the connection was lost.
pub(crate) fn going_away(id: Id, code: Option<ErrorCode>) {
    tell!(id, code = code.map(|code| code.0), "going away");
}

/// A connection to the peer stands: TCP with what proxies there are, or TLS on top of it.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) fn reached(layer: &'static str, way: &str, after: Duration) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "h2_duplex", layer, way, ?after, "reached");
}
