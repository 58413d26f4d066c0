//! Nova Sonic sessions: no order of events is too much, and what `strict` takes is taken without it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::ids::Ids;
use crate::sonic::{Limits, Pace, Quirks, Session, Settings};

/// What passes between two events, and what an empty line stands for.
const STEP: Duration = Duration::from_millis(40);
const PAUSE: Duration = Duration::from_secs(10);
/// Events that one input event can lead to at most: an echo's pieces, and what stands around them.
const MOST_ANSWERS: usize = 20_000;

/// The first line is the model's id, every other one an event as JSON; an empty one is a pause.
pub fn grammar(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let model = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let start = Instant::now();
    let lenient = session(&model, false, start);
    let strict = session(&model, true, start);
    let events: Vec<_> = lines.take(64).collect();
    let taken = play(lenient, &events, start);
    assert!(play(strict, &events, start) <= taken, "strict takes more");
}

fn session(model: &str, strict: bool, now: Instant) -> Session {
    let settings = Settings {
        strict,
        limits: Limits::default(),
        pace: Pace {
            latency: Duration::ZERO,
            speed: 4.0,
        },
        scenario: None,
    };
    Session::new(model, &settings, Quirks::default(), Ids::seeded(1), now)
}

/// Plays the events until one is refused, and says how many were not.
fn play(mut session: Session, events: &[&[u8]], start: Instant) -> usize {
    let mut now = start;
    for (index, event) in events.iter().enumerate() {
        if event.is_empty() {
            now += PAUSE;
        } else if let Err(error) = session.on_event(now, event) {
            assert!(!error.message.is_empty());
            return index;
        }
        now += STEP;
        assert!(session.deadline() <= start + Limits::default().session);
        if session.on_timer(now).is_err() {
            return index;
        }
        let answers = session.take_events();
        assert!(answers.len() <= MOST_ANSWERS, "{} answers", answers.len());
        for answer in answers {
            let event = answer.get("event").and_then(Value::as_object);
            assert_eq!(event.map(serde_json::Map::len), Some(1), "{answer}");
        }
        let _ = session.take_warnings();
    }
    events.len() + usize::from(session.on_input_end().is_ok())
}
