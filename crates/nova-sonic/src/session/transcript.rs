//! What was said, turn by turn.

use serde::Serialize;

use crate::session::event::{Leg, Speaker, TurnId};
use crate::session::machine::Session;
use crate::session::turn::{Block, Origin};
use crate::write::HistoryRole;

/// One turn of a transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TranscriptEntry {
    /// The turn; stays the same while its text grows.
    pub turn: TurnId,
    /// The connection in which it was said.
    pub leg: Leg,
    /// Who said it.
    pub speaker: Speaker,
    /// What the user said, or heard of the model.
    pub text: String,
    /// Whether the text may still change.
    pub state: EntryState,
}

/// Whether a turn's text may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EntryState {
    /// It may.
    Partial,
    /// It is what was said.
    Final,
    /// The user spoke over it, or its connection was lost: this much was heard.
    Interrupted,
}

impl Session {
    /// The conversation so far, without turns that have no text.
    pub fn transcript(&self) -> impl Iterator<Item = TranscriptEntry> + '_ {
        self.entries(|origin| origin != Origin::Note)
    }

    /// The turns with text whose origin is `wanted`.
    pub(super) fn entries(
        &self,
        wanted: fn(Origin) -> bool,
    ) -> impl Iterator<Item = TranscriptEntry> + '_ {
        let turns = (0u32..).zip(&self.turns);
        let wanted = turns.filter(move |(_, turn)| wanted(turn.origin));
        let entries = wanted.map(|(at, turn)| {
            let (text, state) = match turn.speaker() {
                Speaker::User => (turn.text.clone(), EntryState::Final),
                Speaker::Assistant if turn.interrupted => (turn.heard(), EntryState::Interrupted),
                Speaker::Assistant => {
                    let told = turn.ended && turn.blocks.iter().all(|block| !block.is_open());
                    let state = if told {
                        EntryState::Final
                    } else {
                        EntryState::Partial
                    };
                    let blocks = turn.blocks.iter().map(Block::text);
                    let texts: Vec<_> = blocks.filter(|text| !text.is_empty()).collect();
                    (texts.join(" "), state)
                }
            };
            TranscriptEntry {
                turn: TurnId(at),
                leg: turn.leg,
                speaker: turn.speaker(),
                text,
                state,
            }
        });
        entries.filter(|entry| !entry.text.is_empty())
    }

    /// The conversation so far, to be [normalised](crate::History::normalize) and sent to the next session.
    pub fn said(&self) -> impl Iterator<Item = (HistoryRole, String)> + '_ {
        self.transcript().map(|entry| {
            let role = match entry.speaker {
                Speaker::User => HistoryRole::User,
                Speaker::Assistant => HistoryRole::Assistant,
            };
            (role, entry.text)
        })
    }
}
