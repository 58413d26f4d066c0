//! What the driver reports of the legs, and what it is told to do and to send.

use std::time::Instant;

use bytes::BytesMut;
use eventstream_codec::{Frame, Inbound, TransportEnd};

use super::event::ConversationEvent;
use super::fault::LegFault;
use super::leg::Phase;
use super::machine::Conversation;
use super::output::{Action, Transmit};
use crate::session::Leg;

impl Conversation {
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
        let mut read = Vec::new();
        let result = line.reader.read(frame, &mut |event| read.push(event));
        if result.is_ok() {
            // An error ends a leg that heard nothing just as well as one that heard all.
            (line.heard_at, line.heard_from, line.loud_ms) = (now, line.cursor, 0);
        }
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
}
