//! What must be true of every session.

use nova_sonic::{Leg, Speaker};

use crate::sound::Tick;
use crate::user::Asked;
use crate::world::World;

/// Notes which milliseconds of the user went out.
pub(crate) fn count_sent(ticks: &[Tick], sent: &mut Vec<bool>) {
    for tick in ticks {
        if let Tick::User { at, .. } = tick {
            let at = usize::try_from(*at).unwrap();
            sent.resize(sent.len().max(at + 1), false);
            sent[at] = true;
        }
    }
}

pub(crate) fn judge(world: &World) {
    let outcome = world.outcome_name();
    assert!(
        outcome == "complete" || world.is_doomed() || world.broke_at_close,
        "ended {outcome}: {:?}",
        world.machine.outcome()
    );
    histories_are_exact(world);
    let could_go_on = outcome == "complete" || world.broke_at_close;
    every_turn_is_answered_once(world, could_go_on);
    if could_go_on {
        no_sample_is_lost(world);
        the_transcript_is_exact(world);
    }
}

/// All that was recorded while not muted went to some leg, but for what was counted as dropped.
fn no_sample_is_lost(world: &World) {
    let muted = |ms: u64| {
        world
            .user
            .muted
            .iter()
            .any(|(from, to)| (*from..*to).contains(&ms))
    };
    let recorded = (0..world.user.recorded).filter(|ms| !muted(*ms));
    let missing: Vec<_> = recorded
        .filter(|ms| {
            !world
                .sent_ms
                .get(usize::try_from(*ms).unwrap())
                .is_some_and(|sent| *sent)
        })
        .collect();
    assert_eq!(
        missing.len() as u64,
        world.dropped_ms,
        "lost, and not counted, between {:?} and {:?}",
        missing.first(),
        missing.last()
    );
}

/// The leg that gave this answer.
fn answered_by(world: &World, turn: u32) -> Option<Leg> {
    let mut entries = world.machine.session().transcript();
    let entry = entries.find(|entry| entry.turn.number() == turn);
    entry.map(|entry| entry.leg)
}

/// Whether some of its speech never went out.
fn was_dropped(world: &World, asked: &Asked) -> bool {
    let (from, to) = asked.speech.unwrap_or_default();
    let sent = |ms| world.sent_ms.get(usize::try_from(ms).unwrap());
    (from..to).any(|ms| sent(ms) != Some(&true))
}

/// Each turn of the user has one answer that was heard; one that was dropped in part has one at most, as has each where
/// there was no leg to be had any more.
fn every_turn_is_answered_once(world: &World, could_go_on: bool) {
    for (id, asked) in &world.user.asked {
        if !could_go_on || was_dropped(world, asked) {
            assert!(
                asked.answers.len() <= 1,
                "turn {id} was answered by {:?}",
                asked.answers
            );
            continue;
        }
        assert_eq!(
            asked.answers.len(),
            1,
            "turn {id} ({}) was answered by {:?}",
            asked.text,
            asked.answers
        );
    }
}

/// Each turn of the user stands in the transcript once, and what was spoken was heard from its first sound to its last.
fn the_transcript_is_exact(world: &World) {
    let entries: Vec<_> = world.machine.session().transcript().collect();
    let said = entries
        .iter()
        .filter(|entry| entry.speaker == Speaker::User);
    let words: Vec<_> = said.flat_map(|entry| entry.text.split(' ')).collect();
    for (id, asked) in &world.user.asked {
        if was_dropped(world, asked) {
            continue;
        }
        let found: Vec<_> = words
            .iter()
            .filter(|word| word.starts_with(&asked.text))
            .collect();
        assert_eq!(
            found.len(),
            1,
            "turn {id} stands in the transcript as {found:?}"
        );
        let Some((from, to)) = asked.speech else {
            continue;
        };
        let heard: Vec<u64> = found[0]
            .split('.')
            .skip(1)
            .map(|n| n.parse().unwrap())
            .collect();
        assert_eq!(
            heard,
            [from, to - 1, to - from],
            "turn {id} was heard in part"
        );
    }
}

/// No leg's history holds a turn twice, or one that the leg hears or is asked itself; all that had been answered is there.
fn histories_are_exact(world: &World) {
    for (at, service) in world.services.iter().enumerate() {
        let users: Vec<_> = service
            .history
            .iter()
            .filter(|(role, _)| role == "USER")
            .collect();
        let words: Vec<_> = users
            .iter()
            .flat_map(|(_, text)| text.split_whitespace())
            .collect();
        let leg = Leg(u32::try_from(at).unwrap());
        if !service.has_audio() {
            // It was lost before all of its history had come, and has heard nothing.
            assert!(service.has_said_nothing());
            continue;
        }
        let Some(known) = world.known.get(&leg) else {
            continue;
        };
        for text in known {
            let count = words.iter().filter(|word| word.starts_with(text)).count();
            assert_eq!(
                count, 1,
                "{text} stands {count} times in the history of leg {at}: {words:?}"
            );
        }
        let order: Vec<u64> = words
            .iter()
            .filter_map(|word| word.get(1..)?.split('.').next()?.parse().ok())
            .collect();
        assert!(order.is_sorted(), "leg {at}: {order:?}");
        for (id, asked) in &world.user.asked {
            // The result of a tool may reach the next leg, with the call in its history.
            if asked.speech.is_some() && id % 6 == 3 {
                continue;
            }
            let known = words.iter().any(|word| word.starts_with(&asked.text));
            let here = asked
                .answers
                .iter()
                .any(|turn| answered_by(world, *turn) >= Some(leg));
            assert!(
                !(known && here),
                "{} is in the history of leg {at}, which answers it",
                asked.text
            );
        }
        for (role, text) in &service.history {
            let answers = text.contains("answer");
            assert_eq!(answers, role == "ASSISTANT", "{role}: {text}");
        }
    }
}
