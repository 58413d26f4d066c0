//! What a conversation does with its turns when one leg takes over from another.

use crate::session::event::{Leg, SessionEvent, Speaker, TurnId};
use crate::session::finals;
use crate::session::machine::Session;
use crate::session::turn::{Origin, Turn};
use crate::write::HistoryRole;

impl Session {
    /// The application told the model something that it need not answer; kept for the history.
    pub(crate) fn noted(&mut self, leg: Leg, text: &str) -> TurnId {
        let mut turn = Turn::new(leg, Origin::Note);
        turn.add_text(text);
        self.push(turn)
    }

    /// The user's turn goes on in another leg, which hears it from its beginning.
    pub(crate) fn replay(&mut self, id: TurnId, leg: Leg) {
        let at = self.leg(leg);
        if let Some(turn) = self.turns.get_mut(id.index()) {
            turn.leg = leg;
            turn.text.clear();
        }
        if let Some(state) = self.legs.get_mut(at) {
            state.user = Some(id);
        }
    }

    /// The user's turn is asked again, as text, in another leg.
    pub(crate) fn reask(&mut self, id: TurnId, leg: Leg) {
        self.leg(leg);
        if let Some(turn) = self.turns.get_mut(id.index()) {
            turn.leg = leg;
        }
    }

    /// The turn does not count: it comes again as another.
    pub(crate) fn withdraw(&mut self, id: TurnId) {
        if let Some(turn) = self.turns.get_mut(id.index()) {
            turn.text.clear();
            turn.blocks.clear();
            (turn.ended, turn.settled) = (true, true);
        }
    }

    /// What this leg was saying breaks off: of it counts what had arrived as speech. Gives the answer.
    pub(crate) fn cut(&mut self, leg: Leg) -> Option<TurnId> {
        let id = self.open_answer(leg)?;
        if let Some(turn) = self.turns.get_mut(id.index()) {
            (turn.ended, turn.interrupted) = (true, true);
        }
        Some(id)
    }

    /// The answer that this leg has begun and not ended.
    pub(crate) fn open_answer(&self, leg: Leg) -> Option<TurnId> {
        let answer = self.legs.iter().find(|state| state.leg == leg)?.answer?;
        let is_open = self.turn(answer).is_some_and(|turn| !turn.ended);
        is_open.then_some(answer)
    }

    /// Whether this leg has planned texts that may still be confirmed.
    pub(crate) fn expects_final(&self, leg: Leg) -> bool {
        finals::oldest_open(&self.turns, leg).is_some()
    }

    /// Whether speech of an answer has arrived.
    pub(crate) fn has_speech(&self, id: TurnId) -> bool {
        self.turn(id).is_some_and(|turn| turn.samples() > 0)
    }

    /// The user speaks: what any leg is saying, or its player still plays, is interrupted.
    pub(crate) fn interrupt_others(&mut self, leg: Leg, sink: &mut impl FnMut(SessionEvent)) {
        if !self.interrupts_on_speech() {
            return;
        }
        let others = self.legs.iter().filter(|state| state.leg != leg);
        let answers: Vec<_> = others.filter_map(|state| state.answer).collect();
        for id in answers {
            if self.turn(id).is_some_and(Turn::is_sounding) {
                self.interrupt(id, sink);
            }
        }
    }

    /// What was said, without these turns: the history of the next leg.
    pub(crate) fn history_without(
        &self,
        turns: &[TurnId],
    ) -> impl Iterator<Item = (HistoryRole, String)> + '_ {
        let turns = turns.to_vec();
        let entries = self.entries(|origin| origin != Origin::Instruction);
        let kept = entries.filter(move |entry| !turns.contains(&entry.turn));
        kept.map(|entry| match entry.speaker {
            Speaker::User => (HistoryRole::User, entry.text),
            Speaker::Assistant => (HistoryRole::Assistant, entry.text),
        })
    }
}
