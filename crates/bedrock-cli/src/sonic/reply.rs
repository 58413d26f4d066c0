//! When a conversation with a recorded voice is over: its last words have been answered.

use std::time::Duration;

use nova_sonic::{ContentKind, Role, ServerEvent, StopReason};
use tokio::time::Instant;

/// How long the model may say nothing after the input has ended.
pub(crate) const NO_REPLY: Duration = Duration::from_secs(15);
/// How long after the model's turn a further sign of the user's speech is waited for.
const SETTLE: Duration = Duration::from_secs(1);

/// Follows who is to speak next.
#[derive(Debug)]
pub(crate) struct Reply {
    input_ended: Option<Instant>,
    last_sign: Instant,
    user_speaks: bool,
    /// Since when nothing of the user's is unanswered.
    answered: Option<Instant>,
}

/// What to wait for next, once the input has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Everything has been answered; at this time the session can be closed.
    Over(Instant),
    /// An answer is missing; at this time it is given up.
    NoReply(Instant),
}

impl Reply {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            input_ended: None,
            last_sign: now,
            user_speaks: false,
            answered: None,
        }
    }

    /// The input is over; silence follows.
    pub(crate) fn input_ended(&mut self, now: Instant) {
        self.input_ended.get_or_insert(now);
    }

    /// An event came.
    pub(crate) fn on(&mut self, event: &ServerEvent, now: Instant) {
        match event {
            ServerEvent::UserSpeechStart(_) => {
                self.user_speaks = true;
                self.answered = None;
            }
            ServerEvent::UserSpeechEnd(_) => {
                self.user_speaks = false;
                self.answered = None;
            }
            // Models that do not report speech: the user's words stand for it.
            ServerEvent::ContentStart(start) if start.role == Role::User => self.answered = None,
            ServerEvent::ContentEnd(end)
                if end.kind == Some(ContentKind::Audio)
                    && end.stop_reason == Some(StopReason::EndTurn) =>
            {
                self.answered = Some(now);
            }
            ServerEvent::Usage(_) => return,
            _ => {}
        }
        self.last_sign = now;
    }

    /// What is due, and when; `None` while the input goes on.
    pub(crate) fn due(&self) -> Option<Due> {
        let input_ended = self.input_ended?;
        Some(match self.answered {
            Some(at) if !self.user_speaks => Due::Over(at.max(input_ended) + SETTLE),
            _ => Due::NoReply(self.last_sign.max(input_ended) + NO_REPLY),
        })
    }
}
