//! Finds dead links by PING.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Shared;
use crate::{Error, ErrorKind, Phase};

/// When to send PING: only while a call is open, and only after silence.
///
/// Off by default: some servers take pings for abuse. Where one says so (`ENHANCE_YOUR_CALM`), the
/// interval doubles for all later connections with the same settings.
#[derive(Clone, Debug)]
pub struct KeepAlive {
    interval: Duration,
    timeout: Duration,
    /// How often the interval was doubled; shared by the clones.
    doublings: Arc<AtomicU32>,
}

impl KeepAlive {
    /// Pings after `interval` without a byte from the peer, and gives the connection up
    /// ([`ErrorKind::Unresponsive`]) when nothing came for `timeout` after that.
    #[must_use]
    pub fn new(interval: Duration, timeout: Duration) -> Self {
        Self {
            interval,
            timeout,
            doublings: Arc::default(),
        }
    }

    /// The interval in force.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
            .saturating_mul(1 << self.doublings.load(Ordering::Relaxed))
    }

    pub(super) fn back_off(&self) {
        let more = |doublings| (doublings < MAX_DOUBLINGS).then_some(doublings + 1);
        // An error means that the limit is reached.
        let _limit = self
            .doublings
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

/// 64 times the interval.
const MAX_DOUBLINGS: u32 = 6;

#[derive(Debug)]
pub(super) struct Liveness {
    settings: KeepAlive,
    ping: Ping,
    /// Bytes received on the connection, as the reader counts them.
    received: Arc<AtomicU64>,
    seen: u64,
    heard: Instant,
    /// Whether a call was open at the last look.
    busy: bool,
    sent: Option<Instant>,
}

/// h2's handle has no useful `Debug`.
struct Ping(h2::PingPong);

impl Liveness {
    pub(super) fn new(settings: KeepAlive, ping: h2::PingPong, received: Arc<AtomicU64>) -> Self {
        let heard = Instant::now();
        Self {
            settings,
            ping: Ping(ping),
            received,
            seen: 0,
            heard,
            busy: false,
            sent: None,
        }
    }

    /// Pings when it is time; gives the time at which to look again.
    pub(super) fn check(
        &mut self,
        now: Instant,
        shared: &Shared,
        cx: &mut Context<'_>,
    ) -> Result<Option<Instant>, Error> {
        let received = self.received.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.seen, received) != received {
            self.heard = now;
        }
        if let Some(sent) = self.sent {
            match self.ping.0.poll_pong(cx) {
                Poll::Ready(Ok(_)) => {
                    shared.set_rtt(now - sent);
                    self.sent = None;
                }
                // The connection is closing and says why by itself.
                Poll::Ready(Err(_)) => return Ok(None),
                Poll::Pending => {
                    let limit = self.heard.max(sent) + self.settings.timeout;
                    return if now < limit {
                        Ok(Some(limit))
                    } else {
                        Err(self.dead())
                    };
                }
            }
        }
        let busy = shared.has_calls();
        if busy && !self.busy {
            // The silence that counts starts with the call.
            self.heard = now;
        }
        self.busy = busy;
        if !busy {
            return Ok(None);
        }
        let due = self.heard + self.settings.interval();
        if now < due {
            return Ok(Some(due));
        }
        // Fails only on a closing connection.
        if self.ping.0.send_ping(h2::Ping::opaque()).is_ok() {
            self.sent = Some(now);
        }
        Ok(Some(now + self.settings.timeout))
    }

    pub(super) fn back_off(&self) {
        self.settings.back_off();
    }

    fn dead(&self) -> Error {
        Error::new(ErrorKind::Unresponsive, Phase::Receive).with_detail(format!(
            "nothing came for {:?} after a PING",
            self.settings.timeout
        ))
    }
}

impl std::fmt::Debug for Ping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ping")
    }
}
