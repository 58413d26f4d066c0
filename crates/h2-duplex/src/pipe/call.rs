//! The state of one call in a pipe, shared by its four ends.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::StatusCode;

use super::lock;
use crate::{Error, ErrorKind, Phase};

pub(super) struct Call {
    state: Mutex<State>,
}

pub(super) struct State {
    /// From client to peer.
    pub(super) up: Flow,
    /// From peer to client.
    pub(super) down: Flow,
    /// The response head, until the client's receiver has taken it.
    pub(super) head: Option<http::response::Parts>,
    pub(super) status: Option<StatusCode>,
    /// Why the call failed; stays empty when it ends well.
    pub(super) failure: Option<Error>,
    waiting: Vec<Waker>,
}

pub(super) struct Flow {
    chunks: VecDeque<Bytes>,
    queued: usize,
    window: usize,
    pub(super) ended: bool,
}

impl Call {
    pub(super) fn new(window: usize) -> Self {
        Self {
            state: Mutex::new(State {
                up: Flow::new(window),
                down: Flow::new(window),
                head: None,
                status: None,
                failure: None,
                waiting: Vec::new(),
            }),
        }
    }

    /// Changes the state and wakes whoever waits for a change.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        result
    }

    /// Asks `attempt` now and after every change; `None` means "not yet".
    pub(super) fn poll<R>(
        &self,
        cx: &Context<'_>,
        attempt: impl FnOnce(&mut State) -> Option<R>,
    ) -> Poll<R> {
        let mut state = lock(&self.state);
        let before = (state.up.queued, state.down.queued);
        let result = attempt(&mut state);
        let mut wake = Vec::new();
        // Not yet done can still mean that a part went through, for which the other side waits.
        if result.is_some() || before != (state.up.queued, state.down.queued) {
            wake = std::mem::take(&mut state.waiting);
        }
        if result.is_none()
            && !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(cx.waker()))
        {
            state.waiting.push(cx.waker().clone());
        }
        drop(state);
        wake.into_iter().for_each(Waker::wake);
        result.map_or(Poll::Pending, Poll::Ready)
    }
}

impl State {
    /// Ends the call with `error`, unless it has ended before.
    pub(super) fn fail(&mut self, error: Error) {
        if self.failure.is_none() && !(self.up.ended && self.down.ended) {
            self.failure = Some(error);
        }
    }

    /// Why the client may send no more, if so.
    pub(super) fn send_error(&self) -> Option<Error> {
        let answered = |status| Error::new(ErrorKind::AnsweredEarly(status), Phase::Send);
        match self.status {
            Some(status) if !status.is_success() || self.down.ended => Some(answered(status)),
            _ => self.failure.clone(),
        }
    }
}

impl Flow {
    fn new(window: usize) -> Self {
        Self {
            chunks: VecDeque::new(),
            queued: 0,
            window,
            ended: false,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.window - self.queued
    }

    /// Takes as much of `chunk` as there is room for; whether that was all.
    pub(super) fn push(&mut self, chunk: &mut Bytes) -> bool {
        let part = chunk.split_to(chunk.len().min(self.room()));
        if !part.is_empty() {
            self.queued += part.len();
            self.chunks.push_back(part);
        }
        chunk.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.pop_front()?;
        self.queued -= chunk.len();
        Some(chunk)
    }
}
