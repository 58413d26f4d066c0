//! A transport that serves a recording: tests of what lies above need neither a network nor whoever was recorded.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Duplex, Error, ErrorCode, ErrorKind, Phase, ReceiveHalf, SendHalf};
use http::StatusCode;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::compare::{Comparison, Deviation, marks_of};
use super::keep::Keep;
use super::line::{Direction, End};
use super::transcript::{RecordedCall, Transcript, What, operation};

/// How long an answer waits for a client that is behind the recorded one.
const PATIENCE: Duration = Duration::from_secs(10);

/// When recorded answers are given. They never come before the client has sent what the recorded one had sent by then,
/// audio aside, unless it takes more than 10 s over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As they were recorded.
    Recorded,
    /// As soon as they can be.
    AtOnce,
    /// So many times faster than recorded.
    Times(f64),
}

impl Pace {
    /// When what was recorded at `at` is due.
    #[must_use]
    pub fn due(self, at: Duration) -> Duration {
        match self {
            Self::AtOnce => Duration::ZERO,
            Self::Times(factor) if factor.is_finite() && factor > 0.0 => {
                Duration::try_from_secs_f64(at.as_secs_f64() / factor).unwrap_or(Duration::MAX)
            }
            Self::Recorded | Self::Times(_) => at,
        }
    }
}

impl RecordedCall {
    /// What the service sent, each with the time from the opening of the call, and with the number of
    /// [marks](Comparison::marks) that the client had made by then.
    pub fn answers(&self) -> impl Iterator<Item = (Duration, usize, &What)> {
        self.told(Direction::Down)
    }

    /// What went one way, each with its time and with the marks of the other side by then.
    pub(super) fn told(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = (Duration, usize, &What)> {
        let mut marks = 0;
        self.entries().iter().filter_map(move |entry| {
            if entry.direction == direction {
                return Some((entry.at, marks, &entry.what));
            }
            marks += marks_of(&entry.what);
            None
        })
    }
}

/// Serves the calls of a recording, each once: a call that is opened gets the next of its operation.
#[derive(Debug)]
pub struct Replay {
    calls: VecDeque<RecordedCall>,
    keep: Keep,
    pace: Pace,
    played: Vec<(u64, Arc<Played>)>,
}

impl Replay {
    /// Serves `transcript`.
    #[must_use]
    pub fn new(transcript: &Transcript, pace: Pace) -> Self {
        Self {
            calls: transcript.calls().iter().cloned().collect(),
            keep: transcript.keep(),
            pace,
            played: Vec::new(),
        }
    }

    /// Where clients differed from the recorded ones so far, each with the number of the recorded call.
    #[must_use]
    pub fn deviations(&self) -> Vec<(u64, Deviation)> {
        let of_call = |(number, played): &(u64, Arc<Played>)| {
            let deviations = played.with(|comparison| comparison.deviations().to_vec());
            deviations
                .into_iter()
                .map(|deviation| (*number, deviation))
                .collect::<Vec<_>>()
        };
        self.played.iter().flat_map(of_call).collect()
    }

    /// Recorded calls that nobody has opened.
    #[must_use]
    pub fn left(&self) -> usize {
        self.calls.len()
    }

    fn next(&mut self, head: &http::Request<()>) -> Result<RecordedCall, Error> {
        let wanted = operation(head.uri());
        let at = self
            .calls
            .iter()
            .position(|call| call.operation() == wanted);
        at.and_then(|at| self.calls.remove(at)).ok_or_else(|| {
            Error::new(ErrorKind::Connect, Phase::Connect)
                .with_detail(format!("the recording has no further call of {wanted}"))
        })
    }
}

impl Duplex for Replay {
    type Send = ReplaySend;
    type Receive = ReplayReceive;

    async fn open(
        &mut self,
        head: http::Request<()>,
    ) -> Result<(ReplaySend, ReplayReceive), Error> {
        let call = self.next(&head)?;
        let played = Arc::new(Played {
            comparison: Mutex::new(Comparison::with(&call, self.keep)),
            told: Notify::new(),
        });
        self.played.push((call.number(), Arc::clone(&played)));
        let steps = call.answers().map(|(at, marks, what)| Step {
            due: self.pace.due(at),
            marks,
            what: what.clone(),
        });
        let receive = ReplayReceive {
            steps: steps.collect(),
            opened: Instant::now(),
            head: None,
            over: None,
            played: Arc::clone(&played),
        };
        let status = call.response().map(http::Response::status);
        let refused = status.filter(|status| !status.is_success());
        let send = ReplaySend {
            played,
            refused,
            finished: false,
        };
        Ok((send, receive))
    }
}

/// What the halves of a replayed call share.
#[derive(Debug)]
struct Played {
    comparison: Mutex<Comparison>,
    told: Notify,
}

impl Played {
    fn with<R>(&self, tell: impl FnOnce(&mut Comparison) -> R) -> R {
        let mut comparison = self
            .comparison
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tell(&mut comparison)
    }

    async fn reached(&self, marks: usize) {
        loop {
            let told = self.told.notified();
            tokio::pin!(told);
            // Before the look: a word between look and wait would be missed.
            told.as_mut().enable();
            if self.with(|comparison| comparison.marks()) >= marks {
                return;
            }
            told.await;
        }
    }
}

struct Step {
    due: Duration,
    marks: usize,
    what: What,
}

/// The sending half of a replayed call: compares what is sent with what was.
#[derive(Debug)]
pub struct ReplaySend {
    played: Arc<Played>,
    /// The status of a call that was refused, which the sender is told of at once it has sent as much.
    refused: Option<StatusCode>,
    finished: bool,
}

impl ReplaySend {
    fn check(&self) -> Result<(), Error> {
        if self.finished {
            return Err(Error::new(ErrorKind::SendFinished, Phase::Send));
        }
        Ok(())
    }
}

impl SendHalf for ReplaySend {
    async fn ready(&mut self) -> Result<(), Error> {
        self.check()
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.check()?;
        self.played.with(|comparison| comparison.sent(&chunk));
        self.played.told.notify_waiters();
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        self.played.with(Comparison::ended);
        self.played.told.notify_waiters();
        match self.refused {
            Some(status) => Err(Error::new(ErrorKind::AnsweredEarly(status), Phase::Send)),
            None => Ok(()),
        }
    }
}

/// The receiving half of a replayed call.
pub struct ReplayReceive {
    steps: VecDeque<Step>,
    opened: Instant,
    head: Option<http::response::Parts>,
    /// How it ended.
    over: Option<Result<(), Error>>,
    played: Arc<Played>,
}

impl ReplayReceive {
    /// Waits until the step in front is due, and takes it.
    async fn step(&mut self) -> Option<What> {
        let step = self.steps.front()?;
        sleep_until(self.opened + step.due).await;
        let (marks, reached) = (step.marks, self.played.reached(step.marks));
        if timeout(PATIENCE, reached).await.is_err() {
            self.played.with(|comparison| {
                let made = comparison.marks();
                comparison.note(format!(
                    "the answer went on without the client, which had made {made} of {marks} steps"
                ));
            });
        }
        self.steps.pop_front().map(|step| step.what)
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(over) = &self.over {
                return over.clone().map(|()| None);
            }
            match self.step().await {
                Some(What::Head(head)) => {
                    self.head = Some(head.into_parts().0);
                    return Ok(None);
                }
                Some(What::Frame(bytes) | What::Body(bytes)) => return Ok(Some(bytes)),
                Some(What::End(end)) => self.over = Some(outcome(&end)),
                None => {
                    let error = Error::new(ErrorKind::ConnectionLost, Phase::Receive);
                    self.over = Some(Err(error.with_detail("the recording ends here")));
                }
            }
        }
    }
}

impl ReceiveHalf for ReplayReceive {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        if self.head.is_none() {
            self.advance().await?;
        }
        let missing = || {
            Error::new(ErrorKind::ConnectionLost, Phase::Receive)
                .with_detail("the recording has no response head")
        };
        self.head.as_ref().ok_or_else(missing)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.head.is_none() {
            self.head().await?;
        }
        self.advance().await
    }
}

fn outcome(end: &End) -> Result<(), Error> {
    let error = |kind| Error::new(kind, Phase::Receive);
    Err(match end {
        End::Clean => return Ok(()),
        End::Reset(code) => error(ErrorKind::Reset(*code)),
        End::Lost => error(ErrorKind::ConnectionLost),
        // What would have come is not known.
        End::Dropped => error(ErrorKind::Reset(ErrorCode::CANCEL))
            .with_detail("the recorded client wanted no more"),
        End::Failed(why) => error(ErrorKind::ConnectionLost).with_detail(why.clone()),
    })
}

/// Shows no bytes: they may be speech.
impl fmt::Debug for ReplayReceive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayReceive")
            .field("steps_left", &self.steps.len())
            .finish_non_exhaustive()
    }
}
