//! What Cohere's models take: a prompt, or a chat whose last turn stands apart from its history.

use serde_json::Value;

use super::body::{BodyError, Limits, is_user, list, object, plain, string, system};
use crate::json::{Json, Members};
use crate::prompt;
use crate::request::ConverseRequest;
use crate::request::message::ContentBlock;
use crate::request::tool::{Tool, ToolInputSchema, ToolResultContent, ToolUseBlock};

const LIMITS: Limits = Limits {
    max_tokens: "max_tokens",
    temperature: "temperature",
    top_p: "p",
    stop: "stop_sequences",
};

/// Command streams only where the body asks for it.
pub(super) fn command(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let prompt = prompt::cohere(request)?;
    let mut body = object([
        ("prompt", string(&prompt)),
        ("stream", Value::from(true).into()),
    ]);
    LIMITS.set(request.inference_config.as_ref(), &mut body)?;
    Ok(body)
}

/// Command R: the last user's turn is the message, or the answers to the calls before it.
pub(super) fn chat(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let Some((last, history)) = request.messages.split_last() else {
        return Err(BodyError::NoMessage);
    };
    if !is_user(last)? {
        return Err(BodyError::Needs("a conversation that ends with the user"));
    }
    let mut calls: Vec<&ToolUseBlock> = Vec::new();
    let mut told = Vec::with_capacity(history.len());
    for message in history {
        let role = if is_user(message)? { "USER" } else { "CHATBOT" };
        let (mut text, mut called) = (String::new(), Vec::new());
        for block in &message.content {
            match block {
                ContentBlock::ToolUse(call) => {
                    called.push(tool_call(call));
                    calls.push(call);
                }
                ContentBlock::ToolResult(_) => {}
                other => text.push_str(plain(other)?.unwrap_or_default()),
            }
        }
        let mut turn = object([("role", string(role)), ("message", string(&text))]);
        if !called.is_empty() {
            turn.set("tool_calls", list(called));
        }
        told.push(turn.to_json());
    }
    let (mut text, mut answers) = (String::new(), Vec::new());
    for block in &last.content {
        match block {
            ContentBlock::ToolResult(answer) => {
                let call = calls
                    .iter()
                    .find(|call| call.tool_use_id == answer.tool_use_id);
                let call = call.ok_or(BodyError::Needs("the call that each answer is to"))?;
                let outputs = outputs(&answer.content)?;
                answers.push(object([("call", tool_call(call)), ("outputs", outputs)]).to_json());
            }
            other => text.push_str(plain(other)?.unwrap_or_default()),
        }
    }
    let mut body = object([("message", string(&text))]);
    if !told.is_empty() {
        body.set("chat_history", list(told));
    }
    if let Some(system) = system(request)? {
        body.set("preamble", string(&system));
    }
    if !answers.is_empty() {
        body.set("tool_results", list(answers));
    }
    LIMITS.set(request.inference_config.as_ref(), &mut body)?;
    if let Some(tools) = &request.tool_config {
        if tools.tool_choice.is_some() {
            return Err(BodyError::Unsupported("a choice of tools"));
        }
        let listed: Result<Vec<Json>, _> = tools.tools.iter().map(tool).collect();
        body.set("tools", list(listed?));
    }
    Ok(body)
}

fn tool_call(call: &ToolUseBlock) -> Json {
    object([
        ("name", string(&call.name)),
        ("parameters", call.input.clone()),
    ])
    .to_json()
}

/// Objects as they are, text as an object of one member.
fn outputs(content: &[ToolResultContent]) -> Result<Json, BodyError> {
    let mut outputs = Vec::with_capacity(content.len());
    for part in content {
        outputs.push(match part {
            ToolResultContent::Json(json) if json.as_str().starts_with('{') => json.clone(),
            ToolResultContent::Json(json) => object([("result", json.clone())]).to_json(),
            ToolResultContent::Text(text) => object([("result", string(text))]).to_json(),
            _ => {
                return Err(BodyError::Unsupported(
                    "a tool's answer that is neither text nor JSON",
                ));
            }
        });
    }
    Ok(list(outputs))
}

/// Cohere describes parameters one by one: the properties of a JSON schema's top level, nothing below.
fn tool(tool: &Tool) -> Result<Json, BodyError> {
    let Tool::Spec(spec) = tool else {
        return Err(BodyError::Unsupported("a tool of this kind"));
    };
    let ToolInputSchema::Json(schema) = &spec.input_schema else {
        return Err(BodyError::Unsupported("a tool's schema of this kind"));
    };
    let schema = schema.to_value();
    let required = |name: &str| {
        let list = schema.get("required").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|required| required == name))
    };
    let mut parameters = Members::default();
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let text = |member: &str| property.get(member).and_then(Value::as_str);
        let mut parameter = object([("type", string(text("type").unwrap_or("string")))]);
        if let Some(description) = text("description") {
            parameter.set("description", string(description));
        }
        parameter.set("required", Value::from(required(name)).into());
        parameters.set(name, parameter.to_json());
    }
    Ok(object([
        ("name", string(&spec.name)),
        (
            "description",
            string(spec.description.as_deref().unwrap_or_default()),
        ),
        ("parameter_definitions", parameters.to_json()),
    ])
    .to_json())
}
