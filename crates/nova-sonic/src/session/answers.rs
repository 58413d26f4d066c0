//! Which turn an event belongs to, when an answer begins, and what an interruption takes with it.

use crate::session::event::{Leg, SessionEvent, TurnId};
use crate::session::finals;
use crate::session::machine::Session;
use crate::session::turn::{Block, Origin, Turn};

impl Session {
    /// The service says that an answer was interrupted, but not which.
    pub(super) fn confirm_interruption(
        &mut self,
        at: usize,
        said: Option<TurnId>,
        sink: &mut impl FnMut(SessionEvent),
    ) {
        let Some(state) = self.legs.get(at) else {
            return;
        };
        let (leg, latest) = (state.leg, state.answer);
        let answers = self.answers(leg);
        // The one that the user's speech has interrupted already; else the one whose final texts are still to come (the
        // mark stands in their place); else the latest.
        let unconfirmed = |id: &&TurnId| {
            let turn = self.turn(**id);
            turn.is_some_and(|turn| turn.interrupted && !turn.settled)
        };
        let target = said
            .or_else(|| answers.iter().rev().find(unconfirmed).copied())
            .or_else(|| finals::oldest_open(&self.turns, leg))
            .or(latest);
        let Some(target) = target else { return };
        self.interrupt(target, sink);
        finals::settle(&mut self.turns, target, sink);
        // What came after it without a word of the user's was the rest of the same answer.
        for id in answers.into_iter().filter(|id| *id > target) {
            if self
                .turn(id)
                .is_some_and(|turn| turn.origin == Origin::Answer { caused: false })
            {
                self.interrupt(id, sink);
                finals::settle(&mut self.turns, id, sink);
            }
        }
    }

    pub(super) fn interrupt(&mut self, id: TurnId, sink: &mut impl FnMut(SessionEvent)) {
        let Some(turn) = self.turns.get_mut(id.index()) else {
            return;
        };
        turn.ended = true;
        if !std::mem::replace(&mut turn.interrupted, true) {
            sink(SessionEvent::Interrupted { turn: id });
        }
    }

    pub(super) fn end(&mut self, id: TurnId, sink: &mut impl FnMut(SessionEvent)) {
        let Some(turn) = self.turns.get_mut(id.index()) else {
            return;
        };
        if !std::mem::replace(&mut turn.ended, true) {
            sink(SessionEvent::TurnEnded { turn: id });
        }
    }

    /// The user's open turn, or a new one.
    pub(super) fn user_turn(&mut self, at: usize) -> TurnId {
        let Some(state) = self.legs.get(at) else {
            return TurnId(0);
        };
        if let Some(id) = state.user {
            return id;
        }
        let id = self.push(Turn::new(state.leg, Origin::Spoken));
        if let Some(state) = self.legs.get_mut(at) {
            state.user = Some(id);
        }
        id
    }

    /// The answer that is on its way, or a new one.
    pub(super) fn answer(&mut self, at: usize, sink: &mut impl FnMut(SessionEvent)) -> TurnId {
        let Some(state) = self.legs.get(at) else {
            return TurnId(0);
        };
        let (leg, latest) = (state.leg, state.answer);
        let said_since = latest.and_then(|latest| {
            let mut since = self.turns.iter().skip(latest.index() + 1);
            since.rfind(|turn| turn.leg == leg && turn.is_asking())
        });
        let (has_words, has_speech) = (
            said_since.is_some(),
            said_since.is_some_and(|turn| turn.origin == Origin::Spoken),
        );
        let before = latest.and_then(|latest| self.turn(latest));
        if let (Some(latest), Some(before)) = (latest, before) {
            if !before.ended && !has_words {
                return latest;
            }
        }
        let caused = has_words || !before.is_some_and(|before| before.interrupted);
        if let Some(latest) = latest {
            self.end(latest, sink);
        }
        if has_speech {
            // After speech of the user no more final texts come for what was said before it; after typed text they do.
            for id in self.answers(leg) {
                finals::settle(&mut self.turns, id, sink);
            }
        }
        let id = self.push(Turn::new(leg, Origin::Answer { caused }));
        if let Some(state) = self.legs.get_mut(at) {
            state.answer = Some(id);
            state.user = None;
        }
        sink(SessionEvent::ResponseStarted { turn: id });
        id
    }

    /// A new block for a planned text.
    pub(super) fn plan_block(
        &mut self,
        at: usize,
        sink: &mut impl FnMut(SessionEvent),
    ) -> (TurnId, usize) {
        let id = self.answer(at, sink);
        let block = self.turns.get_mut(id.index()).map_or(0, |turn| {
            turn.blocks.push(Block::default());
            turn.blocks.len() - 1
        });
        (id, block)
    }

    /// The block that new speech belongs to: the first without any, or a new one.
    pub(super) fn audio_block(
        &mut self,
        at: usize,
        sink: &mut impl FnMut(SessionEvent),
    ) -> (TurnId, usize) {
        let id = self.answer(at, sink);
        let silent = self
            .turn(id)
            .and_then(|turn| turn.blocks.iter().position(Block::awaits_audio));
        let (id, block) = silent.map_or_else(|| self.plan_block(at, sink), |block| (id, block));
        if let Some(block) = self.block_mut(id, block) {
            block.has_audio = true;
        }
        (id, block)
    }

    /// The block that speech without a block of its own goes to.
    pub(super) fn last_audio_block(
        &mut self,
        at: usize,
        sink: &mut impl FnMut(SessionEvent),
    ) -> (TurnId, usize) {
        let latest = self.legs.get(at).and_then(|state| state.answer);
        let found = latest.and_then(|id| {
            let turn = self.turn(id)?;
            let block = turn.blocks.iter().rposition(|block| block.has_audio)?;
            (!turn.ended || turn.interrupted).then_some((id, block))
        });
        found.unwrap_or_else(|| self.audio_block(at, sink))
    }

    pub(super) fn answers(&self, leg: Leg) -> Vec<TurnId> {
        let turns = (0u32..).zip(&self.turns);
        turns
            .filter(|(_, turn)| turn.leg == leg && turn.is_answer())
            .map(|(at, _)| TurnId(at))
            .collect()
    }
}
