//! What came of a check.

use std::time::Duration;

use h2_duplex::Stats;
use serde_json::{Value, json};

/// One line of output.
#[derive(Default)]
pub(crate) struct Report {
    /// Whether all was as it should be with a server that does nothing wrong.
    pub(crate) ok: bool,
    pub(crate) detail: String,
    /// The status of the response head, if one came.
    pub(crate) status: Option<u16>,
    /// How the call ended for the transport.
    pub(crate) transport: Option<String>,
    /// What the client made of it: `complete`, `incomplete`, `failed`.
    pub(crate) outcome: Option<&'static str>,
    /// The transport's figures.
    pub(crate) stats: Option<Stats>,
}

impl Report {
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..Self::default()
        }
    }

    /// Passed if `wrong` says nothing, else failed with what it says.
    pub(crate) fn judged(wrong: Option<String>, right: impl Into<String>) -> Self {
        match wrong {
            Some(wrong) => Self::failed(wrong),
            None => Self {
                ok: true,
                detail: right.into(),
                ..Self::default()
            },
        }
    }

    pub(crate) fn to_json(&self, took: Duration) -> Value {
        json!({
            "ok": self.ok,
            "detail": self.detail,
            "status": self.status,
            "transport": self.transport,
            "outcome": self.outcome,
            "stalled_ms": self.stats.map(|stats| stats.stalled.as_millis()),
            "took_ms": took.as_millis(),
        })
    }
}
