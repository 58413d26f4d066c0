//! One HTTP/2 connection: the handle that opens calls, and what it shares with the driver.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

use super::call::Call;
use super::driver::Driver;
use super::fault;
use super::liveness::Liveness;
use super::monitor::ConnectionStats;
use super::outgoing::Outgoing;
use super::paced::{PORTION, Paced};
use super::pump::Pump;
use super::receive::Receiver;
use super::send::Sender;
use super::settings::Settings;
use super::trace::{OfCall, OfConnection};
use super::wire::Wire;
use crate::{Deadlines, Duplex, Error, ErrorCode, ErrorKind, Phase};

/// Starts HTTP/2 as a client on a connection that is ready for it: after TLS and ALPN, or in plain
/// text with prior knowledge.
///
/// Nothing moves unless the [`Driver`] is polled: spawn it, or join it to what uses the connection.
///
/// # Errors
///
/// The connection failed while the preface was written.
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub async fn handshake<T>(io: T, settings: &Settings) -> Result<(Connection, Driver<T>), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    start(io, settings, ConnectionStats::default()).await
}

/// As [`handshake`], on a connection of which some figures are known.
pub(crate) async fn start<T>(
    io: T,
    settings: &Settings,
    stats: ConnectionStats,
) -> Result<(Connection, Driver<T>), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let io = Paced::new(io);
    let (received, written) = (io.received(), io.written());
    let wire = Wire::new(io);
    let (requests, mut connection) = h2::client::Builder::new()
        .initial_window_size(settings.receive_window)
        .initial_connection_window_size(settings.connection_window())
        .max_send_buffer_size(settings.send_buffer)
        .max_header_list_size(settings.max_header_list)
        .enable_push(false)
        .data_frame_budget(DATA_FRAME_BUDGET)
        .handshake(wire.share())
        .await
        .map_err(|error| fault::of_connection(&error).with_processed(false))?;
    let liveness = settings.keep_alive.clone().zip(connection.ping_pong());
    let liveness = liveness.map(|(when, ping)| Liveness::new(when, ping, Arc::clone(&received)));
    let shared = Arc::new(Shared {
        trace: OfConnection::started(&stats),
        written,
        received,
        state: Mutex::new(State {
            requests: Some(requests),
            handles: 1,
            calls: 0,
            incoming: Vec::new(),
            driver: None,
            going_away: None,
            watchers: Vec::new(),
            changed: None,
            stats,
            closed: None,
        }),
    });
    let driver = Driver::new(
        connection,
        wire,
        Arc::clone(&shared),
        liveness,
        settings.idle_timeout,
    );
    let send_buffer = settings.send_buffer;
    Ok((
        Connection {
            shared,
            deadlines: settings.deadlines,
            send_buffer,
        },
        driver,
    ))
}

/// The smallest DATA frame with a payload takes 10 bytes on the wire and costs 255 of h2's budget;
/// what one portion can hold of them, and again as much for what h2 still has in its read buffer.
const DATA_FRAME_BUDGET: usize = 2 * (PORTION / 10) * 256;

/// Opens calls on one HTTP/2 connection. Clones share it; it closes when all of them are gone and
/// the last call is over.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    deadlines: Deadlines,
    send_buffer: usize,
}

impl Connection {
    /// Waits until the peer has announced that it will close the connection (`GOAWAY`), or it is
    /// lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn going_away(&self) {
        self.shared.going_away().await;
    }

    /// Whether the peer has announced that it will close the connection, or it is lost.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        self.shared.is_going_away()
    }

    /// How many calls are running on it.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.lock().calls
    }

    /// The figures of this moment.
    #[must_use]
    pub fn stats(&self) -> ConnectionStats {
        self.shared.stats()
    }

    /// Opens a call without waiting.
    pub(crate) fn open_now(
        &self,
        mut head: http::Request<()>,
    ) -> Result<(Sender, Receiver), Error> {
        if head.uri().scheme().is_none() || head.uri().authority().is_none() {
            return Err(Error::new(ErrorKind::InvalidRequest, Phase::Open)
                .with_detail("its URI has no scheme or no authority"));
        }
        let deadlines = head
            .extensions_mut()
            .remove::<Deadlines>()
            .unwrap_or(self.deadlines);
        let mut state = self.shared.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone().with_processed(false));
        }
        let Some(mut requests) = state.requests.clone() else {
            return Err(Error::new(ErrorKind::ConnectionLost, Phase::Open));
        };
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(Err(error)) = requests.poll_ready(&mut cx) {
            return Err(fault::of_open(&error));
        }
        let written = self.shared.written();
        let limit = requests.current_max_send_streams();
        if state.calls >= limit {
            return Err(Error::new(ErrorKind::TooManyCalls { limit }, Phase::Open));
        }
        let (response, send) = requests
            .send_request(head, false)
            .map_err(fault::of_request)?;
        let trace = OfCall::opened(&self.shared.trace, send.stream_id().as_u32());
        let call = Arc::new(Call::new(
            trace,
            send,
            Arc::clone(&self.shared),
            written,
            deadlines,
            self.send_buffer,
        ));
        state.calls += 1;
        state.stats.calls += 1;
        state.incoming.push(Pump::new(Arc::clone(&call), response));
        let driver = state.driver.take();
        drop(state);
        driver.into_iter().for_each(Waker::wake);
        Ok((Sender::new(Arc::clone(&call)), Receiver::new(call)))
    }

    /// Has `changed` told when a call is over or the connection goes away.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub(crate) fn notify(&self, changed: &Arc<Notify>) {
        self.shared.lock().changed = Some(Arc::clone(changed));
    }
}

impl Duplex for Connection {
    type Send = Sender;
    type Receive = Receiver;

    /// Fails at once with [`ErrorKind::TooManyCalls`] where the peer allows no further call on
    /// this connection.
    async fn open(&mut self, head: http::Request<()>) -> Result<(Sender, Receiver), Error> {
        self.open_now(head)
    }
}

impl Clone for Connection {
    fn clone(&self) -> Self {
        self.shared.lock().handles += 1;
        Self {
            shared: Arc::clone(&self.shared),
            deadlines: self.deadlines,
            send_buffer: self.send_buffer,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.handles -= 1;
        state.release();
    }
}

/// What the handles, the calls and the driver of a connection share.
pub(super) struct Shared {
    trace: OfConnection,
    /// Bytes that may have left.
    written: Arc<AtomicU64>,
    /// Bytes that came.
    received: Arc<AtomicU64>,
    state: Mutex<State>,
}

struct State {
    /// Opens streams; gone when nobody can need it any more, else h2 would keep the connection.
    requests: Option<h2::client::SendRequest<Outgoing>>,
    handles: usize,
    /// Calls that are not over in both directions.
    calls: usize,
    /// Calls that the driver has not yet adopted.
    incoming: Vec<Pump>,
    driver: Option<Waker>,
    /// GOAWAY came: no further call fits on this connection.
    going_away: Option<Error>,
    watchers: Vec<Waker>,
    /// The pool's, if there is one.
    changed: Option<Arc<Notify>>,
    /// All but the bytes, which are counted where they pass.
    stats: ConnectionStats,
    /// Why the connection is at its end.
    closed: Option<Error>,
}

impl Shared {
    /// How many bytes may have left on this connection.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn call_is_over(&self) {
        let mut state = self.lock();
        state.calls -= 1;
        state.release();
        state.tell();
    }

    pub(super) fn wake_driver(&self) {
        let driver = self.lock().driver.take();
        driver.into_iter().for_each(Waker::wake);
    }

    /// For the driver: new calls, and a promise to wake it for more.
    pub(super) fn adopt(&self, pumps: &mut Vec<Pump>, cx: &Context<'_>) {
        let mut state = self.lock();
        pumps.append(&mut state.incoming);
        state.driver = Some(cx.waker().clone());
    }

    /// For the driver: asks h2 whether GOAWAY came; gives its code once.
    pub(super) fn note_going_away(&self) -> Option<ErrorCode> {
        let mut state = self.lock();
        if state.going_away.is_some() {
            return None;
        }
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Err(error)) = state.requests.as_mut()?.poll_ready(&mut cx) else {
            return None;
        };
        state.going_away = Some(fault::of_open(&error));
        let code = error.reason().map(|reason| ErrorCode(reason.into()));
        self.trace.going_away(code);
        state.tell();
        let watchers = std::mem::take(&mut state.watchers);
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
        code
    }

    /// For the driver: lets the connection end if no call has come meanwhile.
    pub(super) fn retire_if_idle(&self) -> bool {
        let mut state = self.lock();
        if state.calls > 0 {
            return false;
        }
        let idle = Error::new(ErrorKind::ConnectionLost, Phase::Open);
        state.closed = Some(idle.with_detail("it was closed after a time without calls"));
        state.requests = None;
        true
    }

    /// Adds to the loss of a connection that GOAWAY had announced it.
    pub(super) fn explain(&self, error: Error) -> Error {
        let announced = self.lock().going_away.as_ref().map(Error::kind);
        match (error.kind(), announced) {
            (ErrorKind::ConnectionLost, Some(ErrorKind::GoAway(code))) => {
                error.with_detail(format!("after GOAWAY with {code}"))
            }
            _ => error,
        }
    }

    pub(super) fn has_calls(&self) -> bool {
        self.lock().calls > 0
    }

    pub(super) fn set_rtt(&self, rtt: Duration) {
        self.trace.pong(rtt);
        self.lock().stats.rtt = Some(rtt);
    }

    pub(super) fn stats(&self) -> ConnectionStats {
        ConnectionStats {
            sent: self.written(),
            received: self.received.load(Ordering::Relaxed),
            ..self.lock().stats
        }
    }

    /// The peer has reset a call.
    pub(super) fn count_reset(&self) {
        self.lock().stats.resets += 1;
    }

    pub(super) fn is_going_away(&self) -> bool {
        let state = self.lock();
        state.going_away.is_some() || state.closed.is_some()
    }

    pub(super) async fn going_away(&self) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.going_away.is_some() || state.closed.is_some() {
                return Poll::Ready(());
            }
            if !state
                .watchers
                .iter()
                .any(|watcher| watcher.will_wake(cx.waker()))
            {
                state.watchers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// For the driver: the connection is at its end. Gives the calls that it had not yet adopted.
    pub(super) fn close(&self, error: Error) -> Vec<Pump> {
        self.trace.ended(&self.stats(), &error);
        let mut state = self.lock();
        state.closed.get_or_insert(error);
        state.requests = None;
        let watchers = std::mem::take(&mut state.watchers);
        let unadopted = std::mem::take(&mut state.incoming);
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
        unadopted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a look behind the lock, which a call may hold that is being shown.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl State {
    fn tell(&self) {
        if let Some(changed) = &self.changed {
            changed.notify_waiters();
        }
    }

    fn release(&mut self) {
        if self.handles == 0 && self.calls == 0 {
            // h2 wakes the driver by itself when the last reference goes.
            self.requests = None;
        }
    }
}
