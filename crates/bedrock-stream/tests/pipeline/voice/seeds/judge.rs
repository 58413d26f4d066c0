//! What must be true of every conversation, by what the services heard.

use std::collections::BTreeSet;

use bedrock_loopback::Notice;
use nova_sonic::Speaker;

use super::scene::Asked;
use super::session::Session;

pub(super) fn judge(session: &Session) {
    nothing_is_against_the_protocol(session);
    let (outcome, error) = &session.outcome;
    if *outcome != "complete" {
        assert!(session.services.is_doomed(), "ended {outcome}: {error}");
        return;
    }
    no_sample_is_lost(session);
    every_turn_is_answered_once(session);
    every_turn_is_in_the_transcript_once(session);
    histories_are_exact(session);
    no_leg_outlives_its_key(session);
}

/// The loopback, at its strictest, had nothing to say of what it was sent.
fn nothing_is_against_the_protocol(session: &Session) {
    for (leg, service) in session.services.legs().iter().enumerate() {
        for notice in service.notices.lock().unwrap().iter() {
            let fault = match notice {
                Notice::Warning { .. } => true,
                // A key that expires on purpose is a signature that is refused.
                Notice::Refused { .. } => !service.fate.contains("expire"),
                Notice::Failed { error, .. } => {
                    let text = error.to_string();
                    service.fate.is_empty()
                        && !text.contains("timed out")
                        && !text.contains("InternalErrorCode=53")
                }
                _ => false,
            };
            assert!(!fault, "leg {leg} ({:?}): {notice}", service.fate);
        }
    }
}

/// All that was recorded while the microphone was on arrived somewhere, but for what was counted as dropped.
fn no_sample_is_lost(session: &Session) {
    let scene = &session.scene;
    let legs = session.services.legs();
    let mut arrived = BTreeSet::new();
    for service in legs.iter() {
        let heard = service.heard.lock().unwrap();
        arrived.extend(heard.ticks.iter().map(|tick| tick.at));
    }
    let silent = |ms: u64| {
        scene
            .silent
            .iter()
            .any(|(from, to)| (*from..*to).contains(&ms))
    };
    let recorded = (0..scene.recorded).filter(|ms| !silent(*ms));
    let missing: Vec<_> = recorded.filter(|ms| !arrived.contains(ms)).collect();
    let speech = |ms: &&u64| {
        let of = |asked: &Asked| {
            asked
                .speech
                .is_some_and(|(from, to)| (from..to).contains(ms))
        };
        scene.asked.iter().any(of)
    };
    let words = missing.iter().filter(speech).count() as u64;
    assert!(
        words <= scene.dropped_ms,
        "{words} ms of speech are lost, {} are counted, between {:?} and {:?}",
        scene.dropped_ms,
        missing.first(),
        missing.last()
    );
    // What a leg was sent that broke before it arrived may be silence that nobody repeats; there is no more of it than pipes hold.
    let broken = legs
        .iter()
        .filter(|service| !service.fate.is_empty())
        .count() as u64;
    assert!(
        missing.len() as u64 <= scene.dropped_ms + broken * 2_500,
        "{} ms are lost, {} are counted, between {:?} and {:?}",
        missing.len(),
        scene.dropped_ms,
        missing.first(),
        missing.last()
    );
}

/// Each turn of the user has one answer; one that came to its end holds every word.
fn every_turn_is_answered_once(session: &Session) {
    let scene = &session.scene;
    for (id, asked) in scene.asked.iter().enumerate() {
        assert_eq!(asked.answers.len(), 1, "turn {id}: {asked:?}");
        let whole = asked.answers.iter().all(|turn| scene.whole.contains(turn));
        let Some((from, to)) = asked.speech else {
            continue;
        };
        if whole && !asked.echoed.is_empty() && scene.dropped_ms == 0 {
            let lost: Vec<_> = (from..to).filter(|ms| !asked.echoed.contains(ms)).collect();
            assert!(
                lost.is_empty(),
                "turn {id} was heard without {} ms from {}",
                lost.len(),
                lost[0]
            );
        }
    }
}

fn every_turn_is_in_the_transcript_once(session: &Session) {
    let said: Vec<_> = session
        .transcript
        .iter()
        .filter(|entry| entry.speaker == Speaker::User)
        .map(|entry| entry.text.as_str())
        .collect();
    for (id, asked) in session.scene.asked.iter().enumerate() {
        let count = said
            .iter()
            .map(|text| text.matches(&asked.text).count())
            .sum::<usize>();
        assert_eq!(count, 1, "turn {id} ({}) in {said:?}", asked.text);
    }
}

/// A leg is told once of all that had been answered before it took over, in order, and of nothing that it answers itself.
fn histories_are_exact(session: &Session) {
    let scene = &session.scene;
    let legs = session.services.legs();
    for (leg, known) in &scene.known {
        let heard = legs[usize::try_from(*leg).unwrap()].heard.lock().unwrap();
        let users = heard.history.iter().filter(|(role, _)| role == "USER");
        let users: Vec<_> = users.map(|(_, text)| text.as_str()).collect();
        let told = users.join("\n");
        let mut last = 0;
        for id in known {
            let text = &scene.asked[*id].text;
            assert_eq!(
                told.matches(text.as_str()).count(),
                1,
                "turn {id} ({text}) in the history of leg {leg}: {told:?}"
            );
            let at = told.find(text.as_str()).unwrap();
            assert!(
                at >= last,
                "leg {leg}: turn {id} is out of order in {told:?}"
            );
            last = at;
        }
        for (role, text) in &heard.history {
            let answers = text.contains("I heard") || text.contains("I read");
            assert_eq!(answers, role == "ASSISTANT", "{role}: {text}");
        }
    }
    for (id, asked) in scene.asked.iter().enumerate() {
        // The result of a tool may reach a leg that has the call in its history.
        let Some(answer) = asked.answers.first().filter(|_| !asked.called) else {
            continue;
        };
        let entry = session
            .transcript
            .iter()
            .find(|entry| entry.turn.number() == *answer);
        let Some(entry) = entry else { continue };
        let heard = legs[usize::try_from(entry.leg.0).unwrap()]
            .heard
            .lock()
            .unwrap();
        let told = heard
            .history
            .iter()
            .any(|(role, text)| role == "USER" && text.contains(&asked.text));
        assert!(
            !told,
            "turn {id} is in the history of leg {}, which answers it",
            entry.leg.0
        );
    }
}

fn no_leg_outlives_its_key(session: &Session) {
    for (leg, service) in session.services.legs().iter().enumerate() {
        let last = service.heard.lock().unwrap().last;
        if let (Some(last), Some(expires)) = (last, service.expires) {
            assert!(last < expires, "leg {leg} was used with an expired key");
        }
    }
}
