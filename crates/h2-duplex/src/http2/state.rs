//! What a call has come to: the rules of its two directions, without its lock.

use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::inbox::Inbox;
use super::monitor::Stats;
use super::outgoing::Outgoing;
use super::trace::OfCall;
use crate::{Deadline, Deadlines, Error, ErrorKind, Phase};

pub(super) struct State {
    trace: OfCall,
    /// Kept until both directions are over: it alone can reset the call.
    pub(super) send: Option<h2::SendStream<Outgoing>>,
    pub(super) sending: Sending,
    /// Gives back flow-control credit; gone with the end of the response, else h2's connection
    /// would never end.
    pub(super) credit: Option<h2::FlowControl>,
    /// The response head, until the receiver has taken it.
    pub(super) head: Option<Box<http::response::Parts>>,
    pub(super) status: Option<StatusCode>,
    pub(super) inbox: Inbox,
    /// How the response ended.
    pub(super) end: Option<Result<(), Error>>,
    pub(super) send_waker: Option<Waker>,
    pub(super) receive_waker: Option<Waker>,
    counted: bool,
    pub(super) deadlines: Deadlines,
    opened: Instant,
    /// When the peer last had a reason to send more: its last bytes came, or we took bytes.
    pub(super) heard: Instant,
    /// After what time the head and the first byte came.
    head_after: Option<Duration>,
    first_byte_after: Option<Duration>,
    pub(super) trailers: Option<HeaderMap>,
    pub(super) sent: u64,
    received: u64,
    stalled: Duration,
    stalled_since: Option<Instant>,
}

/// Where the sender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    Open,
    /// It was dropped after a refusal, whose body we still want.
    Abandoned,
    Finished,
}

/// A deadline that runs.
pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) deadline: Deadline,
    /// How long it is in all.
    pub(super) limit: Duration,
}

impl State {
    pub(super) fn new(trace: OfCall, send: h2::SendStream<Outgoing>, deadlines: Deadlines) -> Self {
        let now = Instant::now();
        Self {
            trace,
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
            head_after: None,
            first_byte_after: None,
            trailers: None,
            sent: 0,
            received: 0,
            stalled: Duration::ZERO,
            stalled_since: None,
        }
    }

    /// The response head came.
    pub(super) fn headed(&mut self, head: http::response::Parts, credit: h2::FlowControl) {
        self.heard = Instant::now();
        let after = self.heard - self.opened;
        self.trace.headed(head.status.as_u16(), after);
        self.head_after = Some(after);
        self.status = Some(head.status);
        self.head = Some(Box::new(head));
        self.credit = Some(credit);
    }

    /// Body bytes came. While some lie unread, nobody asks when the last came.
    pub(super) fn received(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        if self.inbox.len() == 0 {
            self.heard = Instant::now();
        }
        if self.first_byte_after.is_none() {
            let after = self.heard - self.opened;
            self.trace.first_byte(after);
            self.first_byte_after = Some(after);
        }
        self.received += chunk.len() as u64;
        self.inbox.push(chunk);
    }

    /// `END_STREAM` came.
    pub(super) fn ended(&mut self) {
        self.settle(Ok(()));
        if self.sending == Sending::Abandoned {
            self.reset();
        }
    }

    /// The peer or the connection failed the call.
    pub(super) fn fail(&mut self, error: Error) {
        self.settle(Err(error));
        self.send = None;
    }

    /// We end the call ourselves; the peer hears CANCEL.
    pub(super) fn cancel(&mut self, error: Error) {
        self.settle(Err(error));
        self.reset();
    }

    /// The first end is the one that counts.
    fn settle(&mut self, end: Result<(), Error>) {
        if self.end.is_none() {
            self.trace.ended(&self.stats(), end.as_ref().copied());
            self.end = Some(end);
        }
    }

    fn reset(&mut self) {
        if let Some(mut send) = self.send.take() {
            send.send_reset(h2::Reason::CANCEL);
        }
    }

    /// The sender waits for the window.
    pub(super) fn stalls(&mut self) {
        self.stalled_since.get_or_insert_with(Instant::now);
    }

    pub(super) fn stall_is_over(&mut self) {
        if let Some(since) = self.stalled_since.take() {
            self.stalled += since.elapsed();
        }
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            sent: self.sent,
            queued: 0,
            received: self.received,
            unread: self.inbox.len(),
            head_after: self.head_after,
            first_byte_after: self.first_byte_after,
            stalled: self.stalled + self.stalled_since.map_or(Duration::ZERO, |at| at.elapsed()),
            rtt: None,
        }
    }

    pub(super) fn has_head(&self) -> bool {
        self.status.is_some()
    }

    /// Why the sender may send no more, if so.
    pub(super) fn send_error(&self) -> Option<Error> {
        match (&self.end, self.status) {
            (Some(Err(error)), _) => Some(error.clone()),
            (end, Some(status)) if end.is_some() || !status.is_success() => {
                Some(Error::new(ErrorKind::AnsweredEarly(status), Phase::Send))
            }
            _ => None,
        }
    }

    /// Lets go of what h2 need no longer keep. Whether the call has just become over in both
    /// directions.
    pub(super) fn release(&mut self) -> bool {
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
    pub(super) fn stage(&self) -> (bool, bool, bool) {
        (
            self.status.is_some(),
            self.inbox.len() > 0,
            self.end.is_some(),
        )
    }

    pub(super) fn next_deadline(&self, now: Instant) -> Option<Due> {
        if self.end.is_some() {
            return None;
        }
        let limits = &self.deadlines;
        let (since, limit, deadline) = if self.status.is_none() {
            (self.opened, limits.response_head, Deadline::ResponseHead)
        } else if self.first_byte_after.is_none() {
            (self.heard, limits.first_byte, Deadline::FirstByte)
        } else if self.inbox.len() > 0 {
            (now, limits.between_bytes, Deadline::BetweenBytes)
        } else {
            (self.heard, limits.between_bytes, Deadline::BetweenBytes)
        };
        let due = |since: Instant, limit, deadline| Due {
            at: since + limit,
            deadline,
            limit,
        };
        let whole = limits
            .call
            .map(|limit| due(self.opened, limit, Deadline::Call));
        let step = limit.map(|limit| due(since, limit, deadline));
        whole.into_iter().chain(step).min_by_key(|due| due.at)
    }
}
