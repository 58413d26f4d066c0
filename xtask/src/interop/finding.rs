//! What a check between two implementations found.

use std::fmt;

/// One check with one peer.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) peer: &'static str,
    pub(super) check: String,
    pub(super) verdict: Verdict,
}

/// How it went, with a few words for a person.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Passed(String),
    Failed(String),
    Skipped(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, words) = match &self.verdict {
            Verdict::Passed(words) => ("passed ", words),
            Verdict::Failed(words) => ("FAILED ", words),
            Verdict::Skipped(words) => ("skipped", words),
        };
        write!(f, "{verdict} {}: {}: {words}", self.peer, self.check)
    }
}
