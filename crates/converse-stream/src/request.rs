//! What a ConverseStream request says: every member of the service model (`ConverseStreamRequest`, bedrock-runtime
//! 2023-09-30), as types that serde reads and writes.

pub mod citation;
pub mod config;
pub mod media;
pub mod message;
pub mod tool;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::Json;
use crate::wire::union;
use config::{
    GuardrailConfig, InferenceConfig, OutputConfig, PerformanceConfig, PromptVariable, ServiceTier,
};
use message::{CachePoint, GuardContent, Message};
use tool::{Tool, ToolChoice, ToolConfig, ToolSpec};

/// The body of a ConverseStream request. The model's id stands in the path: [`path`](Self::path).
///
/// ```
/// use converse_stream::{ConverseRequest, Message};
///
/// let request = ConverseRequest::new()
///     .with_system("Answer in one word.")
///     .with_message(Message::user("What is the capital of Peru?"))
///     .with_max_tokens(16);
/// assert_eq!(
///     request.to_body().unwrap(),
///     r#"{"messages":[{"role":"user","content":[{"text":"What is the capital of Peru?"}]}],"#.to_owned()
///         + r#""system":[{"text":"Answer in one word."}],"inferenceConfig":{"maxTokens":16}}"#,
/// );
/// assert_eq!(
///     ConverseRequest::path("us.amazon.nova-micro-v1:0"),
///     "/model/us.amazon.nova-micro-v1%3A0/converse-stream",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConverseRequest {
    /// The conversation so far, the last message the user's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// What the model shall keep to throughout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<SystemBlock>,
    /// Sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference_config: Option<InferenceConfig>,
    /// Tools. Needed too where earlier messages hold calls or answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig>,
    /// The guardrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_config: Option<GuardrailConfig>,
    /// Members of the model's own API, `{"thinking": …}` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_model_request_fields: Option<Json>,
    /// Values for a stored prompt; only where the model id is a prompt's ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompt_variables: BTreeMap<String, PromptVariable>,
    /// JSON pointers to members of the model's own reply, at most 10. Claude's stop sequence streams at `/delta/stop_sequence`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_model_response_field_paths: Vec<String>,
    /// Labels for invocation logs, at most 16.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_metadata: BTreeMap<String, String>,
    /// How fast the model shall answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<PerformanceConfig>,
    /// With which precedence the request is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// What the reply shall look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ConverseRequest {
    /// A request without a message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The path of the call: `/model/{id}/converse-stream`, the id as one percent-encoded segment, ARNs too.
    #[must_use]
    pub fn path(model_id: &str) -> String {
        format!("/model/{}/converse-stream", path_segment(model_id))
    }

    /// The body of the call, `application/json`.
    ///
    /// # Errors
    /// Where serde cannot write it.
    pub fn to_body(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    /// Appends a message.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// Appends a system block.
    #[must_use]
    pub fn with_system(mut self, block: impl Into<SystemBlock>) -> Self {
        self.system.push(block.into());
        self
    }

    /// Limits the reply, in tokens.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        self.inference_config.get_or_insert_default().max_tokens = Some(tokens);
        self
    }

    /// Sets the temperature, 0 to 1.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        self.inference_config.get_or_insert_default().temperature = Some(temperature);
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn with_tool(mut self, tool: ToolSpec) -> Self {
        self.tool_config
            .get_or_insert_default()
            .tools
            .push(Tool::Spec(tool));
        self
    }

    /// Says whether the model must call a tool.
    #[must_use]
    pub fn with_tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_config.get_or_insert_default().tool_choice = Some(choice);
        self
    }

    /// Sets the guardrail.
    #[must_use]
    pub fn with_guardrail(mut self, guardrail: GuardrailConfig) -> Self {
        self.guardrail_config = Some(guardrail);
        self
    }

    /// Sets members of the model's own API.
    #[must_use]
    pub fn with_additional_fields(mut self, fields: impl Into<Json>) -> Self {
        self.additional_model_request_fields = Some(fields.into());
        self
    }
}

union! {
    /// A block of the system prompt.
    SystemBlock {
        /// Text; must not be blank.
        Text(String) = "text",
        /// Content that a guardrail assesses.
        GuardContent(GuardContent) = "guardContent",
        /// Marks that what stands before it should be cached.
        CachePoint(CachePoint) = "cachePoint",
    }
}

impl From<&str> for SystemBlock {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SystemBlock {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<CachePoint> for SystemBlock {
    fn from(point: CachePoint) -> Self {
        Self::CachePoint(point)
    }
}

/// `text` as one segment of a path: all but unreserved characters percent-encoded (RFC 3986 §2.3), as AWS's SDKs do.
fn path_segment(text: &str) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut segment = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
            segment.push('%');
            segment.push(digit(byte >> 4));
            segment.push(digit(byte & 15));
        }
    }
    segment
}
