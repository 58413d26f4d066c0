//! A leg was lost, or could not be had: what to do by the table of errors, and when to give up.

use std::time::{Duration, Instant};

use bedrock_wire::{Advice, Missing, Outcome};
use eventstream_codec::{Inbound, TransportEnd};

use crate::conversation::event::ConversationEvent;
use crate::conversation::fault::{ConversationError, LegFault};
use crate::conversation::leg::Phase;
use crate::conversation::machine::Conversation;
use crate::conversation::output::Summary;
use crate::read::{ReadError, Received};
use crate::session::Leg;

impl Conversation {
    /// A leg is over, in whatever way and phase.
    pub(super) fn line_ended(
        &mut self,
        now: Instant,
        leg: Leg,
        end: TransportEnd,
        fault: Option<LegFault>,
    ) {
        let table = self.config.renewal.as_ref().map(|r| r.advice.clone());
        let fault = match table {
            Some(table) => fault.map(|fault| fault.judged_by(&table)),
            None => fault,
        };
        let Some(line) = self.line_mut(leg) else {
            return;
        };
        let phase = line.phase;
        let outcome = line.reader.finish(end, &mut |_| {});
        match phase {
            Phase::Live => self.lost(now, leg, outcome, fault),
            Phase::Closing { .. } if self.current == Some(leg) => {
                self.finish_leg(leg);
                self.remove(leg);
                self.judge(outcome, fault);
            }
            Phase::Closing { .. } => {
                self.finish_leg(leg);
                self.remove(leg);
            }
            Phase::Leaving { .. } => {
                self.cut_answer(leg);
                self.finish_leg(leg);
                self.remove(leg);
            }
            Phase::Opening { .. } | Phase::Ready { .. } => {
                self.remove(leg);
                let fault = fault.unwrap_or_else(|| fault_of(&outcome));
                if self.current.is_some() {
                    self.standby_failed(now, fault);
                } else {
                    self.try_again(now, fault);
                }
            }
        }
    }

    /// What this leg planned to say and was not cut off is taken for said.
    pub(super) fn finish_leg(&mut self, leg: Leg) {
        self.with_session(|session, events| {
            session.finish(leg, &mut |event| events.push(event));
        });
    }

    fn lost(
        &mut self,
        now: Instant,
        leg: Leg,
        outcome: Outcome<Received, ReadError>,
        fault: Option<LegFault>,
    ) {
        let heard = self.is_boundary(leg) && self.tells_speech;
        self.leave(now, leg, false, heard);
        self.finish_leg(leg);
        self.remove(leg);
        if self.config.renewal.is_none() {
            self.judge(outcome, fault);
            return;
        }
        let fault = fault.unwrap_or_else(|| fault_of(&outcome));
        self.try_again(now, fault);
    }

    /// No leg takes audio: the next is opened, now or later, unless the table says that it would fare no better.
    fn try_again(&mut self, now: Instant, fault: LegFault) {
        self.attempts += 1;
        let attempt = self.attempts;
        let max = self.config.renewal.as_ref().map_or(0, |r| r.max_attempts);
        let mut advice = fault.advice();
        if advice == Advice::Never {
            if let Some(setup) = self.proven_setup.take() {
                self.config.setup = setup;
                advice = Advice::NewSession;
            }
        }
        if fault.is_history_over_limit() {
            self.config.history_limits = self.config.history_limits.halved();
        }
        if advice == Advice::Never
            || attempt > max
            || self.closing.is_some()
            || self.config.renewal.is_none()
        {
            self.fail(fault);
            return;
        }
        let mut wait = self.wait(advice, attempt);
        if self.standby().is_some() {
            wait = Duration::ZERO;
        } else {
            self.not_before = Some(now + wait);
        }
        self.last_fault = Some(fault.clone());
        self.tell(ConversationEvent::Recovering {
            fault,
            attempt,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// The leg in use goes on without a successor for now.
    fn standby_failed(&mut self, now: Instant, fault: LegFault) {
        let refused = fault.advice() == Advice::Never;
        if refused {
            if let Some(setup) = self.proven_setup.take() {
                self.config.setup = setup;
            } else {
                self.barred = true;
            }
            self.wish = None;
        } else {
            self.standby_failures += 1;
            let wait = self.wait(fault.advice(), self.standby_failures + 1);
            self.not_before = Some(now + wait);
        }
        self.tell(ConversationEvent::RenewalFailed {
            fault,
            will_retry: !refused,
        });
    }

    /// How long to wait before the next leg after so many failures in a row.
    fn wait(&mut self, advice: Advice, failures: u32) -> Duration {
        let Some(renewal) = &self.config.renewal else {
            return Duration::ZERO;
        };
        let doubled = |times: u32| {
            let factor = 1u32.checked_shl(times).unwrap_or(u32::MAX);
            renewal
                .backoff
                .saturating_mul(factor)
                .min(renewal.max_backoff)
        };
        match (advice, failures) {
            (Advice::After(asked), _) => {
                let wait = doubled(failures.saturating_sub(1)).max(asked);
                asked.max(self.spread(wait))
            }
            (_, 0 | 1) => Duration::ZERO,
            _ => {
                let wait = doubled(failures - 2);
                self.spread(wait)
            }
        }
    }

    /// The conversation's outcome is this leg's.
    fn judge(&mut self, outcome: Outcome<Received, ReadError>, fault: Option<LegFault>) {
        let attempts = self.attempts.max(1);
        let summary = Summary {
            last_leg: outcome.received().clone(),
            ..self.sum_up()
        };
        let failed = |fault| Outcome::Failed {
            error: ConversationError { fault, attempts },
            received: summary.clone(),
        };
        let verdict = match (outcome, fault) {
            (Outcome::Complete(_), _) => Outcome::Complete(summary),
            (Outcome::Failed { error, .. }, None) => failed(LegFault::from(&error)),
            (_, Some(fault)) => failed(fault),
            (Outcome::Incomplete { missing, .. }, None) => Outcome::Incomplete {
                missing,
                received: summary,
            },
        };
        self.end(verdict);
    }

    /// The close took too long.
    pub(super) fn cut_close(&mut self) {
        let received = self.sum_up();
        let missing = Missing::CleanEnd;
        self.end(Outcome::Incomplete { missing, received });
    }

    fn remove(&mut self, leg: Leg) {
        self.lines.retain(|line| line.leg != leg);
    }
}

fn fault_of(outcome: &Outcome<Received, ReadError>) -> LegFault {
    match outcome {
        Outcome::Failed { error, .. } => LegFault::from(error),
        Outcome::Incomplete { missing, .. } => {
            LegFault::new(Advice::NewSession, missing.to_string())
        }
        Outcome::Complete(_) => LegFault::new(Advice::NewSession, "the service ended the session"),
    }
}
