//! What is played through each box: calls that go well, and every way in which the server can end one.

use serde_json::{Value, json};

use super::super::probe::Answer;

/// A server that does something wrong, or nothing, and what is played against it.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    /// `bedrock serve --list-faults`.
    pub(super) faults: &'static [&'static str],
    pub(super) plays: &'static [Play],
    /// The longest silence that the client bears, where the server may fall silent for good.
    pub(super) silence_seconds: Option<u64>,
}

/// One check of the probe's.
pub(super) struct Play {
    pub(super) name: &'static str,
    check: &'static str,
    /// Whether it must go as if nobody stood between; else it must not be taken for complete.
    whole: bool,
}

const fn whole(name: &'static str, check: &'static str) -> Play {
    let whole = true;
    Play { name, check, whole }
}

const fn broken(name: &'static str, check: &'static str) -> Play {
    let whole = false;
    Play { name, check, whole }
}

/// Faults strike at the third frame of the answer.
pub(super) const ALL: &[Ending] = &[
    Ending {
        faults: &[],
        plays: &[
            whole("1,000 events up while 1,000 come down", "session"),
            whole("early 403", "session-refused"),
            whole("wrong secret", "session-wrong-secret"),
            whole("converse stream", "converse"),
        ],
        silence_seconds: None,
    },
    Ending {
        faults: &["answer-after-end"],
        plays: &[whole("half-close", "session-half-close")],
        silence_seconds: None,
    },
    Ending {
        faults: &["goaway-above@3"],
        plays: &[whole("GOAWAY that covers the call", "session")],
        silence_seconds: None,
    },
    Ending {
        faults: &["goaway-below@3"],
        plays: &[broken("GOAWAY that does not", "session")],
        silence_seconds: Some(3),
    },
    Ending {
        faults: &["reset-no-error@3"],
        plays: &[
            broken("RST_STREAM(NO_ERROR)", "session"),
            broken("RST_STREAM(NO_ERROR), converse", "converse"),
        ],
        silence_seconds: None,
    },
    Ending {
        faults: &["reset-cancel@3"],
        plays: &[
            broken("RST_STREAM(CANCEL)", "session"),
            broken("RST_STREAM(CANCEL), converse", "converse"),
        ],
        silence_seconds: None,
    },
    Ending {
        faults: &["reset-internal@3"],
        plays: &[
            broken("RST_STREAM(INTERNAL_ERROR)", "session"),
            broken("RST_STREAM(INTERNAL_ERROR), converse", "converse"),
        ],
        silence_seconds: None,
    },
    Ending {
        faults: &["reset-refused"],
        plays: &[broken(
            "RST_STREAM(REFUSED_STREAM) before the head",
            "session",
        )],
        silence_seconds: None,
    },
    Ending {
        faults: &["cut@3"],
        plays: &[
            broken("connection cut", "session"),
            broken("connection cut, converse", "converse"),
        ],
        silence_seconds: None,
    },
    Ending {
        faults: &["end-early@3"],
        plays: &[
            broken("END_STREAM too early", "session"),
            broken("END_STREAM too early, converse", "converse"),
        ],
        silence_seconds: None,
    },
];

impl Ending {
    /// The probe's names.
    pub(super) fn checks(&self) -> Vec<Value> {
        self.plays.iter().map(|play| json!(play.check)).collect()
    }
}

impl Play {
    /// What must not be, whatever is written down.
    pub(super) fn wrong(&self, answer: &Answer) -> Option<String> {
        if self.whole {
            return (!answer.ok).then(|| answer.detail.clone());
        }
        let outcome = answer.outcome.as_deref();
        match outcome {
            Some("incomplete" | "failed") => None,
            other => Some(format!("the outcome is {other:?}: {}", answer.detail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(ok: bool, outcome: &str) -> Answer {
        Answer {
            ok,
            detail: "why".to_owned(),
            status: Some(200),
            transport: Some("END_STREAM".to_owned()),
            outcome: Some(outcome.to_owned()),
            stalled_ms: None,
            took_ms: None,
        }
    }

    #[test]
    fn a_broken_call_that_is_taken_for_complete_is_wrong() {
        let play = broken("reset", "session");
        assert!(play.wrong(&answer(true, "complete")).is_some());
        assert!(play.wrong(&answer(false, "no outcome")).is_some());
        assert_eq!(play.wrong(&answer(false, "incomplete")), None);
        assert_eq!(play.wrong(&answer(false, "failed")), None);
    }

    #[test]
    fn a_whole_call_must_be_whole() {
        let play = whole("session", "session");
        assert_eq!(play.wrong(&answer(true, "complete")), None);
        assert_eq!(play.wrong(&answer(false, "failed")).as_deref(), Some("why"));
    }
}
