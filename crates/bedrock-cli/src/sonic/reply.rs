//! When a conversation with prepared words is over: its last words have been answered.

use std::time::Duration;

use bedrock_stream::VoiceEvent;
use nova_sonic::SessionEvent;
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
    /// Tools that run.
    tools: usize,
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
            tools: 0,
            answered: None,
        }
    }

    /// Nothing has been said that waits for an answer.
    pub(crate) fn answered_since(now: Instant) -> Self {
        Self {
            answered: Some(now),
            ..Self::new(now)
        }
    }

    /// The input is over; silence follows.
    pub(crate) fn input_ended(&mut self, now: Instant) {
        self.input_ended.get_or_insert(now);
    }

    /// Something was asked in text.
    pub(crate) fn asked(&mut self, now: Instant) {
        (self.answered, self.last_sign) = (None, now);
    }

    /// A tool runs.
    pub(crate) fn tool_began(&mut self, now: Instant) {
        self.tools += 1;
        self.asked(now);
    }

    /// A tool's result has gone out.
    pub(crate) fn tool_ended(&mut self, now: Instant) {
        self.tools = self.tools.saturating_sub(1);
        self.asked(now);
    }

    /// An event came.
    pub(crate) fn on(&mut self, event: &VoiceEvent, now: Instant) {
        let VoiceEvent::Session(event) = event else {
            return;
        };
        match event {
            SessionEvent::UserSpeechStarted { .. } => {
                self.user_speaks = true;
                self.answered = None;
            }
            SessionEvent::UserSpeechEnded { .. } => {
                self.user_speaks = false;
                self.answered = None;
            }
            // Models that do not report speech: the user's words stand for it.
            SessionEvent::UserText { .. } => self.answered = None,
            SessionEvent::TurnEnded { .. } => self.answered = Some(now),
            SessionEvent::Usage { .. } => return,
            _ => {}
        }
        self.last_sign = now;
    }

    /// When the next word may be said: all before it has been answered.
    pub(crate) fn answered_at(&self) -> Option<Instant> {
        self.answered
            .filter(|_| !self.user_speaks && self.tools == 0)
    }

    /// What is due, and when; `None` while the input goes on.
    pub(crate) fn due(&self) -> Option<Due> {
        let input_ended = self.input_ended?;
        if self.tools > 0 {
            return None;
        }
        Some(match self.answered_at() {
            Some(at) => Due::Over(at.max(input_ended) + SETTLE),
            None => Due::NoReply(self.last_sign.max(input_ended) + NO_REPLY),
        })
    }
}
