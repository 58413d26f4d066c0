//! One leg takes over from another, or from none: what the new one is told, hears again and owes.

use std::time::Instant;

use crate::conversation::ask::{Ask, Asked, Speech};
use crate::conversation::event::{ConversationEvent, RenewalReason};
use crate::conversation::leg::Phase;
use crate::conversation::machine::{Conversation, Gap};
#[cfg(feature = "sabotage")]
use crate::conversation::sabotage::Sabotage;
use crate::conversation::say::Say;
use crate::session::{Leg, TurnId};
use crate::write::{History, Refusal};

impl Conversation {
    /// The leg that is prepared takes the user's audio from the one in use, which finishes its answer and closes.
    pub(super) fn hand_over(&mut self, now: Instant, to: Leg) {
        let (Some(old), Some(renewal)) = (self.current, self.config.renewal.clone()) else {
            return;
        };
        let answer = self.session.open_answer(old);
        let sounds = answer.is_some_and(|turn| self.session.has_speech(turn));
        let has_tools = self.session.pending_tools().iter().any(|t| t.leg == old);
        let owes_result = self.line(old).is_some_and(|line| {
            let results = |ask: &Ask| matches!(ask.what, Asked::Result { .. });
            line.asks.iter().any(results)
        });
        let lingers = sounds && !has_tools && !owes_result;
        let boundary = self.is_boundary(old);
        self.leave(now, old, lingers, boundary);
        if let Some(line) = self.line_mut(old) {
            let until = now + renewal.drain_limit;
            let left = if lingers {
                line.phase = Phase::Leaving {
                    until: now + renewal.linger_limit,
                };
                Ok(())
            } else {
                line.close(until)
            };
            if let Err(refusal) = left {
                self.refused(&refusal);
                return;
            }
        }
        self.take_over(now, to);
    }

    /// This leg takes no more audio: what it has not answered goes to the next. With `heard` the leg has heard all that was
    /// said, as far as anybody can know.
    pub(super) fn leave(&mut self, now: Instant, leg: Leg, lingers: bool, heard: bool) {
        self.current = None;
        let unheard = self
            .session
            .open_answer(leg)
            .filter(|turn| !self.session.has_speech(*turn));
        match unheard {
            _ if lingers => {}
            Some(turn) => {
                self.session.withdraw(turn);
                self.tell(ConversationEvent::TurnCut { turn });
            }
            None => self.cut_answer(leg),
        }
        let window = self
            .config
            .renewal
            .as_ref()
            .map_or(0, |renewal| self.samples(renewal.replay_window));
        let kept = self.tape.start();
        let patience = self.config.renewal.as_ref().map(|r| r.carry_patience);
        let carried_until = now + patience.unwrap_or_default();
        let tells_speech = self.tells_speech;
        let unhealthy = self
            .wish
            .is_some_and(|wish| wish.reason == RenewalReason::Unhealthy);
        let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) else {
            return;
        };
        let asks = std::mem::take(&mut line.asks);
        line.speaking = false;
        let mut settled = line.settled;
        for speech in asks.iter().filter_map(Ask::speech) {
            if is_reasked(speech, kept) {
                settled = settled.max(speech.ended.map_or(0, |(end, _)| end));
            }
        }
        // Speech that has just begun may not have been noticed; of what a deaf leg was told, nothing was.
        let mut from = line.cursor.saturating_sub(window);
        if unhealthy || line.loud_ms > 0 {
            // Its last sign of life was on its way while this went in.
            from = from.min(line.heard_from.saturating_sub(window));
        } else if !(heard || tells_speech) {
            from = settled;
        }
        from = from.max(settled).min(line.cursor);
        let mut replayed = Vec::new();
        let mut again = Vec::new();
        for ask in asks {
            match ask.what {
                Asked::Speech(speech) if is_reasked(&speech, kept) => again.push(Say::Typed {
                    turn: speech.turn,
                    text: speech.text,
                }),
                Asked::Speech(speech) => {
                    from = from.min(speech.from.unwrap_or(from)).max(kept);
                    replayed.push(speech.turn);
                }
                Asked::Typed { turn, text } => again.push(Say::Typed { turn, text }),
                Asked::Instruction { text } => again.push(Say::Instruction { text }),
                Asked::Result { text } => again.push(Say::Carried {
                    text,
                    until: carried_until,
                }),
            }
        }
        for say in again.into_iter().rev() {
            self.says.push_front(say);
        }
        #[cfg(feature = "sabotage")]
        match self.sabotage {
            Some(Sabotage::NoReplay) => from = self.sent.max(from),
            Some(Sabotage::ForgetAsks) => {
                replayed.clear();
                self.says.clear();
                from = self.sent.max(from);
            }
            _ => {}
        }
        self.gap = Some(Gap {
            from,
            since: now,
            replayed,
        });
    }

    /// A leg that is ready takes the user's audio.
    pub(super) fn take_over(&mut self, now: Instant, leg: Leg) {
        if let Err(refusal) = self.try_take_over(now, leg) {
            self.refused(&refusal);
        }
    }

    fn try_take_over(&mut self, now: Instant, leg: Leg) -> Result<(), Refusal> {
        let Some(gap) = self.gap.clone() else {
            return Ok(());
        };
        if self.line(leg).is_some_and(|line| !line.has_history) {
            self.write_history(leg, &gap.replayed)?;
        }
        let from = gap.from.max(self.tape.start());
        let end = self.tape.end();
        let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) else {
            return Ok(());
        };
        line.start_audio(from)?;
        line.phase = Phase::Live;
        line.allowance = end - from;
        (line.voice_at, line.heard_at, line.loud_ms) = (now, now, 0);
        if let Some(first) = gap.replayed.first() {
            line.asks.push(replay(*first, from, now));
        }
        let history_dropped = line.history_dropped;
        self.gap = None;
        self.current = Some(leg);
        self.live_legs += 1;
        self.wish = None;
        self.not_before = None;
        self.standby_failures = 0;
        self.barred = false;
        for (at, turn) in gap.replayed.iter().enumerate() {
            match at {
                0 => self.session.replay(*turn, leg),
                // The new leg tells these apart for itself.
                _ => self.session.withdraw(*turn),
            }
            self.tell(ConversationEvent::TurnReplayed { turn: *turn });
        }
        if self.live_legs == 1 {
            self.tell(ConversationEvent::Ready);
        } else {
            let gap_ms = u64::try_from(now.saturating_duration_since(gap.since).as_millis());
            self.tell(ConversationEvent::Renewed {
                leg,
                gap_ms: gap_ms.unwrap_or(u64::MAX),
                replayed_ms: self.ms(self.sent.saturating_sub(from)),
                history_dropped,
            });
        }
        Ok(())
    }

    /// Writes what was said, without the turns that this leg will hear or be asked.
    pub(super) fn write_history(&mut self, leg: Leg, replayed: &[TurnId]) -> Result<(), Refusal> {
        let waiting = self.says.iter().filter_map(Say::turn);
        let kept = self.gap.iter().flat_map(|gap| &gap.replayed).copied();
        let without: Vec<_> = waiting
            .chain(kept)
            .chain(replayed.iter().copied())
            .collect();
        #[cfg(feature = "sabotage")]
        let without = match self.sabotage {
            Some(Sabotage::ReplayedInHistory) => Vec::new(),
            _ => without,
        };
        let before = self.config.history.iter().cloned();
        let said = before.chain(self.session.history_without(&without));
        let (history, cuts) = History::normalize(said, &self.config.history_limits);
        if let Some(line) = self.line_mut(leg) {
            line.put(|writer, out| writer.history(&history, out))?;
            line.has_history = true;
            line.history_dropped = cuts.dropped_bytes;
        }
        Ok(())
    }
}

/// Whether speech is asked again in the words that the service heard: where its audio cannot be found any more.
fn is_reasked(speech: &Speech, kept: u64) -> bool {
    !speech.text.is_empty() && speech.from.is_none_or(|from| from < kept)
}

const fn replay(turn: TurnId, from: u64, now: Instant) -> Ask {
    let speech = Speech {
        turn,
        from: Some(from),
        ended: None,
        text: String::new(),
    };
    Ask::new(Asked::Speech(speech), now)
}
