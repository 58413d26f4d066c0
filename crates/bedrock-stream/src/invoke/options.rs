//! What InvokeModel takes as headers (bedrock-runtime 2023-09-30, `InvokeModelWithResponseStreamRequest`).

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;

pub(super) const ACCEPT: &str = "x-amzn-bedrock-accept";
pub(super) const TRACE: &str = "x-amzn-bedrock-trace";
pub(super) const GUARDRAIL_IDENTIFIER: &str = "x-amzn-bedrock-guardrailidentifier";
pub(super) const GUARDRAIL_VERSION: &str = "x-amzn-bedrock-guardrailversion";
pub(super) const LATENCY: &str = "x-amzn-bedrock-performanceconfig-latency";
pub(super) const SERVICE_TIER: &str = "x-amzn-bedrock-service-tier";
pub(super) const REQUEST_METADATA: &str = "x-amzn-bedrock-request-metadata";

/// Whether a reply tells what a guardrail found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceMode {
    /// What it acted on.
    Enabled,
    /// Nothing.
    Disabled,
    /// All that it looked at.
    EnabledFull,
}

impl TraceMode {
    /// In capitals, unlike in Converse's JSON.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::EnabledFull => "ENABLED_FULL",
        }
    }
}

pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), Error> {
    let value = HeaderValue::from_str(value)
        .map_err(|_| Error::config(format!("the value for `{name}` cannot stand in a header")))?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
