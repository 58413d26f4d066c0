//! The state of one call, shared by its two halves and the driver.
//!
//! Here alone the directions meet: the driver fills the inbox, and the first failure, wherever it
//! shows, becomes the answer of both halves. Locks are taken in the order call, connection, h2.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;

use super::connection::Shared;
use super::monitor::Stats;
use super::outgoing::Outgoing;
use super::state::{Sending, State};
use super::trace::OfCall;
use crate::{Deadlines, Error, ErrorKind, Phase};

pub(super) struct Call {
    state: Mutex<State>,
    /// Bytes of the request body that h2 holds.
    pub(super) queued: Arc<AtomicUsize>,
    /// How many of them h2 holds at most.
    pub(super) send_buffer: usize,
    /// Set when the driver should look at this call.
    pub(super) flag: Arc<Flag>,
    pub(super) connection: Arc<Shared>,
    /// What had left on the connection when the call was opened.
    written_before: u64,
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
        trace: OfCall,
        send: h2::SendStream<Outgoing>,
        connection: Arc<Shared>,
        written_before: u64,
        deadlines: Deadlines,
        send_buffer: usize,
    ) -> Self {
        Self {
            state: Mutex::new(State::new(trace, send, deadlines)),
            queued: Arc::default(),
            send_buffer,
            flag: Arc::new(Flag(AtomicBool::new(true))),
            connection,
            written_before,
        }
    }

    /// What a failure of the call or its connection proves: where not a byte has left since the call
    /// was opened, nobody has acted on it.
    pub(super) fn proven(&self, error: Error) -> Error {
        if self.connection.written() == self.written_before {
            error.with_processed(false)
        } else {
            error
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

    /// Waits until the sender may hand over at least `least` bytes, asking for `want`; gives how
    /// many.
    pub(super) fn poll_capacity(
        &self,
        cx: &mut Context<'_>,
        least: usize,
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
                if capacity >= least.max(1) {
                    state.stall_is_over();
                    return Poll::Ready(Ok(capacity));
                }
                match send.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(_))) => {}
                    // The stream has closed: the driver is about to tell how.
                    Poll::Ready(_) | Poll::Pending => break,
                }
            }
        }
        state.stalls();
        state.send_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// How many bytes would go at this moment.
    pub(super) fn capacity(&self) -> usize {
        let mut state = self.lock();
        let Some(send) = &mut state.send else {
            return 0;
        };
        send.reserve_capacity(self.send_buffer);
        let capacity = send.capacity();
        send.reserve_capacity(0);
        capacity
    }

    /// Why the sender may send no more, if so.
    pub(super) fn send_error(&self) -> Option<Error> {
        self.lock().send_error()
    }

    /// Gives back capacity that a wait has reserved: another call may need that part of the
    /// connection's window.
    pub(super) fn release_capacity(&self) {
        let mut state = self.lock();
        state.stall_is_over();
        if let Some(send) = &mut state.send {
            send.reserve_capacity(0);
        }
    }

    /// Hands `chunk` to h2. Whether the stream still took it; if not, the driver tells why.
    pub(super) fn hand_over(&self, chunk: Bytes) -> bool {
        let len = chunk.len() as u64;
        let outgoing = Outgoing::new(chunk, &self.queued);
        let mut state = self.lock();
        let taken = state
            .send
            .as_mut()
            .is_some_and(|send| send.send_data(outgoing, false).is_ok());
        state.sent += if taken { len } else { 0 };
        taken
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
            // While more lies there, the clock stands anyway.
            if state.deadlines.between_bytes.is_some() && state.inbox.len() == 0 {
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
            return Poll::Ready(Ok(*head));
        }
        if let Some(Err(error)) = &state.end {
            return Poll::Ready(Err(error.clone()));
        }
        state.receive_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Fails the call if a deadline has passed; gives the time of the next one.
    pub(super) fn check_deadlines(&self, now: Instant) -> Option<Instant> {
        let next = self.lock().next_deadline(now)?;
        if next.at > now {
            return Some(next.at);
        }
        self.change(|state| {
            state.cancel(Error::deadline(next.deadline, Phase::Receive, next.limit));
        });
        self.nudge();
        None
    }

    /// The trailers of a response that has ended.
    pub(super) fn trailers(&self) -> Option<HeaderMap> {
        self.lock().trailers.clone()
    }

    pub(super) fn stats(&self) -> Stats {
        let rtt = self.connection.stats().rtt;
        let state = self.lock();
        Stats {
            queued: self.queued.load(Ordering::Relaxed),
            rtt,
            ..state.stats()
        }
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

fn cancelled(phase: Phase) -> Error {
    Error::new(ErrorKind::Cancelled, phase)
}

/// Shows figures only: the bytes may be speech.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
