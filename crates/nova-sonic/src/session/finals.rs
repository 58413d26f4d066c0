//! Final texts and the planned texts they confirm. Both have content ids of their own; only their order joins them.

use crate::session::event::{Leg, SessionEvent, TextStage, TurnId};
use crate::session::turn::Turn;

/// A planned text: its turn and its block in it.
type Place = (TurnId, usize);

/// Finds what a final text confirms, and takes for said what stood before it: final texts come in order, so theirs will
/// not come any more. `None` where nothing planned is left.
pub(super) fn confirm(
    turns: &mut [Turn],
    leg: Leg,
    text: &str,
    sink: &mut impl FnMut(SessionEvent),
) -> Option<Place> {
    let open = open_places(turns, leg);
    let planned = |place: &Place| block_text(turns, *place).trim();
    // The same text; else a text that an interruption has shortened; else simply the next in order.
    let found = open
        .iter()
        .position(|place| planned(place) == text.trim())
        .or_else(|| {
            open.iter()
                .position(|place| planned(place).starts_with(text.trim()))
        })
        .or(if open.is_empty() { None } else { Some(0) })?;
    for place in open.iter().take(found) {
        promote(turns, *place, sink);
    }
    let place = *open.get(found)?;
    let block = turns.get_mut(place.0.index())?.blocks.get_mut(place.1)?;
    block.spoken = Some(text.trim().to_owned());
    Some(place)
}

/// The oldest answer of this leg whose final texts have not all come.
pub(super) fn oldest_open(turns: &[Turn], leg: Leg) -> Option<TurnId> {
    open_places(turns, leg).first().map(|(turn, _)| *turn)
}

/// No more final texts are expected for this answer: what was planned and not cut off is taken for said.
pub(super) fn settle(turns: &mut [Turn], id: TurnId, sink: &mut impl FnMut(SessionEvent)) {
    let Some(turn) = turns.get_mut(id.index()) else {
        return;
    };
    let (was_settled, cut) = (turn.settled, turn.interrupted);
    turn.settled = true;
    if was_settled || cut {
        return;
    }
    let blocks = turn.blocks.len();
    for block in 0..blocks {
        promote(turns, (id, block), sink);
    }
}

/// Whether a final text only repeats what was taken for said before it came.
pub(super) fn is_known(turns: &[Turn], leg: Leg, text: &str) -> bool {
    const LOOKED_BACK: usize = 8;
    let answers = turns
        .iter()
        .rev()
        .filter(|turn| turn.leg == leg && turn.is_answer());
    answers
        .take(LOOKED_BACK)
        .flat_map(|turn| &turn.blocks)
        .any(|block| block.spoken.as_deref() == Some(text.trim()))
}

fn open_places(turns: &[Turn], leg: Leg) -> Vec<Place> {
    let mut places = Vec::new();
    for (at, turn) in (0u32..).zip(turns) {
        if turn.leg != leg || !turn.is_answer() || turn.settled {
            continue;
        }
        let open = turn
            .blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| block.is_open());
        places.extend(open.map(|(block, _)| (TurnId(at), block)));
    }
    places
}

fn block_text(turns: &[Turn], (turn, block): Place) -> &str {
    turns
        .get(turn.index())
        .and_then(|turn| turn.blocks.get(block))
        .map_or("", |block| block.planned.as_str())
}

fn promote(turns: &mut [Turn], (id, block): Place, sink: &mut impl FnMut(SessionEvent)) {
    let Some(turn) = turns.get_mut(id.index()) else {
        return;
    };
    let cut = turn.interrupted;
    let Some(found) = turn.blocks.get_mut(block) else {
        return;
    };
    if cut || !found.is_open() {
        return;
    }
    found.spoken = Some(found.planned.trim().to_owned());
    sink(SessionEvent::AssistantText {
        turn: id,
        block,
        text: found.planned.clone(),
        stage: TextStage::Promoted,
    });
}
