//! How a request is to be served: inference, guardrail, latency, tier, output.

use serde::{Deserialize, Serialize};

use crate::wire::{open_enum, union};

/// What all models understand of sampling.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InferenceConfig {
    /// Most tokens of the reply, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Texts that end the reply, at most 2,500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<String>,
}

open_enum! {
    /// What a guardrail tells of its work.
    GuardrailTraceMode {
        /// What it found.
        Enabled = "enabled",
        /// Nothing.
        Disabled = "disabled",
        /// What it found and what it passed.
        EnabledFull = "enabled_full",
    }
}

open_enum! {
    /// When a guardrail looks at a streamed reply.
    StreamProcessingMode {
        /// Before text is sent: it comes late and in few pieces.
        Sync = "sync",
        /// While text is sent: a block comes after the text, and nothing is masked.
        Async = "async",
    }
}

/// The guardrail of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GuardrailConfig {
    /// Its id or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_identifier: Option<String>,
    /// A number, or `DRAFT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_version: Option<String>,
    /// What it tells of its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<GuardrailTraceMode>,
    /// When it looks at the reply; `sync` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_processing_mode: Option<StreamProcessingMode>,
}

impl GuardrailConfig {
    /// The guardrail of this id or ARN in this version.
    #[must_use]
    pub fn new(identifier: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            guardrail_identifier: Some(identifier.into()),
            guardrail_version: Some(version.into()),
            ..Self::default()
        }
    }
}

open_enum! {
    /// How fast a model answers.
    Latency {
        /// As usual.
        Standard = "standard",
        /// Faster, at another price.
        Optimized = "optimized",
    }
}

/// How fast the model shall answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PerformanceConfig {
    /// How fast.
    pub latency: Latency,
}

impl PerformanceConfig {
    /// As fast as `latency` says.
    #[must_use]
    pub const fn new(latency: Latency) -> Self {
        Self { latency }
    }
}

open_enum! {
    /// With which precedence a request is served.
    ServiceTierType {
        /// Before others.
        Priority = "priority",
        /// As usual.
        Default = "default",
        /// When there is room.
        Flex = "flex",
        /// On reserved capacity.
        Reserved = "reserved",
    }
}

/// With which precedence the request is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceTier {
    /// The tier.
    #[serde(rename = "type")]
    pub kind: ServiceTierType,
}

impl ServiceTier {
    /// The tier of this kind.
    #[must_use]
    pub const fn new(kind: ServiceTierType) -> Self {
        Self { kind }
    }
}

open_enum! {
    /// How much a model thinks before it answers.
    Effort {
        /// Least.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// More.
        XHigh = "xhigh",
        /// Most.
        Max = "max",
    }
}

/// What the reply shall look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutputConfig {
    /// The form of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_format: Option<OutputFormat>,
    /// How much the model thinks, at most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
}

impl OutputConfig {
    /// Text that keeps to a JSON schema.
    #[must_use]
    pub fn json_schema(schema: JsonSchema) -> Self {
        Self {
            text_format: Some(OutputFormat {
                kind: OutputFormatType::JsonSchema,
                structure: OutputStructure::JsonSchema(schema),
            }),
            effort: None,
        }
    }
}

open_enum! {
    /// Kinds of form.
    OutputFormatType {
        /// JSON that keeps to a schema.
        JsonSchema = "json_schema",
    }
}

/// The form of a reply's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutputFormat {
    /// The kind of form.
    #[serde(rename = "type")]
    pub kind: OutputFormatType,
    /// The form itself.
    pub structure: OutputStructure,
}

union! {
    /// The form itself.
    OutputStructure {
        /// JSON that keeps to a schema.
        JsonSchema(JsonSchema) = "jsonSchema",
    }
}

/// A JSON schema for the reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JsonSchema {
    /// The schema as a text: the service wants a string here, not an object.
    pub schema: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl JsonSchema {
    /// A schema, without name.
    #[must_use]
    pub fn new(schema: &crate::json::Json) -> Self {
        Self {
            schema: schema.as_str().to_owned(),
            name: None,
            description: None,
        }
    }
}

union! {
    /// A value for a variable of a stored prompt.
    PromptVariable {
        /// Text.
        Text(String) = "text",
    }
}
