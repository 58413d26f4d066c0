//! Request bodies: the common request in each family's own JSON.

use std::error::Error;
use std::fmt;

use serde_json::Value;

use super::Family;
use crate::json::{Json, Members};
use crate::request::config::InferenceConfig;
use crate::request::message::{ContentBlock, GuardContent, Message, Role};
use crate::request::{ConverseRequest, SystemBlock};

impl Family {
    /// The body of an InvokeModel call for a model of this family: system, turns, limits, and tools and pictures where the
    /// family has them. `additional_model_request_fields` are members of the body as they are, and win over those made here.
    /// Members that InvokeModel takes as headers (guardrail, tier, latency, metadata) are not part of it.
    ///
    /// `model` is the id that the call is made with; Llama's versions want different prompts.
    ///
    /// ```
    /// use converse_stream::family::Family;
    /// use converse_stream::{ConverseRequest, Message};
    ///
    /// let request = ConverseRequest::new()
    ///     .with_message(Message::user("What is the capital of Peru?"))
    ///     .with_max_tokens(16);
    /// let body = Family::MistralText.body("mistral.mistral-7b-instruct-v0:2", &request).unwrap();
    /// assert_eq!(
    ///     body.as_str(),
    ///     r#"{"prompt":"<s>[INST] What is the capital of Peru? [/INST]","max_tokens":16}"#,
    /// );
    /// ```
    ///
    /// # Errors
    /// Where the request holds what the family has no place for, or lacks what the family needs.
    pub fn body(self, model: &str, request: &ConverseRequest) -> Result<Json, BodyError> {
        let Some(row) = self.row() else {
            return Err(BodyError::NoMessage);
        };
        let mut body = (row.body)(model, request)?;
        if let Some(more) = &request.additional_model_request_fields {
            let more = crate::payload::leftover(more.as_str(), |_, _| false);
            body.merge(more.map_err(|_| BodyError::AdditionalFields)?);
        }
        Ok(body.to_json())
    }
}

/// Why a request cannot be written in a family's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// The family has no place for it.
    Unsupported(&'static str),
    /// The family needs it.
    Needs(&'static str),
    /// There is no message.
    NoMessage,
    /// `additional_model_request_fields` are not an object.
    AdditionalFields,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => {
                write!(f, "the model's own format has no place for {what}")
            }
            Self::Needs(what) => write!(f, "the model's own format needs {what}"),
            Self::NoMessage => f.write_str("the request has no message"),
            Self::AdditionalFields => {
                f.write_str("`additional_model_request_fields` must be an object")
            }
        }
    }
}

impl Error for BodyError {}

/// The conversation of a family that knows text only.
pub(crate) struct Turns {
    pub(crate) system: Option<String>,
    /// Whether the user speaks, and what is said.
    pub(crate) turns: Vec<(bool, String)>,
}

impl Turns {
    pub(crate) fn of(request: &ConverseRequest) -> Result<Self, BodyError> {
        if request.tool_config.is_some() {
            return Err(BodyError::Unsupported("tools"));
        }
        let mut turns = Vec::with_capacity(request.messages.len());
        for message in &request.messages {
            turns.push((is_user(message)?, text(message)?));
        }
        if turns.is_empty() {
            return Err(BodyError::NoMessage);
        }
        Ok(Self {
            system: system(request)?,
            turns,
        })
    }
}

/// The system prompt as one text.
pub(super) fn system(request: &ConverseRequest) -> Result<Option<String>, BodyError> {
    let mut texts = Vec::new();
    for block in &request.system {
        match block {
            SystemBlock::Text(text) => texts.push(text.as_str()),
            SystemBlock::GuardContent(GuardContent::Text(guarded)) => texts.push(&guarded.text),
            SystemBlock::CachePoint(_) => {}
            _ => return Err(BodyError::Unsupported("a system block that is not text")),
        }
    }
    Ok((!texts.is_empty()).then(|| texts.join("\n\n")))
}

pub(super) fn is_user(message: &Message) -> Result<bool, BodyError> {
    match message.role {
        Role::User => Ok(true),
        Role::Assistant => Ok(false),
        _ => Err(BodyError::Unsupported("a message of this role")),
    }
}

/// The text of a message. What a model thought is not handed back to it, and a cache point is nothing to a prompt.
fn text(message: &Message) -> Result<String, BodyError> {
    let mut text = String::new();
    for block in &message.content {
        if let Some(part) = plain(block)? {
            text.push_str(part);
        }
    }
    Ok(text)
}

/// The text of a block, for families without pictures and tools.
pub(super) fn plain(block: &ContentBlock) -> Result<Option<&str>, BodyError> {
    match block {
        ContentBlock::Text(text) => Ok(Some(text)),
        ContentBlock::GuardContent(GuardContent::Text(guarded)) => Ok(Some(&guarded.text)),
        ContentBlock::CachePoint(_) | ContentBlock::Reasoning(_) => Ok(None),
        ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) => {
            Err(BodyError::Unsupported("calls of tools and their answers"))
        }
        _ => Err(BodyError::Unsupported("a block that is not text")),
    }
}

/// What a family calls the members that limit and steer its answer; an empty name where it has no such member.
pub(super) struct Limits {
    pub(super) max_tokens: &'static str,
    pub(super) temperature: &'static str,
    pub(super) top_p: &'static str,
    pub(super) stop: &'static str,
}

impl Limits {
    pub(super) fn set(
        &self,
        config: Option<&InferenceConfig>,
        body: &mut Members,
    ) -> Result<(), BodyError> {
        let Some(config) = config else { return Ok(()) };
        if let Some(tokens) = config.max_tokens {
            body.set(self.max_tokens, number(tokens));
        }
        if let Some(temperature) = config.temperature {
            body.set(self.temperature, float(temperature));
        }
        if let Some(top_p) = config.top_p {
            body.set(self.top_p, float(top_p));
        }
        if config.stop_sequences.is_empty() {
            return Ok(());
        }
        if self.stop.is_empty() {
            return Err(BodyError::Unsupported("stop sequences"));
        }
        let stops = config.stop_sequences.iter();
        body.set(self.stop, list(stops.map(|stop| string(stop))));
        Ok(())
    }
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Members {
    let mut object = Members::default();
    for (name, value) in members {
        object.set(name, value);
    }
    object
}

pub(super) fn list(values: impl IntoIterator<Item = Json>) -> Json {
    let values: Vec<Json> = values.into_iter().collect();
    Json::from_serialize(&values).unwrap_or_else(|_| Json::empty_object())
}

pub(super) fn string(text: &str) -> Json {
    Value::from(text).into()
}

fn number(number: u32) -> Json {
    Value::from(number).into()
}

/// As the caller wrote it: 0.2, not 0.20000000298.
fn float(number: f32) -> Json {
    Json::from_serialize(&number).unwrap_or_else(|_| Value::from(f64::from(number)).into())
}
