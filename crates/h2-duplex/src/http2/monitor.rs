//! A look at a running call from outside its halves.

use std::sync::Arc;
use std::time::Duration;

use super::call::Call;

/// Watches one call. It keeps nothing open, and its clones may outlive the call.
#[derive(Clone, Debug)]
pub struct Monitor {
    call: Arc<Call>,
}

impl Monitor {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self { call }
    }

    /// Waits until the peer has announced that it will close the connection (`GOAWAY`), or it is
    /// lost. The call goes on, but a long one should move to a new connection soon.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn going_away(&self) {
        self.call.connection.going_away().await;
    }

    /// Whether the peer has announced that it will close the connection, or it is lost.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        self.call.connection.is_going_away()
    }

    /// The figures of this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.call.stats()
    }

    /// The figures of the call's connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionStats {
        self.call.connection.stats()
    }
}

/// Figures of a call: lengths and times only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes of the request body that the window let pass.
    pub sent: u64,
    /// How many of them still wait for the socket.
    pub queued: usize,
    /// Bytes of the response body that came.
    pub received: u64,
    /// How many of them nobody has read yet.
    pub unread: usize,
    /// From opening the call until the response head.
    pub head_after: Option<Duration>,
    /// From opening the call until the first byte of the response body.
    pub first_byte_after: Option<Duration>,
    /// How long the sender has waited for the flow-control window or the socket.
    pub stalled: Duration,
    /// Round-trip time of the last PING, if the connection sends any.
    pub rtt: Option<Duration>,
}

/// Figures of a connection: lengths and times only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// How long TCP took, with what proxies there are; where a `Connector` made it.
    pub connect: Option<Duration>,
    /// How long TLS and ALPN took; where a `Connector` made them.
    pub tls: Option<Duration>,
    /// Round-trip time of the last PING, if the connection sends any.
    pub rtt: Option<Duration>,
    /// How many calls were opened on it.
    pub calls: u64,
    /// How many of them the peer reset.
    pub resets: u64,
    /// Bytes written, without those that TLS adds.
    pub sent: u64,
    /// Bytes read, without those that TLS adds.
    pub received: u64,
}
