//! The user and the application: speaks, types, waits, interrupts, runs tools, mutes the microphone.

use std::collections::BTreeMap;

use crate::rng::Rng;
use crate::sound;

/// A turn of the user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Milliseconds of the microphone, from and to; a typed turn has none.
    pub(crate) speech: Option<(u64, u64)>,
    pub(crate) text: String,
    /// Answers that were heard.
    pub(crate) answers: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Idle {
        until: u64,
    },
    Speaking {
        id: u64,
        until: u64,
    },
    Waiting {
        id: u64,
        since: u64,
        again: u64,
    },
    /// Hears the answer, and interrupts at a time.
    Listening {
        interrupts: Option<u64>,
        until: u64,
    },
    Muted {
        until: u64,
    },
}

/// What the application does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Audio(Vec<u8>),
    Text(String),
    Mute,
    Unmute,
    Close,
}

#[derive(Debug)]
pub(crate) struct User {
    rng: Rng,
    mode: Mode,
    /// Milliseconds that the microphone has recorded.
    pub(crate) recorded: u64,
    /// Those of them that were muted.
    pub(crate) muted: Vec<(u64, u64)>,
    pub(crate) asked: BTreeMap<u64, Asked>,
    ends_at: u64,
    pub(crate) closed: bool,
    pub(crate) patience: u64,
}

impl User {
    pub(crate) fn new(mut rng: Rng) -> Self {
        let first = rng.between(0, 700);
        let ends_at = rng.between(8_000, 22_000);
        Self {
            rng,
            mode: Mode::Idle { until: first },
            recorded: 0,
            muted: Vec::new(),
            asked: BTreeMap::new(),
            ends_at,
            closed: false,
            patience: 20_000,
        }
    }

    /// When the user does something next.
    pub(crate) fn due(&self) -> Option<u64> {
        if self.closed {
            return None;
        }
        // The microphone gives 20 ms at a time, and longer pieces of mere silence.
        let step = match self.mode {
            Mode::Speaking { until, .. } => (self.recorded + 20).min(until),
            Mode::Idle { until } | Mode::Muted { until } => (self.recorded + 100).min(until),
            Mode::Waiting { again, .. } => (self.recorded + 100).min(again),
            Mode::Listening { interrupts, until } => (self.recorded + 100)
                .min(interrupts.unwrap_or(until))
                .min(until),
        };
        Some(step)
    }

    /// Time has come to `now`.
    pub(crate) fn act(&mut self, now: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.due().is_none_or(|due| now < due) {
            return acts;
        }
        let utterance = match self.mode {
            Mode::Speaking { id, .. } => Some(id),
            _ => None,
        };
        if now > self.recorded {
            let mut pcm = Vec::new();
            for at in self.recorded..now {
                sound::put(at, utterance, &mut pcm);
            }
            self.recorded = now;
            acts.push(Act::Audio(pcm));
        }
        match self.mode {
            Mode::Speaking { id, until } if now >= until => {
                if let Some((_, end)) = self
                    .asked
                    .get_mut(&id)
                    .and_then(|asked| asked.speech.as_mut())
                {
                    *end = until;
                }
                self.wait_for(id, now);
            }
            Mode::Waiting { id, since, again } if now >= again => {
                assert!(
                    now < since + self.patience,
                    "turn {id} waits since {since} ms: hung"
                );
                // "Hello?"
                if self.asked[&id].speech.is_some() {
                    self.speak(now);
                    if let Mode::Speaking { .. } = self.mode {
                        self.patience = self.patience.saturating_sub(4_000);
                    }
                } else {
                    self.mode = Mode::Waiting {
                        id,
                        since,
                        again: now + 4_000,
                    };
                }
            }
            Mode::Listening {
                interrupts: Some(at),
                ..
            } if now >= at => self.speak(now),
            Mode::Listening { until, .. } if now >= until => self.rest(now),
            Mode::Muted { until } if now >= until => {
                if let Some((_, end)) = self.muted.last_mut() {
                    *end = now;
                }
                acts.push(Act::Unmute);
                self.rest(now);
            }
            Mode::Idle { until } if now >= until => self.begin_something(now, &mut acts),
            _ => {}
        }
        acts
    }

    fn begin_something(&mut self, now: u64, acts: &mut Vec<Act>) {
        if now >= self.ends_at {
            self.closed = true;
            acts.push(Act::Close);
            return;
        }
        match self.rng.between(0, 100) {
            0..75 => self.speak(now),
            75..87 => {
                let id = self.new_turn(None);
                acts.push(Act::Text(self.asked[&id].text.clone()));
                self.wait_for(id, now);
            }
            87..93 => {
                let until = now + self.rng.between(100, 2_500);
                self.muted.push((now, u64::MAX));
                self.mode = Mode::Muted { until };
                acts.push(Act::Mute);
            }
            // A long silence.
            _ => {
                self.mode = Mode::Idle {
                    until: now + self.rng.between(1_000, 5_000),
                }
            }
        }
    }

    fn speak(&mut self, now: u64) {
        let until = now + self.rng.between(100, 1_400);
        let id = self.new_turn(Some((now, until)));
        self.mode = Mode::Speaking { id, until };
    }

    fn new_turn(&mut self, speech: Option<(u64, u64)>) -> u64 {
        let id = self.asked.len() as u64;
        let text = if speech.is_some() {
            format!("u{id}.")
        } else {
            format!("t{id}.")
        };
        self.asked.insert(
            id,
            Asked {
                speech,
                text,
                answers: Vec::new(),
            },
        );
        id
    }

    fn wait_for(&mut self, id: u64, now: u64) {
        self.mode = Mode::Waiting {
            id,
            since: now,
            again: now + 4_000,
        };
    }

    fn rest(&mut self, now: u64) {
        self.mode = Mode::Idle {
            until: now + self.rng.between(100, 2_500),
        };
    }

    /// Speech of answer `turn` to `text` is heard.
    pub(crate) fn hear(&mut self, now: u64, turn: u32, text: &str) {
        for (id, asked) in &mut self.asked {
            let tool = format!("-u{id} ");
            let meant = text.contains(&asked.text) || format!("{text} ").contains(&tool);
            if meant && !asked.answers.contains(&turn) {
                asked.answers.push(turn);
            }
        }
        if let Mode::Waiting { id, .. } = self.mode {
            if !self.asked[&id].answers.is_empty() {
                self.patience = 20_000;
                let interrupts = self
                    .rng
                    .percent(25)
                    .then(|| now + self.rng.between(20, 250));
                self.mode = Mode::Listening {
                    interrupts,
                    until: now + 900,
                };
            }
        }
    }
}
