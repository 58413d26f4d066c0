//! What time alone asks for: silence that keeps a leg alive, the watch over its health, the close, the tape's bounds.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::conversation::config::Renewal;
use crate::conversation::event::{ConversationEvent, RenewalReason, Symptom};
use crate::conversation::leg::Phase;
use crate::conversation::machine::Conversation;
use crate::conversation::say::Say;

/// Silence is sent in pieces of this length.
const PIECE_MS: u32 = 100;
/// Loud audio goes unheard where it fills more than one part in so many of the time without a sign of life.
const LOUD_PART: u32 = 7;

impl Conversation {
    /// Sends silence while muted, and before a pause grows too long for the service.
    pub(super) fn keep_fed(&mut self, now: Instant) {
        let piece = Duration::from_millis(PIECE_MS.into());
        if self.current.is_none() {
            return;
        }
        if let Some(since) = self.muted_since {
            let behind = now.saturating_duration_since(self.fed_at);
            if behind > piece * 20 {
                self.fed_at = now.checked_sub(piece).unwrap_or(now);
            }
            self.fed_at = self.fed_at.max(since);
            while self.fed_at + piece <= now {
                self.fed_at += piece;
                self.feed_silence();
            }
        } else if self.fed_at + self.config.keep_alive <= now {
            self.fed_at = now;
            self.feed_silence();
        }
    }

    fn feed_silence(&mut self) {
        static SILENCE: [u8; 4_800] = [0; 4_800];
        let len = self.config.input_rate.bytes_in_ms(PIECE_MS);
        let silence = Bytes::from_static(&SILENCE);
        self.tape
            .push(silence.slice(..len.min(SILENCE.len())), false);
    }

    /// Looks for speech that was none, and for a leg that does not react.
    pub(super) fn watch(&mut self, now: Instant) {
        let Some(leg) = self.current else { return };
        let renewal = self.config.renewal.as_ref();
        let limit = renewal.and_then(|renewal| renewal.deaf_after);
        let (noise, stall) = self.watch_limits();
        let gives_up = renewal.is_none_or(|renewal| self.attempts >= renewal.max_attempts);
        let tape = &self.tape;
        let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) else {
            return;
        };
        let speaking = line.speaking;
        line.asks.retain(|ask| match ask.is_noise() {
            Some(told) => told + noise > now,
            None => ask.is_whole() || speaking || ask.since + noise > now,
        });
        if line.phase == Phase::Live && line.wants_to_send(tape) {
            line.blocked_since.get_or_insert(now);
        } else {
            line.blocked_since = None;
        }
        let Some(limit) = limit.filter(|_| !gives_up && self.closing.is_none()) else {
            return;
        };
        let silent = line.heard_at + limit <= now;
        let owed = line.asks.iter().find(|ask| ask.is_whole());
        let symptom = if line.blocked_since.is_some_and(|at| at + stall <= now) {
            Symptom::Stalled
        } else if silent && owed.is_some_and(|ask| ask.since + limit <= now) {
            Symptom::Mute
        } else if silent && Duration::from_millis(line.loud_ms) >= limit / LOUD_PART {
            Symptom::Deaf
        } else {
            return;
        };
        let known = self
            .wish
            .is_some_and(|wish| wish.reason == RenewalReason::Unhealthy);
        if !known {
            self.attempts += 1;
            self.tell(ConversationEvent::Unhealthy { symptom });
            self.wish_for(RenewalReason::Unhealthy, now);
            if let Some(wish) = &mut self.wish {
                wish.reason = RenewalReason::Unhealthy;
            }
        }
    }

    fn watch_limits(&self) -> (Duration, Duration) {
        let limits = |renewal: &Renewal| (renewal.noise_limit, renewal.stall_limit);
        self.config
            .renewal
            .as_ref()
            .map_or_else(|| limits(&Renewal::default()), limits)
    }

    /// Legs are ready once they are accepted, or have been waited for; the first that is takes an empty place.
    pub(super) fn ready_lines(&mut self, now: Instant) {
        for line in &mut self.lines {
            if matches!(line.phase, Phase::Opening { until: Some(until) } if until <= now) {
                line.phase = Phase::Ready { since: now };
            }
        }
        if self.gap.is_none() {
            return;
        }
        match self.standby() {
            Some((leg, Phase::Ready { .. })) => self.take_over(now, leg),
            None if self.not_before.is_none_or(|at| at <= now) && self.closing.is_none() => {
                self.not_before = None;
                if let Err(refusal) = self.open_line(now) {
                    self.refused(&refusal);
                }
            }
            Some(_) | None => {}
        }
    }

    /// Closes the leg in use once all has been sent, or half of the time for it is over.
    pub(super) fn close_in_order(&mut self, now: Instant) {
        let Some(closing) = self.closing else { return };
        if now >= closing.until {
            match self.last_fault.take().filter(|_| self.current.is_none()) {
                Some(fault) => self.fail(fault),
                None => self.cut_close(),
            }
            return;
        }
        let standby = self.standby();
        let Some(leg) = self.current.or(standby.map(|(leg, _)| leg)) else {
            // Nothing is left to be closed but what failed.
            match self.last_fault.take() {
                Some(fault) => self.fail(fault),
                None => self.cut_close(),
            }
            return;
        };
        if let Some((standby, _)) = standby.filter(|(standby, _)| *standby != leg) {
            self.abandon(standby);
        }
        let (end, hurried) = (self.tape.end(), now >= closing.flush_until);
        let Some(line) = self.line_mut(leg) else {
            return;
        };
        let sent = line.phase == Phase::Live && line.cursor >= end;
        if matches!(line.phase, Phase::Closing { .. }) || !(sent || hurried) {
            return;
        }
        match line.close(closing.until) {
            Ok(()) => {
                self.current = Some(leg);
                self.gap = None;
            }
            Err(refusal) => self.refused(&refusal),
        }
    }

    /// Legs that were replaced finish their answer, close, and are given up when they take too long.
    pub(super) fn leave_old_legs(&mut self, now: Instant) {
        let drain = self
            .config
            .renewal
            .as_ref()
            .map_or(Duration::ZERO, |r| r.drain_limit);
        let old: Vec<_> = self
            .lines
            .iter()
            .map(|line| (line.leg, line.phase))
            .collect();
        for (leg, phase) in old {
            match phase {
                Phase::Leaving { until } => {
                    let answering = self.session.open_answer(leg).is_some();
                    if answering && now < until {
                        continue;
                    }
                    self.cut_answer(leg);
                    let Some(line) = self.line_mut(leg) else {
                        continue;
                    };
                    if line.close(now + drain).is_err() {
                        self.abandon(leg);
                    }
                }
                Phase::Closing { until } if until <= now => {
                    let was_last = self.current == Some(leg);
                    self.finish_leg(leg);
                    self.abandon(leg);
                    if was_last {
                        self.cut_close();
                    }
                }
                _ => {}
            }
        }
    }

    /// Drops the oldest audio where too much waits, and forgets what nobody will hear again.
    pub(super) fn trim_tape(&mut self) {
        let renewal = self.config.renewal.as_ref();
        let kept = renewal.map_or(0, |renewal| self.samples(renewal.replay_limit));
        let end = self.tape.end();
        let backlog = self.samples(self.config.uplink_limit);
        let (from, limit) = match (self.current.and_then(|leg| self.line(leg)), &self.gap) {
            (Some(line), _) => (line.cursor, backlog + line.allowance),
            (None, Some(gap)) => (gap.from, kept.max(backlog)),
            (None, None) => (end, backlog),
        };
        // What some leg has had already is kept for a replay; only what no leg has had is dropped.
        let (first, last) = (from.max(self.sent), end.saturating_sub(limit));
        self.drop_audio(first, last);
        let mut needed = from;
        if let Some(line) = self.current.and_then(|leg| self.line(leg)) {
            needed = needed.min(line.settled.max(end.saturating_sub(kept)));
        }
        self.tape.forget_before(needed);
    }

    /// Drops what lies from `from` to `to` and was sent to no leg.
    pub(super) fn drop_audio(&mut self, from: u64, to: u64) {
        if from < to {
            let given = self.tape.given_between(from, to);
            self.tape.cut(from, to);
            self.sent = to;
            self.tell_dropped(given);
        }
    }

    fn tell_dropped(&mut self, samples: u64) {
        if samples == 0 {
            return;
        }
        #[cfg(feature = "sabotage")]
        if self.sabotage == Some(super::Sabotage::SilentDrops) {
            return;
        }
        self.dropped_samples += samples;
        let (new, total_ms) = (self.ms(samples), self.ms(self.dropped_samples));
        match self.events.back_mut() {
            Some(ConversationEvent::AudioDropped {
                ms,
                total_ms: total,
            }) => {
                *ms += new;
                *total = total_ms;
            }
            _ => self.tell(ConversationEvent::AudioDropped { ms: new, total_ms }),
        }
    }

    /// All that is due at some time, past or to come.
    pub(super) fn deadlines(&self) -> Vec<Option<Instant>> {
        let (noise, stall) = self.watch_limits();
        let mut due = vec![
            self.closing.map(|closing| closing.until),
            self.closing.map(|closing| closing.flush_until),
            self.not_before,
            self.wish.map(|wish| wish.force_at),
        ];
        due.extend(self.tools_due.iter().map(|(_, at)| Some(*at)));
        due.extend(self.says.iter().map(Say::due));
        for line in &self.lines {
            due.push(match line.phase {
                Phase::Opening { until } => until,
                Phase::Ready { since } => {
                    let limit = self.config.renewal.as_ref().map(|r| r.standby_limit);
                    limit.map(|limit| since + limit)
                }
                Phase::Live => None,
                Phase::Leaving { until } | Phase::Closing { until } => Some(until),
            });
            if line.phase != Phase::Live {
                continue;
            }
            due.push(self.renewal_due(line));
            due.push(Some(match self.muted_since {
                Some(_) => self.fed_at + Duration::from_millis(PIECE_MS.into()),
                None => self.fed_at + self.config.keep_alive,
            }));
            due.push(line.blocked_since.map(|since| since + stall));
            for ask in &line.asks {
                due.push(match ask.is_noise() {
                    Some(told) => Some(told + noise),
                    None => Some(ask.since + noise),
                });
            }
            if let Some(limit) = self.config.renewal.as_ref().and_then(|r| r.deaf_after) {
                due.push(Some(line.heard_at + limit));
                due.extend(line.asks.iter().map(|ask| Some(ask.since + limit)));
            }
        }
        due
    }
}
