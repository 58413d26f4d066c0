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
    /// It failed, as it is known to, for this reason of the peer's.
    Known(String),
}

impl Verdict {
    /// The same where a failure is known: that is then no news, but its absence is, if it fails `always`.
    pub(super) fn in_view_of(self, reason: &str, always: bool) -> Self {
        match self {
            Self::Failed(_) => Self::Known(reason.to_owned()),
            Self::Passed(words) if always => {
                Self::Failed(format!("known to fail, but it did not: {words}"))
            }
            verdict => verdict,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, words) = match &self.verdict {
            Verdict::Passed(words) => ("passed ", words),
            Verdict::Failed(words) => ("FAILED ", words),
            Verdict::Skipped(words) => ("skipped", words),
            Verdict::Known(words) => ("known  ", words),
        };
        write!(f, "{verdict} {}: {}: {words}", self.peer, self.check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_failure_that_is_gone_is_news() {
        let failed = || Verdict::Failed("no".to_owned());
        let passed = || Verdict::Passed("yes".to_owned());
        assert!(matches!(failed().in_view_of("why", true), Verdict::Known(why) if why == "why"));
        assert!(matches!(
            passed().in_view_of("why", true),
            Verdict::Failed(_)
        ));
        assert!(matches!(
            failed().in_view_of("why", false),
            Verdict::Known(_)
        ));
        assert!(matches!(
            passed().in_view_of("why", false),
            Verdict::Passed(_)
        ));
    }
}
