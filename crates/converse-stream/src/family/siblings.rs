//! Members that Bedrock adds to any family's chunk, beside the family's own: counts and times, what a guardrail did.

use serde_json::value::RawValue;

use super::fields::Fields;
use super::telling::{Telling, string};
use crate::error::StreamError;
use crate::event::Event;
use crate::event::metadata::Metadata;
use crate::event::stop::{MessageStop, StopReason};
use crate::event::usage::Usage;
use crate::json::Json;

const METRICS: &str = "amazon-bedrock-invocationMetrics";
const ACTION: &str = "amazon-bedrock-guardrailAction";
const TRACE: &str = "amazon-bedrock-trace";

/// What stood beside a family's members in one chunk.
#[derive(Debug, Default)]
pub(super) struct Siblings<'a> {
    metrics: Option<&'a RawValue>,
    action: Option<String>,
    trace: Option<&'a RawValue>,
}

impl<'a> Siblings<'a> {
    pub(super) fn take(chunk: &mut Fields<'a>) -> Self {
        Self {
            metrics: chunk.take(METRICS),
            action: chunk.word(ACTION),
            trace: chunk.take(TRACE),
        }
    }

    /// Tells them, after the family's members of the same chunk: its own counts are better (Claude's differ from the
    /// metrics), so the metrics fill in what it has not counted.
    pub(super) fn tell<S: FnMut(Event)>(self, to: &mut Telling<'_, S>) -> Result<(), StreamError> {
        let last = self.metrics.is_some() || self.trace.is_some();
        if self.intervened() && last && !to.has_stopped() {
            to.stop(MessageStop::new(StopReason::GuardrailIntervened))?;
        }
        if let Some(metrics) = self.metrics {
            tell_metrics(metrics, to);
        }
        if let Some(action) = self.action {
            to.describe(ACTION, Some(string(&action)));
        }
        if let Some(trace) = self.trace {
            tell_trace(trace, to);
        }
        Ok(())
    }

    /// Whether a guardrail has stepped in.
    pub(super) fn intervened(&self) -> bool {
        self.action.as_deref() == Some("INTERVENED")
    }
}

fn tell_metrics<S: FnMut(Event)>(raw: &RawValue, to: &mut Telling<'_, S>) {
    to.describe(METRICS, Some(raw.into()));
    let Ok(mut metrics) = Fields::read(raw.get()) else {
        return;
    };
    let had = to.counted();
    let mut missing = |had: Option<u64>, name| metrics.count(name).filter(|_| had.is_none());
    let usage = Usage {
        input_tokens: missing(had.input_tokens, "inputTokenCount"),
        output_tokens: missing(had.output_tokens, "outputTokenCount"),
        cache_read_input_tokens: missing(had.cache_read_input_tokens, "cacheReadInputTokenCount"),
        cache_write_input_tokens: missing(
            had.cache_write_input_tokens,
            "cacheWriteInputTokenCount",
        ),
        ..Usage::default()
    };
    to.metadata(Metadata {
        latency_ms: metrics.count("invocationLatency"),
        usage: (usage != Usage::default()).then_some(usage),
        ..Metadata::default()
    });
}

fn tell_trace<S: FnMut(Event)>(raw: &RawValue, to: &mut Telling<'_, S>) {
    let Ok(mut trace) = Fields::read(raw.get()) else {
        return to.describe(TRACE, Some(raw.into()));
    };
    to.metadata(Metadata {
        guardrail: trace.json("guardrail").map(Into::into),
        ..Metadata::default()
    });
    if !trace.is_empty() {
        to.describe(TRACE, Some(Json::from(raw)));
    }
}
