//! Tokens of a request and its reply.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::metadata::{merge, open, set};
use crate::json::{Json, Members};
use crate::number::integer;
use crate::payload::{self, Malformed};
use crate::request::message::CacheTtl;

/// Tokens of a request and its reply. What the service did not count is `None`, never 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens read, without those read from or written to a cache.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// The service's sum, caches included.
    pub total_tokens: Option<u64>,
    /// Tokens read from a cache.
    pub cache_read_input_tokens: Option<u64>,
    /// Tokens written to a cache.
    pub cache_write_input_tokens: Option<u64>,
    /// Tokens written to a cache, by how long they live there.
    pub cache_details: Vec<CacheDetail>,
    /// What this version does not know, `serverToolUsage` for example.
    pub other: Members,
}

/// Tokens written to a cache that live there for one time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheDetail {
    /// How long they live.
    pub ttl: Option<CacheTtl>,
    /// How many.
    pub input_tokens: Option<u64>,
}

impl Usage {
    /// Counts of a reply without a cache.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens: Some(input_tokens),
            output_tokens: Some(output_tokens),
            total_tokens: Some(input_tokens.saturating_add(output_tokens)),
            ..Self::default()
        }
    }

    /// Takes later counts in: what they have replaces, what they lack erases nothing.
    pub fn merge(&mut self, later: Self) {
        merge(&mut self.input_tokens, later.input_tokens);
        merge(&mut self.output_tokens, later.output_tokens);
        merge(&mut self.total_tokens, later.total_tokens);
        merge(
            &mut self.cache_read_input_tokens,
            later.cache_read_input_tokens,
        );
        merge(
            &mut self.cache_write_input_tokens,
            later.cache_write_input_tokens,
        );
        if !later.cache_details.is_empty() {
            self.cache_details = later.cache_details;
        }
        self.other.merge(later.other);
    }

    pub(crate) fn read(json: &RawValue) -> Result<Self, Malformed> {
        let mut read = Self::default();
        let other = payload::leftover(json.get(), |name, value| {
            let count = || integer(value.get());
            match name {
                "inputTokens" => set(&mut read.input_tokens, count()),
                "outputTokens" => set(&mut read.output_tokens, count()),
                "totalTokens" => set(&mut read.total_tokens, count()),
                "cacheReadInputTokens" => set(&mut read.cache_read_input_tokens, count()),
                "cacheWriteInputTokens" => set(&mut read.cache_write_input_tokens, count()),
                "cacheDetails" => CacheDetail::read_all(value)
                    .map(|details| read.cache_details = details)
                    .is_ok(),
                _ => false,
            }
        })?;
        // Nova's own names for the same: kept, and used where the declared ones are missing.
        let count = |name| {
            other
                .get(name)
                .and_then(|value: &Json| integer(value.as_str()))
        };
        if read.cache_read_input_tokens.is_none() {
            read.cache_read_input_tokens = count("cacheReadInputTokenCount");
        }
        if read.cache_write_input_tokens.is_none() {
            read.cache_write_input_tokens = count("cacheWriteInputTokenCount");
        }
        read.other = other;
        Ok(read)
    }

    pub(crate) fn to_members(&self) -> Members {
        let mut json = Members::default();
        let mut put = |name, count: Option<u64>| {
            if let Some(count) = count {
                json.set(name, Value::from(count).into());
            }
        };
        put("inputTokens", self.input_tokens);
        put("outputTokens", self.output_tokens);
        put("totalTokens", self.total_tokens);
        put("cacheReadInputTokens", self.cache_read_input_tokens);
        put("cacheWriteInputTokens", self.cache_write_input_tokens);
        if !self.cache_details.is_empty() {
            let details: Vec<_> = self
                .cache_details
                .iter()
                .map(CacheDetail::to_members)
                .collect();
            if let Ok(details) = Json::from_serialize(&details) {
                json.set("cacheDetails", details);
            }
        }
        json.merge(self.other.clone());
        json
    }
}

impl CacheDetail {
    /// Tokens written to a cache for this long.
    #[must_use]
    pub const fn new(ttl: CacheTtl, input_tokens: u64) -> Self {
        Self {
            ttl: Some(ttl),
            input_tokens: Some(input_tokens),
        }
    }

    /// An error where the list holds what is not known, so that it is kept raw.
    fn read_all(json: &RawValue) -> Result<Vec<Self>, Malformed> {
        let mut details = Vec::new();
        payload::elements(json, |element| {
            let (mut ttl, mut input_tokens) = (None, None);
            let rest = payload::leftover(element.get(), |name, value| match name {
                "ttl" => set(&mut ttl, open(value)),
                "inputTokens" => set(&mut input_tokens, integer(value.get())),
                _ => false,
            })?;
            details.push(Self { ttl, input_tokens });
            rest.is_empty()
                .then_some(())
                .ok_or(Malformed::new("known cache details"))
        })?;
        Ok(details)
    }

    fn to_members(&self) -> Members {
        let mut json = Members::default();
        if let Some(ttl) = &self.ttl {
            json.set("ttl", Value::from(ttl.as_str()).into());
        }
        if let Some(tokens) = self.input_tokens {
            json.set("inputTokens", Value::from(tokens).into());
        }
        json
    }
}

impl Serialize for Usage {
    /// As the service writes it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_members().serialize(serializer)
    }
}
