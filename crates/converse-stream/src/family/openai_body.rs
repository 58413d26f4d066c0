//! What models of OpenAI's shape take: `messages` by role, calls as `tool_calls`, answers in messages of the role `tool`.

use super::body::{BodyError, Limits, is_user, list, object, plain, string, system};
use crate::json::{Json, Members};
use crate::prompt;
use crate::request::ConverseRequest;
use crate::request::media::{ImageBlock, MediaSource};
use crate::request::message::ContentBlock;
use crate::request::tool::{Tool, ToolChoice, ToolInputSchema, ToolResultContent, ToolUseBlock};

/// gpt-oss counts its reasoning too and says so in the name of its limit.
pub(super) fn body(model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let max_tokens = if model.contains("openai.") {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    write(request, max_tokens, "required")
}

/// Mistral calls the choice of any tool `any`.
pub(super) fn mistral_body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    write(request, "max_tokens", "any")
}

fn write(
    request: &ConverseRequest,
    max_tokens: &'static str,
    any: &str,
) -> Result<Members, BodyError> {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if let Some(system) = system(request)? {
        messages.push(object([
            ("role", string("system")),
            ("content", string(&system)),
        ]));
    }
    for message in &request.messages {
        if is_user(message)? {
            user(&message.content, &mut messages)?;
        } else {
            messages.push(assistant(&message.content)?);
        }
    }
    if request.messages.is_empty() {
        return Err(BodyError::NoMessage);
    }
    let mut body = object([("messages", list(messages.iter().map(Members::to_json)))]);
    let limits = Limits {
        max_tokens,
        temperature: "temperature",
        top_p: "top_p",
        stop: "stop",
    };
    limits.set(request.inference_config.as_ref(), &mut body)?;
    if let Some(tools) = &request.tool_config {
        let listed: Result<Vec<Json>, _> = tools.tools.iter().map(tool).collect();
        body.set("tools", list(listed?));
        match &tools.tool_choice {
            None => {}
            Some(ToolChoice::Auto(_)) => body.set("tool_choice", string("auto")),
            Some(ToolChoice::Any(_)) => body.set("tool_choice", string(any)),
            Some(ToolChoice::Tool(tool)) => {
                let function = object([("name", string(&tool.name))]).to_json();
                let choice = object([("type", string("function")), ("function", function)]);
                body.set("tool_choice", choice.to_json());
            }
            Some(ToolChoice::Unknown { .. }) => {
                return Err(BodyError::Unsupported("a choice of tools of this kind"));
            }
        }
    }
    Ok(body)
}

/// What a user says, behind the answers to the calls before it: a text, or parts where pictures stand among them.
fn user(content: &[ContentBlock], messages: &mut Vec<Members>) -> Result<(), BodyError> {
    let (mut parts, mut text, mut pictures) = (Vec::new(), String::new(), false);
    for block in content {
        match block {
            ContentBlock::ToolResult(answer) => {
                let mut said = String::new();
                for part in &answer.content {
                    said.push_str(match part {
                        ToolResultContent::Text(text) => text,
                        ToolResultContent::Json(json) => json.as_str(),
                        _ => {
                            return Err(BodyError::Unsupported(
                                "a tool's answer that is neither text nor JSON",
                            ));
                        }
                    });
                }
                messages.push(object([
                    ("role", string("tool")),
                    ("tool_call_id", string(&answer.tool_use_id)),
                    ("content", string(&said)),
                ]));
            }
            ContentBlock::Image(image) => {
                pictures = true;
                parts.push(picture(image)?);
            }
            other => {
                if let Some(more) = plain(other)? {
                    text.push_str(more);
                    parts
                        .push(object([("type", string("text")), ("text", string(more))]).to_json());
                }
            }
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    let content = if pictures { list(parts) } else { string(&text) };
    messages.push(object([("role", string("user")), ("content", content)]));
    Ok(())
}

fn picture(image: &ImageBlock) -> Result<Json, BodyError> {
    let MediaSource::Bytes(data) = &image.source else {
        return Err(BodyError::Unsupported(
            "a picture that is not in the request itself",
        ));
    };
    let base64 = base64_simd::STANDARD.encode_to_string(data.as_bytes());
    let url = format!("data:image/{};base64,{base64}", image.format);
    let url = object([("url", string(&url))]).to_json();
    Ok(object([("type", string("image_url")), ("image_url", url)]).to_json())
}

fn assistant(content: &[ContentBlock]) -> Result<Members, BodyError> {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for block in content {
        match block {
            ContentBlock::ToolUse(call) => calls.push(tool_call(call)),
            other => text.push_str(plain(other)?.unwrap_or_default()),
        }
    }
    let mut message = object([("role", string("assistant")), ("content", string(&text))]);
    if !calls.is_empty() {
        message.set("tool_calls", list(calls));
    }
    Ok(message)
}

fn tool_call(call: &ToolUseBlock) -> Json {
    let function = object([
        ("name", string(&call.name)),
        ("arguments", string(call.input.as_str())),
    ]);
    object([
        ("id", string(&call.tool_use_id)),
        ("type", string("function")),
        ("function", function.to_json()),
    ])
    .to_json()
}

fn tool(tool: &Tool) -> Result<Json, BodyError> {
    let Tool::Spec(spec) = tool else {
        return Err(BodyError::Unsupported("a tool of this kind"));
    };
    let ToolInputSchema::Json(schema) = &spec.input_schema else {
        return Err(BodyError::Unsupported("a tool's schema of this kind"));
    };
    let mut function = object([("name", string(&spec.name))]);
    if let Some(description) = &spec.description {
        function.set("description", string(description));
    }
    function.set("parameters", schema.clone());
    Ok(object([
        ("type", string("function")),
        ("function", function.to_json()),
    ])
    .to_json())
}

/// DeepSeek R1 takes a prompt, though it answers under `choices`.
pub(super) fn deepseek_body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    let prompt = prompt::deepseek(request)?;
    let mut body = object([("prompt", string(&prompt))]);
    let limits = Limits {
        max_tokens: "max_tokens",
        temperature: "temperature",
        top_p: "top_p",
        stop: "stop",
    };
    limits.set(request.inference_config.as_ref(), &mut body)?;
    Ok(body)
}
