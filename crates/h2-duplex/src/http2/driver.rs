//! The driver: the one future that moves a connection, drains what it received and watches the deadlines.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::call::{Call, State};
use super::connection::Shared;
use super::fault;
use super::outgoing::Outgoing;
use super::paced::Paced;
use crate::{Error, ErrorKind, Phase};

/// Moves one connection. A future that ends when the connection does; dropping it cuts the
/// connection and fails its calls with [`ErrorKind::DriverStopped`].
///
/// It ends well (`Ok`) when it was closed by either side with no call left, and with the
/// connection's error otherwise, which the calls have been told as well.
#[must_use = "nothing moves on a connection unless its driver is polled"]
#[derive(Debug)]
pub struct Driver<T>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    connection: h2::client::Connection<Paced<T>, Outgoing>,
    shared: Arc<Shared>,
    pumps: Vec<Pump>,
    alarm: Alarm,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    pub(super) fn new(
        connection: h2::client::Connection<Paced<T>, Outgoing>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            connection,
            shared,
            pumps: Vec::new(),
            alarm: Alarm::default(),
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

    /// Fails the calls whose deadline has passed.
    fn check_deadlines(&mut self, cx: &mut Context<'_>) {
        while self.alarm.poll(cx).is_ready() {
            let now = Instant::now();
            for pump in &self.pumps {
                self.alarm.no_later_than(pump.call.check_deadlines(now));
            }
        }
    }

    fn close(&mut self, error: &Error) {
        let unadopted = self.shared.close(error.clone());
        for pump in self.pumps.drain(..).chain(unadopted) {
            pump.call.change(|state| state.fail(error.clone()));
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for Driver<T> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.shared.adopt(&mut this.pumps, cx);
        let done = Pin::new(&mut this.connection).poll(cx);
        this.pump();
        let Poll::Ready(result) = done else {
            this.check_deadlines(cx);
            return Poll::Pending;
        };
        let error = match &result {
            Ok(()) => Error::new(ErrorKind::ConnectionLost, Phase::Receive)
                .with_detail("the connection was closed"),
            Err(error) => fault::of_connection(error),
        };
        this.close(&error);
        Poll::Ready(result.map_err(|_| error))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Drop for Driver<T> {
    fn drop(&mut self) {
        self.close(&Error::new(ErrorKind::DriverStopped, Phase::Receive));
    }
}

/// Moves what h2 received for one call into the call.
///
/// It holds h2's receiving handles and goes with the end of the response: a handle kept longer would keep h2's connection.
#[derive(Debug)]
pub(super) struct Pump {
    call: Arc<Call>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Head(h2::client::ResponseFuture),
    Body(h2::RecvStream),
}

impl Pump {
    pub(super) fn new(call: Arc<Call>, response: h2::client::ResponseFuture) -> Self {
        Self {
            call,
            source: Source::Head(response),
        }
    }

    /// Ready when the response is over.
    fn drain(&mut self) -> Poll<()> {
        if self.call.is_over() {
            return Poll::Ready(());
        }
        let waker = Waker::from(Arc::clone(&self.call.flag));
        let mut cx = Context::from_waker(&waker);
        let source = &mut self.source;
        self.call.change(|state| {
            match ready!(source.drain(state, &mut cx)) {
                Ok(()) => state.ended(),
                Err(error) => state.fail(fault::of_call(&error, state.has_head())),
            }
            Poll::Ready(())
        })
    }
}

impl Source {
    fn drain(&mut self, state: &mut State, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        if let Self::Head(response) = self {
            let (head, mut body) = ready!(Pin::new(response).poll(cx))?.into_parts();
            state.headed(head, body.flow_control().clone());
            *self = Self::Body(body);
        }
        if let Self::Body(body) = self {
            while let Some(chunk) = ready!(body.poll_data(cx)) {
                state.received(chunk?);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// One timer for the earliest deadline of all calls. It may ring early, never late.
#[derive(Debug, Default)]
struct Alarm {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn no_later_than(&mut self, at: Option<Instant>) {
        self.at = self.at.into_iter().chain(at).min();
    }

    /// Ready when it rings; it is unset then.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        ready!(sleep.as_mut().poll(cx));
        self.at = None;
        Poll::Ready(())
    }
}
