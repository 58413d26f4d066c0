//! The state of one call, shared by its two halves and the driver.
//!
//! Here alone the directions meet: the driver fills the inbox, and the first failure, wherever it shows,
//! becomes the answer of both halves. Locks are taken in the order call, connection, h2.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::connection::Shared;
use super::inbox::Inbox;
use super::outgoing::Outgoing;
use crate::{Deadline, Deadlines, Error, ErrorKind, Phase};

#[derive(Debug)]
pub(super) struct Call {
    state: Mutex<State>,
    /// Bytes of the request body that h2 holds.
    pub(super) queued: Arc<AtomicUsize>,
    /// Set when the driver should look at this call.
    pub(super) flag: Arc<Flag>,
    connection: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct State {
    /// Kept until both directions are over: it alone can reset the call.
    send: Option<h2::SendStream<Outgoing>>,
    sending: Sending,
    /// Gives back flow-control credit; gone with the end of the response, else h2's connection would never end.
    credit: Option<h2::FlowControl>,
    /// The response head, until the receiver has taken it.
    pub(super) head: Option<http::response::Parts>,
    status: Option<StatusCode>,
    pub(super) inbox: Inbox,
    /// How the response ended.
    end: Option<Result<(), Error>>,
    send_waker: Option<Waker>,
    receive_waker: Option<Waker>,
    counted: bool,
    deadlines: Deadlines,
    opened: Instant,
    /// When the peer last had a reason to send more: its last bytes came, or we took bytes.
    heard: Instant,
    first_byte: bool,
}

/// Where the sender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Open,
    /// It was dropped after a refusal, whose body we still want.
    Abandoned,
    Finished,
}

/// A waker that only notes that it was woken; the driver looks after each poll of h2.
#[derive(Debug)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.set();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set();
    }
}

impl Call {
    pub(super) fn new(
        send: h2::SendStream<Outgoing>,
        connection: Arc<Shared>,
        deadlines: Deadlines,
    ) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                send: Some(send),
                sending: Sending::Open,
                credit: None,
                head: None,
                status: None,
                inbox: Inbox::default(),
                end: None,
                send_waker: None,
                receive_waker: None,
                counted: true,
                deadlines,
                opened: now,
                heard: now,
                first_byte: false,
            }),
            queued: Arc::default(),
            flag: Arc::new(Flag(AtomicBool::new(true))),
            connection,
        }
    }

    /// Changes the state, then wakes whom it concerns and releases what is over.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let before = state.stage();
        let result = change(&mut state);
        let over = state.release();
        let mut wake = (None, None);
        if before != state.stage() {
            wake = (state.send_waker.take(), state.receive_waker.take());
        }
        drop(state);
        wake.0.into_iter().chain(wake.1).for_each(Waker::wake);
        if over {
            self.connection.call_is_over();
        }
        result
    }

    /// Waits until the sender may hand over bytes, at most `want`; gives how many.
    pub(super) fn poll_capacity(
        &self,
        cx: &mut Context<'_>,
        want: usize,
    ) -> Poll<Result<usize, Error>> {
        let mut state = self.lock();
        if let Some(error) = state.send_error() {
            return Poll::Ready(Err(error));
        }
        if let Some(send) = &mut state.send {
            send.reserve_capacity(want);
            loop {
                let capacity = send.capacity();
                if capacity > 0 {
                    return Poll::Ready(Ok(capacity));
                }
                match send.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(_))) => {}
                    // The stream has closed: the driver is about to tell how.
                    Poll::Ready(_) | Poll::Pending => break,
                }
            }
        }
        state.send_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Why the sender may send no more, if so.
    pub(super) fn send_error(&self) -> Option<Error> {
        self.lock().send_error()
    }

    /// Gives back capacity that a wait has reserved: another call may need that part of the connection's window.
    pub(super) fn release_capacity(&self) {
        if let Some(send) = &mut self.lock().send {
            send.reserve_capacity(0);
        }
    }

    /// Hands `chunk` to h2. Whether the stream still took it; if not, the driver tells why.
    pub(super) fn hand_over(&self, chunk: Bytes) -> bool {
        let outgoing = Outgoing::new(chunk, &self.queued);
        self.lock()
            .send
            .as_mut()
            .is_some_and(|send| send.send_data(outgoing, false).is_ok())
    }

    /// Sends `END_STREAM`.
    pub(super) fn finish(&self) {
        let outgoing = Outgoing::new(Bytes::new(), &self.queued);
        self.change(|state| {
            state.sending = Sending::Finished;
            if let Some(send) = &mut state.send {
                // A refusal means that the stream has closed, which the driver reports.
                let _closed = send.send_data(outgoing, true);
            }
        });
    }

    /// The sender was dropped.
    pub(super) fn drop_sender(&self) {
        self.change(|state| {
            if state.sending == Sending::Finished {
                return;
            }
            if state.end.is_none() && state.status.is_some_and(|status| !status.is_success()) {
                state.sending = Sending::Abandoned;
            } else {
                state.cancel(cancelled(Phase::Send));
            }
        });
        self.nudge();
    }

    /// The receiver was dropped.
    pub(super) fn drop_receiver(&self) {
        self.change(|state| {
            state.inbox.clear();
            if state.end.is_none() {
                state.cancel(cancelled(Phase::Receive));
            }
        });
        self.nudge();
    }

    /// The next received chunk, or how the response ended.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let mut state = self.lock();
        if let Some(chunk) = state.inbox.pop() {
            if state.deadlines.between_bytes.is_some() {
                state.heard = Instant::now();
            }
            if let Some(credit) = &mut state.credit {
                // Fails only where the stream has ended meanwhile, and then no credit is needed.
                let _ended = credit.release_capacity(chunk.len());
            }
            return Poll::Ready(Ok(Some(chunk)));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone().map(|()| None));
        }
        state.receive_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The response head, once; `Err` if the call ended without.
    pub(super) fn poll_head(&self, cx: &Context<'_>) -> Poll<Result<http::response::Parts, Error>> {
        let mut state = self.lock();
        if let Some(head) = state.head.take() {
            return Poll::Ready(Ok(head));
        }
        if let Some(Err(error)) = &state.end {
            return Poll::Ready(Err(error.clone()));
        }
        state.receive_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Fails the call if a deadline has passed; gives the time of the next one.
    pub(super) fn check_deadlines(&self, now: Instant) -> Option<Instant> {
        let (at, deadline) = self.lock().next_deadline(now)?;
        if at > now {
            return Some(at);
        }
        self.change(|state| {
            state.cancel(Error::new(ErrorKind::Deadline(deadline), Phase::Receive));
        });
        self.nudge();
        None
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Makes the driver look at this call.
    fn nudge(&self) {
        self.flag.set();
        self.connection.wake_driver();
    }

    /// A panic elsewhere leaves the state whole: every change under the lock is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The response head came.
    pub(super) fn headed(&mut self, head: http::response::Parts, credit: h2::FlowControl) {
        self.status = Some(head.status);
        self.head = Some(head);
        self.credit = Some(credit);
        self.heard = Instant::now();
    }

    /// Body bytes came.
    pub(super) fn received(&mut self, chunk: Bytes) {
        self.first_byte |= !chunk.is_empty();
        self.inbox.push(chunk);
        self.heard = Instant::now();
    }

    /// `END_STREAM` came.
    pub(super) fn ended(&mut self) {
        if self.end.is_none() {
            self.end = Some(Ok(()));
        }
        if self.sending == Sending::Abandoned {
            self.reset();
        }
    }

    /// The peer or the connection failed the call.
    pub(super) fn fail(&mut self, error: Error) {
        if self.end.is_none() {
            self.end = Some(Err(error));
        }
        self.send = None;
    }

    /// We end the call ourselves; the peer hears CANCEL.
    fn cancel(&mut self, error: Error) {
        if self.end.is_none() {
            self.end = Some(Err(error));
        }
        self.reset();
    }

    fn reset(&mut self) {
        if let Some(mut send) = self.send.take() {
            send.send_reset(h2::Reason::CANCEL);
        }
    }

    pub(super) fn has_head(&self) -> bool {
        self.status.is_some()
    }

    /// Why the sender may send no more, if so.
    fn send_error(&self) -> Option<Error> {
        match (&self.end, self.status) {
            (Some(Err(error)), _) => Some(error.clone()),
            (end, Some(status)) if end.is_some() || !status.is_success() => {
                Some(Error::new(ErrorKind::AnsweredEarly(status), Phase::Send))
            }
            _ => None,
        }
    }

    /// Lets go of what h2 need no longer keep. Whether the call has just become over in both directions.
    fn release(&mut self) -> bool {
        if self.end.is_none() {
            return false;
        }
        self.credit = None;
        if self.sending == Sending::Finished {
            self.send = None;
        }
        self.send.is_none() && std::mem::take(&mut self.counted)
    }

    /// Changes whenever somebody who waits should look again.
    fn stage(&self) -> (bool, bool, bool) {
        (
            self.status.is_some(),
            self.inbox.len() > 0,
            self.end.is_some(),
        )
    }

    fn next_deadline(&self, now: Instant) -> Option<(Instant, Deadline)> {
        if self.end.is_some() {
            return None;
        }
        let limits = &self.deadlines;
        let (since, limit, deadline) = if self.status.is_none() {
            (self.opened, limits.response_head, Deadline::ResponseHead)
        } else if !self.first_byte {
            (self.heard, limits.first_byte, Deadline::FirstByte)
        } else if self.inbox.len() > 0 {
            (now, limits.between_bytes, Deadline::BetweenBytes)
        } else {
            (self.heard, limits.between_bytes, Deadline::BetweenBytes)
        };
        let whole = limits
            .call
            .map(|limit| (self.opened + limit, Deadline::Call));
        let step = limit.map(|limit| (since + limit, deadline));
        whole.into_iter().chain(step).min_by_key(|(at, _)| *at)
    }
}

fn cancelled(phase: Phase) -> Error {
    Error::new(ErrorKind::Cancelled, phase)
}
