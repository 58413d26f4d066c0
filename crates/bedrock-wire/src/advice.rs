//! What to do about a service error, by a table.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::{ServiceError, ServiceErrorKind as Kind};

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// The same request will fail again: change it, or the account.
    Never,
    /// Send the request again at once.
    Now,
    /// Send the request again, not before this time has passed; longer with each attempt.
    After(Duration),
    /// This session is lost; open a new one and carry the history over.
    NewSession,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("do not retry"),
            Self::Now => f.write_str("retry now"),
            Self::After(wait) => write!(f, "retry after {wait:?}"),
            Self::NewSession => f.write_str("open a new session"),
        }
    }
}

/// A line of an [`AdviceTable`]: errors of this kind whose message holds this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdviceRule {
    /// The kind that the rule is for; any, where `None`.
    pub kind: Option<Kind>,
    /// Text that the message must hold, in ASCII letters of any case; anything, where empty.
    pub text: &'static str,
    /// What to do.
    pub advice: Advice,
}

impl AdviceRule {
    /// A rule for all errors of a kind.
    #[must_use]
    pub const fn kind(kind: Kind, advice: Advice) -> Self {
        Self {
            kind: Some(kind),
            text: "",
            advice,
        }
    }

    /// A rule for messages that hold `text`, whatever the kind: the service dresses many faults as `ValidationException`.
    #[must_use]
    pub const fn text(text: &'static str, advice: Advice) -> Self {
        Self {
            kind: None,
            text,
            advice,
        }
    }

    fn matches(&self, error: &ServiceError) -> bool {
        self.kind.is_none_or(|kind| kind == error.kind())
            && contains_ignoring_case(error.message(), self.text)
    }
}

/// Rules in order; the first that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceTable {
    rules: Cow<'static, [AdviceRule]>,
}

impl AdviceTable {
    /// The rules for single requests (ConverseStream, InvokeModel). Waits are first waits; back off from there.
    pub const REQUESTS: Self = Self::from_static(&[
        AdviceRule::kind(Kind::Throttling, Advice::After(Duration::from_secs(1))),
        AdviceRule::kind(Kind::ModelNotReady, Advice::After(Duration::from_secs(1))),
        AdviceRule::kind(
            Kind::ServiceUnavailable,
            Advice::After(Duration::from_secs(1)),
        ),
        AdviceRule::kind(
            Kind::InternalServer,
            Advice::After(Duration::from_millis(500)),
        ),
        AdviceRule::kind(
            Kind::ModelStreamError,
            Advice::After(Duration::from_millis(500)),
        ),
        AdviceRule::kind(Kind::ModelTimeout, Advice::Now),
    ]);

    /// A table of constant rules.
    #[must_use]
    pub const fn from_static(rules: &'static [AdviceRule]) -> Self {
        Self {
            rules: Cow::Borrowed(rules),
        }
    }

    /// The same table with `first` asked before it.
    #[must_use]
    pub fn overridden_by(&self, first: impl IntoIterator<Item = AdviceRule>) -> Self {
        Self {
            rules: first
                .into_iter()
                .chain(self.rules.iter().copied())
                .collect(),
        }
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[AdviceRule] {
        &self.rules
    }

    /// What the first rule that matches says; `None` where none does.
    ///
    /// A wait that the service itself asked for stands in for the table's. A `ModelErrorException` is judged by the
    /// model's own status (429 or 5xx: again later).
    #[must_use]
    pub fn advise(&self, error: &ServiceError) -> Option<Advice> {
        let advice = self
            .rules
            .iter()
            .find(|rule| rule.matches(error))
            .map(|rule| rule.advice);
        match (advice, error.retry_after()) {
            (Some(Advice::After(_)), Some(wait)) => Some(Advice::After(wait)),
            (None, _) if error.kind() == Kind::ModelError => {
                let retriable = matches!(error.original_status(), Some(429 | 500..=599));
                retriable.then_some(Advice::After(Duration::from_secs(1)))
            }
            (advice, _) => advice,
        }
    }
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    part.is_empty()
        || text
            .as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ServiceError {
        ServiceError::new(code, message)
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let table = AdviceTable::REQUESTS
            .overridden_by([AdviceRule::text("INSTABILITY detected", Advice::NewSession)]);
        let dressed = error("ValidationException", "System instability detected. Retry.");
        assert_eq!(table.advise(&dressed), Some(Advice::NewSession));
        assert_eq!(AdviceTable::REQUESTS.advise(&dressed), None);
        assert_eq!(
            table.advise(&error("throttlingException", "")),
            Some(Advice::After(Duration::from_secs(1)))
        );
    }

    #[test]
    fn a_fault_of_the_request_is_not_retried() {
        for code in [
            "ValidationException",
            "AccessDeniedException",
            "Whatever",
            "",
        ] {
            assert_eq!(error(code, "x").advice(), Advice::Never, "{code}");
        }
    }
}
