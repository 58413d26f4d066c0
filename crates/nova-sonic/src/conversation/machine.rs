//! The conversation machine: what the application and the driver tell it, and what it asks of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_wire::{Advice, Outcome};

use crate::conversation::ask::Ask;
use crate::conversation::config::ConversationConfig;
use crate::conversation::event::{ConversationEvent, RenewalReason};
use crate::conversation::fault::{ConversationError, LegFault, Restart};
use crate::conversation::leg::{Line, Phase};
use crate::conversation::output::{Action, Summary};
use crate::conversation::say::Say;
use crate::conversation::tape::Tape;
use crate::read::TokenUsage;
use crate::session::{Leg, PendingTool, Session, SessionEvent, TurnId};
use crate::write::{HistoryRole, Refusal};
use crate::{Names, SampleRate, Setup};

/// Answered tool uses that are remembered, to tell a second result from one for a tool use that never was.
const MOST_ANSWERED: usize = 256;

/// A spoken conversation that outlives its connections, without I/O and without a clock.
///
/// The application gives audio, text and tool results and takes [events](Self::poll_event); a driver carries out
/// [actions](Self::poll_action), sends what [`poll_transmit`](Self::poll_transmit) gives whenever a leg's transport takes
/// something, and reports what its legs receive. Both call [`handle_timeout`](Self::handle_timeout) when
/// [`next_deadline`](Self::next_deadline) is reached. After every call there may be new actions, events and frames.
///
/// It ends with an [`outcome`](Self::outcome): after [`close`](Self::close), or where a leg was lost and cannot be replaced.
#[derive(Debug)]
pub struct Conversation {
    pub(super) config: ConversationConfig,
    /// The setup before a change that was asked for, until the new one has proved itself.
    pub(super) proven_setup: Option<Setup>,
    random: u128,
    pub(super) session: Session,
    pub(super) tape: Tape,
    /// Up to here the tape has been sent to some leg, or dropped.
    pub(super) sent: u64,
    pub(super) lines: Vec<Line>,
    pub(super) current: Option<Leg>,
    next_leg: u32,
    pub(super) live_legs: u32,
    /// While no leg takes audio.
    pub(super) gap: Option<Gap>,
    pub(super) wish: Option<Wish>,
    /// The next leg is not opened before.
    pub(super) not_before: Option<Instant>,
    /// Legs that failed in a row.
    pub(super) attempts: u32,
    /// The next leg cannot be had; only the loss of this one is a reason to try again.
    pub(super) barred: bool,
    /// Whether the service says when the user begins to speak; not all do.
    pub(super) tells_speech: bool,
    /// Times that the next leg could not be prepared beside this one.
    pub(super) standby_failures: u32,
    /// The time of the last call.
    pub(super) now: Instant,
    pub(super) last_fault: Option<LegFault>,
    pub(super) says: VecDeque<Say>,
    pub(super) tools_due: Vec<(Arc<str>, Instant)>,
    /// The latest tool uses that had their result.
    pub(super) tools_answered: VecDeque<Arc<str>>,
    pub(super) muted_since: Option<Instant>,
    /// When audio last came in, silence of our own included.
    pub(super) fed_at: Instant,
    pub(super) dropped_samples: u64,
    pub(super) closing: Option<Closing>,
    pub(super) actions: VecDeque<Action>,
    pub(super) events: VecDeque<ConversationEvent>,
    pub(super) verdict: Option<Outcome<Summary, ConversationError>>,
    #[cfg(feature = "sabotage")]
    pub(super) sabotage: Option<super::Sabotage>,
}

/// From the loss of a leg, or the beginning, until a leg takes audio.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// Where on the tape the next leg begins.
    pub(super) from: u64,
    pub(super) since: Instant,
    /// Turns that the next leg hears from their beginning, oldest first.
    pub(super) replayed: Vec<TurnId>,
}

/// The conversation is being closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// So long what waits is still sent.
    pub(super) flush_until: Instant,
    pub(super) until: Instant,
}

/// Why the leg in use should be replaced, and by when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) reason: RenewalReason,
    pub(super) force_at: Instant,
}

impl Conversation {
    /// A new conversation; the first [`Action`] opens its first leg. `random` must be new for each conversation: the names on
    /// the wire and the spread of waits come of it.
    ///
    /// # Errors
    /// Where a setting would end the session.
    pub fn new(
        config: ConversationConfig,
        random: [u8; 16],
        now: Instant,
    ) -> Result<Self, Refusal> {
        let mut this = Self {
            session: Session::new(config.session),
            config,
            proven_setup: None,
            random: u128::from_be_bytes(random),
            tape: Tape::default(),
            sent: 0,
            lines: Vec::new(),
            current: None,
            next_leg: 0,
            live_legs: 0,
            gap: Some(Gap {
                from: 0,
                since: now,
                replayed: Vec::new(),
            }),
            wish: None,
            not_before: None,
            attempts: 0,
            barred: false,
            tells_speech: false,
            standby_failures: 0,
            now,
            last_fault: None,
            says: VecDeque::new(),
            tools_due: Vec::new(),
            tools_answered: VecDeque::new(),
            muted_since: None,
            fed_at: now,
            dropped_samples: 0,
            closing: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            verdict: None,
            #[cfg(feature = "sabotage")]
            sabotage: None,
        };
        this.open_line(now)?;
        Ok(this)
    }

    /// How the conversation ended; `None` while it has not, or a leg still closes.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome<Summary, ConversationError>> {
        self.verdict.as_ref().filter(|_| self.lines.is_empty())
    }

    /// The turns and texts of the conversation.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The leg that takes the user's audio.
    #[must_use]
    pub const fn current_leg(&self) -> Option<Leg> {
        self.current
    }

    /// Whether [`close`](Self::close) was called, or the conversation is over.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        self.closing.is_some() || self.verdict.is_some()
    }

    /// The rate that [`audio`](Self::audio) must have.
    #[must_use]
    pub const fn input_rate(&self) -> SampleRate {
        self.config.input_rate
    }

    /// Tokens of all legs.
    #[must_use]
    pub fn usage(&self) -> TokenUsage {
        self.session.usage()
    }

    /// Milliseconds of audio that have not been sent yet.
    #[must_use]
    pub fn uplink_backlog_ms(&self) -> u64 {
        let current = self.current.and_then(|leg| self.line(leg));
        let from = current.map_or_else(
            || self.gap.as_ref().map_or(self.tape.end(), |gap| gap.from),
            |line| line.cursor,
        );
        self.ms(self.tape.held_from(from))
    }

    /// What whoever starts again by hand needs.
    #[must_use]
    pub fn restart(&self) -> Restart {
        let before = self.config.history.iter().cloned();
        let asked = self.lines.iter().flat_map(|line| &line.asks);
        Restart {
            history: before
                .chain(self.session.history_without(&[]))
                .collect::<Vec<(HistoryRole, String)>>(),
            pending_tools: self.session.pending_tools().to_vec(),
            unanswered: asked
                .filter_map(Ask::turn)
                .chain(self.says.iter().filter_map(Say::turn))
                .chain(self.gap.iter().flat_map(|gap| gap.replayed.clone()))
                .collect(),
        }
    }

    /// Opens a leg beside those that are open.
    pub(super) fn open_line(&mut self, now: Instant) -> Result<(), Refusal> {
        let leg = Leg(self.next_leg);
        let config = &self.config;
        let mixed = self
            .random
            .wrapping_add(u128::from(self.next_leg).wrapping_mul(0x9e37_79b9_7f4a_7c15 << 64));
        let names = Names::new(mixed.to_be_bytes());
        let line = Line::open(
            leg,
            &config.setup,
            (config.dialect, names, config.input_rate),
            now,
        )?;
        self.lines.push(line);
        self.next_leg += 1;
        if self.current.is_none() {
            // Nothing can be said before it takes over, so it may know all from the beginning.
            self.write_history(leg, &[])?;
        }
        self.actions.push_back(Action::Open(leg));
        Ok(())
    }

    /// Gives a leg up.
    pub(super) fn abandon(&mut self, leg: Leg) {
        self.lines.retain(|line| line.leg != leg);
        self.actions.push_back(Action::Abandon(leg));
    }

    pub(super) fn line(&self, leg: Leg) -> Option<&Line> {
        self.lines.iter().find(|line| line.leg == leg)
    }

    pub(super) fn line_mut(&mut self, leg: Leg) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.leg == leg)
    }

    /// The leg that talks, or the one that will.
    pub(super) fn talking_leg(&self) -> Leg {
        let next = Leg(self.next_leg.saturating_sub(1));
        self.current.unwrap_or(next)
    }

    pub(super) fn tell(&mut self, event: impl Into<ConversationEvent>) {
        self.events.push_back(event.into());
    }

    pub(super) fn tell_session(&mut self, events: Vec<SessionEvent>) {
        self.events
            .extend(events.into_iter().map(ConversationEvent::Session));
    }

    pub(super) fn tool_done(&mut self, call: &PendingTool) {
        self.tools_answered.push_back(call.tool_use_id.clone());
        if self.tools_answered.len() > MOST_ANSWERED {
            self.tools_answered.pop_front();
        }
        self.tools_due.retain(|(id, _)| *id != call.tool_use_id);
    }

    pub(super) const fn samples_per_ms(&self) -> u64 {
        self.config.input_rate.hz() as u64 / 1000
    }

    pub(super) const fn ms(&self, samples: u64) -> u64 {
        samples / self.samples_per_ms()
    }

    pub(super) fn samples(&self, time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 100) * self.samples_per_ms()
    }

    /// Half of this wait and a random part of the other half: many clients that lost their legs at once do not return at once.
    pub(super) fn spread(&mut self, wait: Duration) -> Duration {
        self.random = self
            .random
            .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
            .wrapping_add(0x5851_f42d_4c95_7f2d_1405_7b7e_f767_814f);
        let part = u32::try_from(self.random >> 96).unwrap_or(0);
        wait / 2 + (wait / 2).mul_f64(f64::from(part) / f64::from(u32::MAX))
    }

    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        if self.is_closing() {
            Err(Refusal::SessionClosed)
        } else {
            Ok(())
        }
    }

    pub(super) fn check_text(&self) -> Result<(), Refusal> {
        self.check_open()?;
        match self.config.dialect {
            crate::Dialect::V1 => Err(Refusal::NotInV1 { what: "text turns" }),
            crate::Dialect::V2 => Ok(()),
        }
    }

    /// Does what the state of things asks for.
    pub(super) fn drive(&mut self, now: Instant) {
        self.now = now;
        let steps = [
            Self::keep_fed,
            Self::time_out_tools,
            Self::watch,
            Self::ready_lines,
            Self::renew_in_time,
            Self::say_what_waits,
            Self::close_in_order,
        ];
        for step in steps {
            if self.verdict.is_none() {
                step(self, now);
            }
        }
        self.leave_old_legs(now);
        self.trim_tape();
    }

    /// The conversation is over, with this error.
    pub(super) fn fail(&mut self, fault: LegFault) {
        let attempts = self.attempts.max(1);
        let error = ConversationError { fault, attempts };
        let received = self.sum_up();
        self.end(Outcome::Failed { error, received });
    }

    pub(super) fn end(&mut self, outcome: Outcome<Summary, ConversationError>) {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| (line.leg, line.phase))
            .collect();
        for (leg, phase) in lines {
            // Those that are closing in order are waited for.
            if !matches!(phase, Phase::Closing { .. }) {
                self.abandon(leg);
            }
        }
        self.current = None;
        self.verdict = Some(outcome);
    }

    /// What it came to. Audio that no leg was sent is dropped now, and counted.
    pub(super) fn sum_up(&mut self) -> Summary {
        self.drop_audio(self.sent, self.tape.end());
        Summary {
            legs: self.live_legs,
            usage: self.session.usage(),
            dropped_ms: self.ms(self.dropped_samples),
            ..Summary::default()
        }
    }

    /// An operation that the machine itself made was refused: a fault of ours, told rather than hidden.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.fail(LegFault::new(Advice::Never, refusal.to_string()));
    }
}
