//! What comes after the message: tokens, latency, guardrail, tier.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::guardrail::GuardrailTrace;
use crate::event::usage::Usage;
use crate::json::{Json, Members};
use crate::number::integer;
use crate::payload::{self, Malformed};
use crate::request::config::{Latency, ServiceTierType};

/// The stream's last event. Every part is optional: none is invented where the service sent none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Tokens.
    pub usage: Option<Usage>,
    /// Milliseconds that the service took.
    pub latency_ms: Option<u64>,
    /// What the guardrail found.
    pub guardrail: Option<GuardrailTrace>,
    /// The model that a prompt router chose.
    pub invoked_model_id: Option<String>,
    /// How fast the model answered.
    pub latency: Option<Latency>,
    /// With which precedence the request was served.
    pub service_tier: Option<ServiceTierType>,
    /// What this version does not know, under the member that it stands in (`trace`: `{"later": …}`).
    pub other: Members,
}

impl Metadata {
    /// Metadata with usage and nothing else.
    #[must_use]
    pub fn with_usage(usage: Usage) -> Self {
        Self {
            usage: Some(usage),
            ..Self::default()
        }
    }

    /// Takes a later event in: what it has replaces, what it lacks erases nothing.
    pub fn merge(&mut self, later: Self) {
        match (&mut self.usage, later.usage) {
            (Some(had), Some(usage)) => had.merge(usage),
            (had, usage) => merge(had, usage),
        }
        merge(&mut self.latency_ms, later.latency_ms);
        merge(&mut self.guardrail, later.guardrail);
        merge(&mut self.invoked_model_id, later.invoked_model_id);
        merge(&mut self.latency, later.latency);
        merge(&mut self.service_tier, later.service_tier);
        self.other.merge(later.other);
    }

    pub(crate) fn read(json: &str) -> Result<Self, Malformed> {
        let mut read = Self::default();
        let mut nested = Members::default();
        let other = payload::leftover(json, |name, value| {
            let rest = match name {
                "p" => return true,
                "usage" => return set(&mut read.usage, Usage::read(value).ok()),
                "metrics" => payload::leftover(value.get(), |name, value| {
                    name == "latencyMs" && set(&mut read.latency_ms, integer(value.get()))
                }),
                "trace" => payload::leftover(value.get(), |name, value| match name {
                    "guardrail" => set(&mut read.guardrail, Some(Json::from(value).into())),
                    "promptRouter" => set(&mut read.invoked_model_id, router(value)),
                    _ => false,
                }),
                "performanceConfig" => payload::leftover(value.get(), |name, value| {
                    name == "latency" && set(&mut read.latency, open(value))
                }),
                "serviceTier" => payload::leftover(value.get(), |name, value| {
                    name == "type" && set(&mut read.service_tier, open(value))
                }),
                _ => return false,
            };
            match rest {
                Ok(rest) if rest.is_empty() => true,
                Ok(rest) => {
                    nested.set(name, rest.to_json());
                    true
                }
                Err(_) => false,
            }
        })?;
        read.other = other;
        read.other.merge(nested);
        Ok(read)
    }

    pub(crate) fn to_members(&self) -> Members {
        let mut json = Members::default();
        if let Some(usage) = &self.usage {
            json.set("usage", usage.to_members().to_json());
        }
        let mut put = |outer, inner, value: Option<Json>| {
            if let Some(value) = value {
                let mut object = Members::default();
                object.set(inner, value);
                json.add(outer, object);
            }
        };
        let text = |text: &str| Json::from(Value::from(text));
        put(
            "metrics",
            "latencyMs",
            self.latency_ms.map(|ms| Value::from(ms).into()),
        );
        put(
            "trace",
            "guardrail",
            self.guardrail.as_ref().map(|trace| trace.json().clone()),
        );
        let router = |id: &String| serde_json::json!({ "invokedModelId": id }).into();
        put(
            "trace",
            "promptRouter",
            self.invoked_model_id.as_ref().map(router),
        );
        let latency = self.latency.as_ref().map(Latency::as_str).map(text);
        put("performanceConfig", "latency", latency);
        let tier = self.service_tier.as_ref().map(ServiceTierType::as_str);
        put("serviceTier", "type", tier.map(text));
        for (name, rest) in self.other.iter() {
            match payload::leftover(rest.as_str(), |_, _| false) {
                Ok(rest) => json.add(name, rest),
                Err(_) => json.set(name, rest.clone()),
            }
        }
        json
    }
}

impl Serialize for Metadata {
    /// As the service writes it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_members().serialize(serializer)
    }
}

/// The model's id, where the router's trace holds nothing else; what is not known is kept raw.
fn router(json: &RawValue) -> Option<String> {
    let mut id = None;
    let rest = payload::leftover(json.get(), |name, value| {
        name == "invokedModelId" && set(&mut id, payload::text(value).ok())
    });
    id.filter(|_| rest.is_ok_and(|rest| rest.is_empty()))
}

/// Sets `slot` where there is a value, and says whether there was.
pub(crate) fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    if found {
        *slot = value;
    }
    found
}

pub(crate) fn merge<T>(slot: &mut Option<T>, later: Option<T>) {
    set(slot, later);
}

/// A string of an open set.
pub(crate) fn open<T: for<'a> From<&'a str>>(json: &RawValue) -> Option<T> {
    payload::string(json).ok().map(|raw| T::from(&raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::usage::CacheDetail;
    use crate::request::message::CacheTtl;

    const FULL: &str = r#"{"usage":{"inputTokens":18.0,"outputTokens":420,"totalTokens":2442,"cacheReadInputTokens":2004,"cacheDetails":[{"ttl":"5m","inputTokens":7}],"serverToolUsage":{}},"metrics":{"latencyMs":12954,"later":1},"trace":{"guardrail":{"actionReason":"No action."},"promptRouter":{"invokedModelId":"m"},"later":[]},"performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"flex"},"later":{"x":1}}"#;

    #[test]
    fn what_is_read_is_written_again() {
        let padded = FULL.replacen('{', r#"{"p":"abc","#, 1);
        let read = Metadata::read(&padded).unwrap();
        let usage = read.usage.clone().unwrap();
        assert_eq!(usage.input_tokens, Some(18));
        assert_eq!(usage.cache_write_input_tokens, None);
        assert_eq!(
            usage.cache_details,
            [CacheDetail::new(CacheTtl::FiveMinutes, 7)]
        );
        assert_eq!(
            usage.other.get("serverToolUsage"),
            Some(&Json::empty_object())
        );
        assert_eq!(read.service_tier, Some(ServiceTierType::Flex));
        assert_eq!(
            read.other.get("metrics").unwrap().as_str(),
            r#"{"later":1}"#
        );
        let (written, wanted) = (read.to_members().to_json(), FULL.replace("18.0", "18"));
        assert_eq!(written.to_value(), Json::parse(wanted).unwrap().to_value());
        assert_eq!(Metadata::read(written.as_str()).unwrap(), read);
    }

    #[test]
    fn a_later_event_erases_nothing() {
        let mut merged = Metadata::read(FULL).unwrap();
        let first = merged.clone();
        merged.merge(Metadata::read(r#"{"metrics":{}}"#).unwrap());
        assert_eq!(merged, first);
        merged.merge(Metadata::read(r#"{"usage":{"outputTokens":421}}"#).unwrap());
        let usage = merged.usage.unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens),
            (Some(18), Some(421))
        );
    }

    #[test]
    fn parts_of_another_shape_are_kept_raw() {
        let odd = r#"{"usage":[1],"metrics":7,"trace":{"promptRouter":{"x":1}},"serviceTier":{"type":1}}"#;
        let read = Metadata::read(odd).unwrap();
        assert_eq!(read.usage, None);
        assert_eq!(read.other.get("metrics").unwrap().as_str(), "7");
        assert_eq!(
            read.to_members().to_json().to_value(),
            Json::parse(odd).unwrap().to_value()
        );
    }

    #[test]
    fn novas_cache_counts_fill_in_for_the_declared_ones() {
        let read = Metadata::read(
            r#"{"usage":{"cacheReadInputTokenCount":3,"cacheWriteInputTokenCount":0}}"#,
        );
        let usage = read.unwrap().usage.unwrap();
        assert_eq!(usage.cache_read_input_tokens, Some(3));
        assert_eq!(usage.cache_write_input_tokens, Some(0));
        assert_eq!(usage.input_tokens, None);
    }
}
