//! The driver: the one future that moves a connection, drains what it received and watches the
//! clock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::connection::Shared;
use super::fault;
use super::liveness::Liveness;
use super::outgoing::Outgoing;
use super::pump::Pump;
use super::wire::Wire;
use crate::{Error, ErrorCode, ErrorKind, Phase};

/// Moves one connection. A future that ends when the connection does; dropping it cuts the
/// connection and fails its calls with [`ErrorKind::DriverStopped`].
///
/// It ends well (`Ok`) when the connection was closed with no call left, and with the
/// connection's error otherwise, which the calls have been told as well.
#[must_use = "nothing moves on a connection unless its driver is polled"]
pub struct Driver<T>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    connection: h2::client::Connection<Wire<T>, Outgoing>,
    wire: Wire<T>,
    shared: Arc<Shared>,
    pumps: Vec<Pump>,
    alarm: Alarm,
    liveness: Option<Liveness>,
    idle: Idle,
    closed: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    pub(super) fn new(
        connection: h2::client::Connection<Wire<T>, Outgoing>,
        wire: Wire<T>,
        shared: Arc<Shared>,
        liveness: Option<Liveness>,
        idle_timeout: Option<Duration>,
    ) -> Self {
        let idle = Idle {
            limit: idle_timeout,
            since: None,
        };
        Self {
            connection,
            wire,
            shared,
            pumps: Vec::new(),
            alarm: Alarm::default(),
            liveness,
            idle,
            closed: false,
        }
    }

    /// Drains every call that has news.
    fn pump(&mut self) {
        let alarm = &mut self.alarm;
        self.pumps.retain_mut(|pump| {
            if !pump.call.flag.take() {
                return true;
            }
            let open = pump.drain().is_pending();
            if open {
                alarm.no_later_than(pump.call.check_deadlines(Instant::now()));
            }
            open
        });
    }

    /// h2 tells nobody by itself that GOAWAY came; but it came during a poll, so this is the time
    /// to ask.
    fn note_going_away(&mut self) {
        let code = self.shared.note_going_away();
        if let (Some(ErrorCode::ENHANCE_YOUR_CALM), Some(liveness)) = (code, &self.liveness) {
            liveness.back_off();
        }
    }

    fn check_clock(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        loop {
            let now = Instant::now();
            if let Some(liveness) = &mut self.liveness {
                self.alarm
                    .no_later_than(liveness.check(now, &self.shared, cx)?);
            }
            self.alarm.no_later_than(self.idle.check(now, &self.shared));
            if self.alarm.poll(cx).is_pending() {
                return Ok(());
            }
            let now = Instant::now();
            for pump in &self.pumps {
                self.alarm.no_later_than(pump.call.check_deadlines(now));
            }
        }
    }

    fn close(&mut self, error: &Error) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let unadopted = self.shared.close(error.clone());
        for pump in self.pumps.drain(..).chain(unadopted) {
            let error = pump.call.proven(error.clone());
            pump.call.change(|state| state.fail(error));
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for Driver<T> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.shared.adopt(&mut this.pumps, cx);
        this.wire.hold();
        let done = Pin::new(&mut this.connection).poll(cx);
        this.wire.release(cx);
        this.pump();
        this.note_going_away();
        let (error, result) = match done {
            Poll::Pending => match this.check_clock(cx) {
                Ok(()) => return Poll::Pending,
                Err(dead) => (dead.clone(), Err(dead)),
            },
            Poll::Ready(Ok(())) => {
                let closed = Error::new(ErrorKind::ConnectionLost, Phase::Receive);
                (closed.with_detail("the connection was closed"), Ok(()))
            }
            Poll::Ready(Err(error)) => {
                let error = fault::of_connection(&error);
                (error.clone(), Err(error))
            }
        };
        this.close(&error);
        Poll::Ready(result)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Drop for Driver<T> {
    fn drop(&mut self) {
        self.close(&Error::new(ErrorKind::DriverStopped, Phase::Receive));
    }
}

/// Closes a connection that has carried no call for a while.
#[derive(Debug)]
struct Idle {
    limit: Option<Duration>,
    since: Option<Instant>,
}

impl Idle {
    fn check(&mut self, now: Instant, shared: &Shared) -> Option<Instant> {
        let limit = self.limit?;
        if shared.has_calls() {
            self.since = None;
            return None;
        }
        let due = *self.since.get_or_insert(now) + limit;
        if now >= due && shared.retire_if_idle() {
            return None;
        }
        Some(due.max(now))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> fmt::Debug for Driver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("calls", &self.pumps.len())
            .finish_non_exhaustive()
    }
}
