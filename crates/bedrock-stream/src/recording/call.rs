//! One call on its way into a recording.

use std::sync::{Arc, Mutex, PoisonError};

use http::response::Parts;
use serde_json::{Value, json};

use super::headers;
use super::line::{self, Direction, End};
use super::track::{Carries, Track};
use super::writer::Recording;

/// Takes down one call. Clones are the same call: one side can tell what is sent, another what is received.
///
/// What is told after a direction's end is ignored; a direction that nobody ended is recorded as dropped.
#[derive(Clone, Debug)]
pub struct CallRecord(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    recording: Recording,
    number: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    up: Track,
    down: Track,
    answered: bool,
    up_ended: bool,
    down_ended: bool,
}

impl CallRecord {
    pub(super) fn begin(recording: Recording, number: u64, head: &http::Request<()>) -> Self {
        let what = json!({
            "method": head.method().as_str(),
            "path": headers::path(head.uri()),
            "headers": headers::to_json(head.headers()),
        });
        let keep = recording.keep();
        let record = Self(Arc::new(Inner {
            recording,
            number,
            state: Mutex::new(State {
                up: Track::new(Track::of(head.headers()), keep),
                down: Track::new(Carries::Body, keep),
                answered: false,
                up_ended: false,
                down_ended: false,
            }),
        }));
        record.0.write(Direction::Up, "head", what);
        record
    }

    /// The client sends bytes of the request's body.
    pub fn sent(&self, chunk: &[u8]) {
        self.with(|state| {
            if !state.up_ended {
                self.0.write_all(Direction::Up, state.up.feed(chunk));
            }
        });
    }

    /// The request's body ends.
    pub fn sent_all(&self, end: &End) {
        self.with(|state| self.0.end(state, Direction::Up, end));
    }

    /// The response head has come; told again, it is ignored.
    pub fn answered(&self, head: &Parts) {
        self.with(|state| {
            if state.answered || state.down_ended {
                return;
            }
            state.answered = true;
            if head.status.is_success() {
                state.down.carry(Track::of(&head.headers));
            }
            let what = json!({
                "status": head.status.as_u16(),
                "headers": headers::to_json(&head.headers),
            });
            self.0.write(Direction::Down, "head", what);
        });
    }

    /// Bytes of the response's body have come.
    pub fn received(&self, chunk: &[u8]) {
        self.with(|state| {
            if !state.down_ended {
                self.0.write_all(Direction::Down, state.down.feed(chunk));
            }
        });
    }

    /// The response's body ends.
    pub fn received_all(&self, end: &End) {
        self.with(|state| self.0.end(state, Direction::Down, end));
    }

    fn with(&self, tell: impl FnOnce(&mut State)) {
        tell(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Inner {
    fn end(&self, state: &mut State, direction: Direction, end: &End) {
        let (track, ended) = match direction {
            Direction::Up => (&mut state.up, &mut state.up_ended),
            Direction::Down => (&mut state.down, &mut state.down_ended),
        };
        if !std::mem::replace(ended, true) {
            self.write_all(direction, track.rest());
            self.write(direction, "end", end.to_json());
        }
    }

    fn write_all(
        &self,
        direction: Direction,
        lines: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        for (kind, what) in lines {
            self.write(direction, kind, what);
        }
    }

    fn write(&self, direction: Direction, kind: &str, what: Value) {
        let at = self.recording.now();
        self.recording
            .write(&line::of_call(self.number, at, direction, kind, what));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Taken out, since ending needs both it and us.
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = std::mem::replace(state, State::over());
        for direction in [Direction::Up, Direction::Down] {
            self.end(&mut state, direction, &End::Dropped);
        }
    }
}

impl State {
    /// Of a call that nothing more is told of.
    fn over() -> Self {
        let track = || Track::new(Carries::Body, super::Keep::NOTHING);
        Self {
            up: track(),
            down: track(),
            answered: true,
            up_ended: true,
            down_ended: true,
        }
    }
}
