//! One HTTP/2 connection: the handle that opens calls, and what it shares with the driver.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite};

use super::call::Call;
use super::driver::{Driver, Pump};
use super::fault;
use super::outgoing::Outgoing;
use super::paced::{PORTION, Paced};
use super::receive::Receiver;
use super::send::Sender;
use super::settings::Settings;
use crate::{Deadlines, Duplex, Error, ErrorKind, Phase};

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
    let (requests, connection) = h2::client::Builder::new()
        .initial_window_size(settings.receive_window)
        .initial_connection_window_size(settings.connection_window())
        .max_send_buffer_size(settings.send_buffer)
        .max_header_list_size(settings.max_header_list)
        .enable_push(false)
        .data_frame_budget(DATA_FRAME_BUDGET)
        .handshake(Paced::new(io))
        .await
        .map_err(|error| fault::of_connection(&error).with_processed(false))?;
    let shared = Arc::new(Shared(Mutex::new(State {
        requests: Some(requests),
        handles: 1,
        calls: 0,
        incoming: Vec::new(),
        driver: None,
        closed: None,
    })));
    let driver = Driver::new(connection, Arc::clone(&shared));
    Ok((
        Connection {
            shared,
            deadlines: settings.deadlines,
        },
        driver,
    ))
}

/// The smallest DATA frame with a payload takes 10 bytes on the wire and costs 255 of h2's budget; what one portion
/// can hold of them, and again as much for what h2 still has in its read buffer.
const DATA_FRAME_BUDGET: usize = 2 * (PORTION / 10) * 256;

/// Opens calls on one HTTP/2 connection. Clones share it; it closes when all of them are gone and
/// the last call is over.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    deadlines: Deadlines,
}

impl Duplex for Connection {
    type Send = Sender;
    type Receive = Receiver;

    /// Fails at once with [`ErrorKind::TooManyCalls`] where the peer allows no further call on
    /// this connection.
    async fn open(&mut self, mut head: http::Request<()>) -> Result<(Sender, Receiver), Error> {
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
        let limit = requests.current_max_send_streams();
        if state.calls >= limit {
            return Err(Error::new(ErrorKind::TooManyCalls { limit }, Phase::Open));
        }
        let (response, send) = requests
            .send_request(head, false)
            .map_err(fault::of_request)?;
        let call = Arc::new(Call::new(send, Arc::clone(&self.shared), deadlines));
        state.calls += 1;
        state.incoming.push(Pump::new(Arc::clone(&call), response));
        let driver = state.driver.take();
        drop(state);
        driver.into_iter().for_each(Waker::wake);
        Ok((Sender::new(Arc::clone(&call)), Receiver::new(call)))
    }
}

impl Clone for Connection {
    fn clone(&self) -> Self {
        self.shared.lock().handles += 1;
        Self {
            shared: Arc::clone(&self.shared),
            deadlines: self.deadlines,
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
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Opens streams; gone when nobody can need it any more, else h2 would keep the connection.
    requests: Option<h2::client::SendRequest<Outgoing>>,
    handles: usize,
    /// Calls that are not over in both directions.
    calls: usize,
    /// Calls that the driver has not yet adopted.
    incoming: Vec<Pump>,
    driver: Option<Waker>,
    /// Why the connection is at its end.
    closed: Option<Error>,
}

impl Shared {
    pub(super) fn call_is_over(&self) {
        let mut state = self.lock();
        state.calls -= 1;
        state.release();
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

    /// For the driver: the connection is at its end. Gives the calls that it had not yet adopted.
    pub(super) fn close(&self, error: Error) -> Vec<Pump> {
        let mut state = self.lock();
        state.closed = Some(error);
        state.requests = None;
        std::mem::take(&mut state.incoming)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn release(&mut self) {
        if self.handles == 0 && self.calls == 0 {
            // h2 wakes the driver by itself when the last reference goes.
            self.requests = None;
        }
    }
}
