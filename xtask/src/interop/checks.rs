//! What an SDK is put through; each program under xtask/peers knows these names.

/// A check, and what the server does wrong in it (`bedrock serve --list-faults`).
#[derive(PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) faults: &'static [&'static str],
}

/// A whole session: a question, its answer, the orderly end.
pub(super) const SPOKEN: &str = "spoken session";

/// The duplex operation.
pub(super) const DUPLEX: &[Check] = &[
    Check {
        name: SPOKEN,
        faults: &[],
    },
    Check {
        name: "exception in the stream",
        faults: &[],
    },
    Check {
        name: "wrong secret",
        faults: &[],
    },
    Check {
        name: "spoken session, reset",
        faults: &["reset-internal@3"],
    },
    Check {
        name: "spoken session, closed",
        faults: &["cut@3"],
    },
    Check {
        name: "spoken session, cut",
        faults: &["cut-mid-frame@3"],
    },
];

/// Converse and InvokeModel, at once and as streams.
pub(super) const ONE_WAY: &[Check] = &[
    Check {
        name: "converse",
        faults: &[],
    },
    Check {
        name: "converse stream",
        faults: &[],
    },
    Check {
        name: "invoke",
        faults: &[],
    },
    Check {
        name: "invoke stream",
        faults: &[],
    },
    Check {
        name: "converse stream, exception",
        faults: &["exception-throttling@3"],
    },
    Check {
        name: "converse, HTTP 400",
        faults: &["http-error@400"],
    },
    Check {
        name: "converse, HTTP 503 once",
        faults: &["http-error@503*1"],
    },
];

/// Voice frameworks: a question, a tool, an answer that is interrupted, a last answer (fixtures/scenarios/judges.json).
pub(super) const CONVERSATION: &[Check] = &[
    Check {
        name: "conversation",
        faults: &[],
    },
    Check {
        name: "conversation, wrong secret",
        faults: &[],
    },
    Check {
        name: "conversation, exception",
        faults: &["exception-throttling@6"],
    },
    Check {
        name: "conversation, reset",
        faults: &["reset-internal@6"],
    },
    Check {
        name: "conversation, cut",
        faults: &["cut-mid-frame@6"],
    },
    Check {
        name: "conversation, early end",
        faults: &["end-early@6"],
    },
    Check {
        name: "conversation, unknown event",
        faults: &["unknown-event@6"],
    },
];

/// Programs that stream a Converse answer: thoughts, text, a tool, usage (the same scenario).
pub(super) const ANSWER: &[Check] = &[
    Check {
        name: "answer",
        faults: &[],
    },
    Check {
        name: "answer, exception",
        faults: &["exception-throttling@5"],
    },
    Check {
        name: "answer, cut",
        faults: &["cut-mid-frame@5"],
    },
    Check {
        name: "answer, early end",
        faults: &["no-message-stop"],
    },
    Check {
        name: "answer, unknown event",
        faults: &["unknown-event@2"],
    },
    Check {
        name: "answer, HTTP 400",
        faults: &["http-error@400"],
    },
    Check {
        name: "answer, HTTP 503 once",
        faults: &["http-error@503*1"],
    },
];
