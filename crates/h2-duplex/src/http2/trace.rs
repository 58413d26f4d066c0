//! What the transport tells the `tracing` crate: a span for each connection and each call, filled in
//! as it goes. Lengths, times, codes and ids; never bytes or headers.
//!
//! Without the feature these types hold next to nothing, and their methods do nothing.
#![cfg_attr(
    not(feature = "tracing"),
    expect(
        dead_code,
        unused_variables,
        clippy::unused_self,
        reason = "nothing is told then"
    )
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::monitor::{ConnectionStats, Stats};
use crate::{Error, ErrorCode};

/// A connection, for those who watch.
#[derive(Debug)]
pub(crate) struct OfConnection {
    /// Its number in this process.
    id: u64,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl OfConnection {
    /// HTTP/2 was started on it.
    pub(crate) fn started(stats: &ConnectionStats) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "tracing")]
        let span = {
            use tracing::field::{Empty, debug};
            // Without a parent: it outlives the call that it was made for.
            let span = tracing::debug_span!(
                target: "h2_duplex", parent: None, "connection", connection = id,
                connect = Empty, tls = Empty, rtt = Empty, calls = Empty, resets = Empty,
                sent = Empty, received = Empty, going_away = Empty, failure = Empty,
            );
            stats
                .connect
                .map(|time| span.record("connect", debug(time)));
            stats.tls.map(|time| span.record("tls", debug(time)));
            tracing::debug!(target: "h2_duplex", parent: &span, "connection started");
            span
        };
        Self {
            id,
            #[cfg(feature = "tracing")]
            span,
        }
    }

    /// A PING was acknowledged.
    pub(crate) fn pong(&self, rtt: Duration) {
        #[cfg(feature = "tracing")]
        {
            self.span.record("rtt", tracing::field::debug(rtt));
            tracing::debug!(target: "h2_duplex", parent: &self.span, ?rtt, "ping acknowledged");
        }
    }

    /// GOAWAY came, or the connection was lost.
    pub(crate) fn going_away(&self, code: Option<ErrorCode>) {
        #[cfg(feature = "tracing")]
        {
            let code = code.map(|code| code.0);
            self.span.record("going_away", code);
            tracing::debug!(target: "h2_duplex", parent: &self.span, code, "going away");
        }
    }

    /// It is at its end.
    pub(crate) fn ended(&self, stats: &ConnectionStats, failure: &Error) {
        #[cfg(feature = "tracing")]
        {
            let failure = tracing::field::display(failure.kind());
            self.span
                .record("calls", stats.calls)
                .record("resets", stats.resets)
                .record("sent", stats.sent)
                .record("received", stats.received)
                .record("failure", &failure);
            tracing::debug!(target: "h2_duplex", parent: &self.span, "connection ended");
        }
    }
}

/// A call, for those who watch.
#[derive(Debug)]
pub(crate) struct OfCall {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl OfCall {
    /// It was opened on `stream`.
    pub(crate) fn opened(connection: &OfConnection, stream: u32) -> Self {
        #[cfg(feature = "tracing")]
        let span = {
            use tracing::field::Empty;
            let span = tracing::debug_span!(
                target: "h2_duplex", "call", connection = connection.id, stream,
                status = Empty, head = Empty, first_byte = Empty, sent = Empty,
                received = Empty, stalled = Empty, failure = Empty,
            );
            span.follows_from(&connection.span);
            tracing::debug!(target: "h2_duplex", parent: &span, "call opened");
            span
        };
        Self {
            #[cfg(feature = "tracing")]
            span,
        }
    }

    /// Its response head came.
    pub(crate) fn headed(&self, status: u16, after: Duration) {
        #[cfg(feature = "tracing")]
        {
            self.span
                .record("status", status)
                .record("head", tracing::field::debug(after));
            tracing::debug!(target: "h2_duplex", parent: &self.span, "response head");
        }
    }

    /// The first byte of its response body came.
    pub(crate) fn first_byte(&self, after: Duration) {
        #[cfg(feature = "tracing")]
        {
            self.span.record("first_byte", tracing::field::debug(after));
            tracing::debug!(target: "h2_duplex", parent: &self.span, "first byte");
        }
    }

    /// Its response ended, or it failed.
    pub(crate) fn ended(&self, stats: &Stats, end: Result<(), &Error>) {
        #[cfg(feature = "tracing")]
        {
            self.span
                .record("sent", stats.sent)
                .record("received", stats.received)
                .record("stalled", tracing::field::debug(stats.stalled));
            if let Err(error) = end {
                self.span
                    .record("failure", tracing::field::display(error.kind()));
            }
            tracing::debug!(target: "h2_duplex", parent: &self.span, "call ended");
        }
    }
}

/// A layer to the peer stands: TCP with what proxies there are, or TLS on top of it.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) fn reached(layer: &'static str, way: &str, after: Duration) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "h2_duplex", layer, way, ?after, "reached");
}
