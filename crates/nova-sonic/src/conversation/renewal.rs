//! When a leg is to be replaced, and the next one that is prepared beside it.

use std::time::{Duration, Instant};

use crate::conversation::config::Renewal;
use crate::conversation::event::{ConversationEvent, RenewalReason};
use crate::conversation::leg::{Line, Phase};
use crate::conversation::machine::{Conversation, Wish};
use crate::session::Leg;
use crate::write::{Refusal, Writer};
use crate::{Names, Setup};

/// How soon a renewal is forced that nothing else limits.
pub(super) const FORCE_SOON: Duration = Duration::from_secs(30);

impl Conversation {
    /// Prepares the next leg when it is time, and hands over at a quiet moment or, at last, at any.
    pub(super) fn renew_in_time(&mut self, now: Instant) {
        let (Some(renewal), Some(current)) = (self.config.renewal.clone(), self.current) else {
            return;
        };
        if self.closing.is_some() {
            return;
        }
        if let Some(line) = self.line(current) {
            let due = reasons(line, &renewal).filter(|(_, at, _)| *at <= now);
            let mut due: Vec<_> = due
                .map(|(reason, at, force)| (reason, at + force))
                .collect();
            if line.going_away {
                due.push((RenewalReason::GoingAway, now + renewal.going_away_patience));
            }
            for (reason, force_at) in due {
                self.wish_for(reason, force_at);
            }
        }
        let Some(wish) = self.wish else { return };
        let Some((standby, phase)) = self.standby() else {
            if self.not_before.is_none_or(|at| at <= now) {
                self.not_before = None;
                if let Err(refusal) = self.open_line(now) {
                    self.refused(&refusal);
                }
            }
            return;
        };
        let Phase::Ready { since } = phase else {
            return;
        };
        if self.line(standby).is_some_and(|line| line.going_away) {
            self.abandon(standby);
        } else if now >= wish.force_at || self.is_boundary(current) {
            self.hand_over(now, standby);
        } else if now >= since + renewal.standby_limit {
            self.abandon(standby);
        }
        if self.wish.is_some() && self.standby().is_none() {
            if let Err(refusal) = self.open_line(now) {
                self.refused(&refusal);
            }
        }
    }

    /// The leg in use should be replaced; by this time in any case.
    pub(super) fn wish_for(&mut self, reason: RenewalReason, force_at: Instant) {
        if self.barred || self.config.renewal.is_none() {
            return;
        }
        if let Some(wish) = &mut self.wish {
            wish.force_at = wish.force_at.min(force_at);
        } else {
            self.wish = Some(Wish { reason, force_at });
            self.tell(ConversationEvent::Renewing { reason });
        }
    }

    /// The leg that is prepared, or being prepared.
    pub(super) fn standby(&self) -> Option<(Leg, Phase)> {
        let waits =
            |line: &&Line| matches!(line.phase, Phase::Opening { .. } | Phase::Ready { .. });
        let line = self.lines.iter().find(waits)?;
        Some((line.leg, line.phase))
    }

    /// Whether nothing is lost or said twice by a change now.
    pub(super) fn is_boundary(&self, current: Leg) -> bool {
        let pending = self.session.pending_tools();
        let tools = pending.iter().any(|tool| tool.leg == current);
        !tools && self.says.is_empty() && self.is_quiet(current)
    }

    /// Another setup, checked as the first of them was.
    pub(super) fn change_setup(&mut self, setup: Setup) -> Result<(), Refusal> {
        let mut trial = Writer::new(self.config.dialect, Names::new([0; 16]));
        trial.open(&setup, &mut bytes::BytesMut::new())?;
        let before = std::mem::replace(&mut self.config.setup, setup);
        self.proven_setup.get_or_insert(before);
        // A leg with the old one is of no use.
        if let Some((leg, _)) = self.standby().filter(|_| self.current.is_some()) {
            self.abandon(leg);
        }
        Ok(())
    }

    /// When this leg is to be replaced.
    pub(super) fn renewal_due(&self, line: &Line) -> Option<Instant> {
        let renewal = self.config.renewal.as_ref()?;
        if self.wish.is_some() || self.barred || self.closing.is_some() {
            return None;
        }
        reasons(line, renewal).map(|(_, at, _)| at).min()
    }
}

/// Why this leg is replaced, from when on, and how much later at the latest.
fn reasons(
    line: &Line,
    renewal: &Renewal,
) -> impl Iterator<Item = (RenewalReason, Instant, Duration)> + use<> {
    let forced = renewal.force_after.saturating_sub(renewal.after);
    let limit = (RenewalReason::Limit, line.opened_at + renewal.after, forced);
    let expiry = line.expires_at.map(|at| {
        let lifetime = at.saturating_duration_since(line.opened_at);
        let margin = renewal.credential_margin.min(lifetime / 2);
        let begins = at.checked_sub(margin).unwrap_or(line.opened_at);
        (RenewalReason::Credentials, begins, margin * 5 / 6)
    });
    let silence = (!line.speaking).then_some((
        RenewalReason::Silence,
        line.voice_at + renewal.silence,
        FORCE_SOON,
    ));
    [Some(limit), expiry, silence].into_iter().flatten()
}
