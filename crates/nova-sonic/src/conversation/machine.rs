//! The conversation machine: what the application and the driver tell it, and what it asks of them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_wire::{Advice, Outcome};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Frame, Inbound, TransportEnd};

use crate::conversation::ask::Ask;
use crate::conversation::config::ConversationConfig;
use crate::conversation::event::{ConversationEvent, RenewalReason};
use crate::conversation::fault::{ConversationError, LegFault, Restart};
use crate::conversation::leg::{Line, Phase};
use crate::conversation::output::{Action, Summary, Transmit};
use crate::conversation::renewal::FORCE_SOON;
use crate::conversation::say::Say;
use crate::conversation::tape::Tape;
use crate::read::TokenUsage;
use crate::session::{Leg, PendingTool, Session, SessionEvent, TurnId};
use crate::write::{HistoryRole, Refusal};
use crate::{Names, SampleRate, Setup};

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
    now: Instant,
    pub(super) last_fault: Option<LegFault>,
    pub(super) says: VecDeque<Say>,
    pub(super) tools_due: Vec<(Arc<str>, Instant)>,
    tools_answered: HashSet<Arc<str>>,
    pub(super) muted_since: Option<Instant>,
    /// When audio last came in, silence of our own included.
    pub(super) fed_at: Instant,
    pub(super) dropped_samples: u64,
    pub(super) closing: Option<Closing>,
    actions: VecDeque<Action>,
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
            tools_answered: HashSet::new(),
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

    /// Audio of the user: 16-bit little-endian mono PCM at the configured rate, about 32 ms at a time, as it is recorded.
    /// While no leg takes audio it is kept. Muted, it is left out.
    ///
    /// # Errors
    /// Half a sample, or a conversation that is over or closing.
    pub fn audio(&mut self, now: Instant, pcm: Bytes) -> Result<(), Refusal> {
        self.check_open()?;
        if pcm.len() % 2 != 0 {
            return Err(Refusal::HalfSample { len: pcm.len() });
        }
        if self.muted_since.is_none() && !pcm.is_empty() {
            self.listen_to(&pcm);
            self.fed_at = now;
            self.tape.push(pcm, true);
        }
        self.drive(now);
        Ok(())
    }

    /// A text turn of the user, which the model answers in speech. While no leg takes text it is kept.
    ///
    /// # Errors
    /// A model of the first generation, or a conversation that is over or closing.
    pub fn text(&mut self, now: Instant, text: &str) -> Result<TurnId, Refusal> {
        self.check_text()?;
        let turn = self.session.user_typed(self.talking_leg(), text);
        let text = text.to_owned();
        self.says.push_back(Say::Typed { turn, text });
        self.drive(now);
        Ok(turn)
    }

    /// Tells the model to speak, in words that are none of the user's: "Greet the caller by name." Not repeated by later legs.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn instruct(&mut self, now: Instant, text: &str) -> Result<(), Refusal> {
        self.check_text()?;
        let text = text.to_owned();
        self.says.push_back(Say::Instruction { text });
        self.drive(now);
        Ok(())
    }

    /// Tells the model something that it need not answer (its effect in mid-session is not documented). It goes into the
    /// history of later legs.
    ///
    /// # Errors
    /// A conversation that is over or closing.
    pub fn context(&mut self, now: Instant, text: &str) -> Result<(), Refusal> {
        self.check_open()?;
        let turn = self.session.noted(self.talking_leg(), text);
        let text = text.to_owned();
        self.says.push_back(Say::Note { turn, text });
        self.drive(now);
        Ok(())
    }

    /// The one result of a tool call. To the leg that called it goes at once, whoever speaks; to a later one as text, when
    /// nobody speaks.
    ///
    /// # Errors
    /// An id that the model has not called by, a second result (the call may have timed out), or a conversation that is over
    /// or closing.
    pub fn tool_result(
        &mut self,
        now: Instant,
        tool_use_id: &str,
        result: &crate::ToolResult,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        if self.tools_answered.contains(tool_use_id) {
            return Err(Refusal::ToolResultTwice);
        }
        self.answer_tool(now, tool_use_id, result)?;
        self.drive(now);
        Ok(())
    }

    /// From now on silence is sent in place of audio, in real time: the service goes on listening, and hears nothing.
    pub fn mute(&mut self, now: Instant) {
        self.muted_since.get_or_insert(now);
        self.drive(now);
    }

    /// Audio counts again.
    pub fn unmute(&mut self, now: Instant) {
        self.drive(now);
        self.muted_since = None;
    }

    /// The player has played this many samples of an answer so far, silence of its own left out.
    pub fn played(&mut self, now: Instant, turn: TurnId, samples: u64) {
        self.session.played(turn, samples);
        self.drive(now);
    }

    /// Replaces the leg in use at the next quiet moment, with another setup where one is given: tools, voice and system
    /// text are fixed for the life of a leg. Where the service refuses the new setup, the old one stays.
    ///
    /// # Errors
    /// A setting that would end the session, renewal that is switched off, or a conversation that is over or closing.
    pub fn renew(&mut self, now: Instant, setup: Option<Setup>) -> Result<(), Refusal> {
        self.check_open()?;
        if self.config.renewal.is_none() {
            return Err(Refusal::RenewalOff);
        }
        if let Some(setup) = setup {
            self.change_setup(setup)?;
        }
        self.barred = false;
        self.wish_for(RenewalReason::Requested, now + FORCE_SOON);
        self.drive(now);
        Ok(())
    }

    /// Sends what waits, closes in the protocol's order, and takes in late text and usage; until this time has passed.
    /// Output that the model has not begun is suppressed by this, so wait for the end of the turn first. May be called again.
    pub fn close(&mut self, now: Instant, deadline: Duration) {
        let closing = Closing {
            flush_until: now + deadline / 2,
            until: now + deadline,
        };
        let before = self.closing.unwrap_or(closing);
        self.closing = Some(Closing {
            flush_until: closing.flush_until.min(before.flush_until),
            until: closing.until.min(before.until),
        });
        self.drive(now);
    }

    /// The service has accepted this leg: the response head has come.
    pub fn leg_accepted(&mut self, now: Instant, leg: Leg) {
        if let Some(line) = self.line_mut(leg) {
            if matches!(line.phase, Phase::Opening { .. }) {
                line.phase = Phase::Ready { since: now };
                line.heard_at = now;
            }
        }
        self.drive(now);
    }

    /// A frame came on this leg.
    pub fn leg_frame(&mut self, now: Instant, leg: Leg, frame: Frame<'_>) {
        let Some(line) = self.line_mut(leg) else {
            return;
        };
        if matches!(line.phase, Phase::Opening { .. }) {
            line.phase = Phase::Ready { since: now };
        }
        (line.heard_at, line.heard_from, line.loud_ms) = (now, line.cursor, 0);
        let mut read = Vec::new();
        let result = line.reader.read(frame, &mut |event| read.push(event));
        for event in read {
            self.observe(now, leg, event);
        }
        if let Err(error) = result {
            self.actions.push_back(Action::Abandon(leg));
            self.line_ended(now, leg, TransportEnd::Cut, Some(LegFault::from(&error)));
        }
        self.drive(now);
    }

    /// This leg is over: how its transport ended and, where that or the answer's head was an error, why. Nothing more may
    /// be reported of it. Legs that were abandoned need not be reported.
    pub fn leg_ended(
        &mut self,
        now: Instant,
        leg: Leg,
        end: TransportEnd,
        fault: Option<LegFault>,
    ) {
        self.line_ended(now, leg, end, fault);
        self.drive(now);
    }

    /// This leg could not be opened.
    pub fn open_failed(&mut self, now: Instant, leg: Leg, fault: LegFault) {
        self.leg_ended(now, leg, TransportEnd::Cut, Some(fault));
    }

    /// The peer closes the connection of this leg soon (HTTP/2 `GOAWAY` at or above its call).
    pub fn leg_going_away(&mut self, now: Instant, leg: Leg) {
        if let Some(line) = self.line_mut(leg) {
            line.going_away = true;
        }
        self.drive(now);
    }

    /// The credentials that this leg was signed with expire at this time.
    pub fn credentials_expire(&mut self, now: Instant, leg: Leg, at: Instant) {
        if let Some(line) = self.line_mut(leg) {
            line.expires_at = Some(at);
        }
        self.drive(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.drive(now);
    }

    /// What the driver is to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What the application is to know next.
    pub fn poll_event(&mut self) -> Option<ConversationEvent> {
        self.events.pop_front()
    }

    /// Whether this leg has anything to send. A driver waits for its transport before it takes that.
    #[must_use]
    pub fn wants_to_send(&self, leg: Leg) -> bool {
        self.line(leg)
            .is_some_and(|line| line.wants_to_send(&self.tape))
    }

    /// What this leg is to send next: one frame, appended to `out` behind `headroom` zeros, or the end of its input.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        leg: Leg,
        headroom: usize,
        out: &mut BytesMut,
    ) -> Option<Transmit> {
        let patience = self.config.head_patience;
        let line = self.lines.iter_mut().find(|line| line.leg == leg)?;
        let transmit = line.transmit(&self.tape, headroom, out);
        line.blocked_since = None;
        if line.phase == Phase::Live {
            self.sent = self.sent.max(line.cursor);
            line.allowance = line.allowance.min(self.tape.end() - line.cursor);
        }
        let opening_is_sent = line.control_is_sent();
        if let Phase::Opening { until } = &mut line.phase {
            if opening_is_sent {
                until.get_or_insert(now + patience);
            }
        }
        self.drive(now);
        transmit
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.verdict.is_some() && self.lines.is_empty() {
            return None;
        }
        // What is due and has not been done waits for something else than time.
        let due = self.deadlines().into_iter().flatten();
        due.filter(|at| *at > self.now).min()
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
        self.tools_answered.insert(call.tool_use_id.clone());
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

    fn check_open(&self) -> Result<(), Refusal> {
        if self.is_closing() {
            Err(Refusal::SessionClosed)
        } else {
            Ok(())
        }
    }

    fn check_text(&self) -> Result<(), Refusal> {
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
        let received = self.summary();
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

    pub(super) fn summary(&self) -> Summary {
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
