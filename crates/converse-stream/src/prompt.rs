//! Prompts as text: the common request in the words that text models were trained on.
//!
//! ```
//! use converse_stream::{ConverseRequest, Message, prompt};
//!
//! let request = ConverseRequest::new()
//!     .with_system("Be brief.")
//!     .with_message(Message::user("Hi"))
//!     .with_message(Message::assistant("Hello!"))
//!     .with_message(Message::user("Who are you?"));
//! assert_eq!(
//!     prompt::anthropic_text(&request).unwrap(),
//!     "Be brief.\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Who are you?\n\nAssistant:",
//! );
//! assert_eq!(
//!     prompt::llama2_chat(&request).unwrap(),
//!     "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello!</s><s>[INST] Who are you? [/INST]",
//! );
//! ```

use crate::family::BodyError;
use crate::family::body::Turns;
use crate::json::Json;
use crate::request::ConverseRequest;

/// Claude's text completions: `Human:` and `Assistant:`, a blank line before each, the system prompt in front of all.
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn anthropic_text(request: &ConverseRequest) -> Result<String, BodyError> {
    let talk = Turns::of(request)?;
    let mut prompt = talk.system.unwrap_or_default();
    for (user, text) in &talk.turns {
        let who = if *user { "Human" } else { "Assistant" };
        prompt.extend(["\n\n", who, ": ", text.as_str()]);
    }
    prompt.push_str("\n\nAssistant:");
    Ok(prompt)
}

/// The `messages` of Anthropic Messages, with pictures, documents, calls and their answers.
///
/// # Errors
/// Where a message holds what Claude has no place for, or there is none.
pub fn anthropic_messages(request: &ConverseRequest) -> Result<Json, BodyError> {
    crate::family::anthropic_body::messages(request)
}

/// Llama 2 chat: `[INST]` around what the user says, `<<SYS>>` around the system prompt in the first of it.
///
/// # Errors
/// Where the request holds more than text, or no message, or does not begin with the user.
pub fn llama2_chat(request: &ConverseRequest) -> Result<String, BodyError> {
    let talk = Turns::of(request)?;
    user_first(&talk)?;
    let mut prompt = String::from("<s>[INST] ");
    if let Some(system) = &talk.system {
        prompt.extend(["<<SYS>>\n", system.as_str(), "\n<</SYS>>\n\n"]);
    }
    for (user, text) in &talk.turns {
        if *user {
            prompt.push_str(text.trim());
        } else {
            prompt.extend([" [/INST] ", text.as_str(), "</s><s>[INST] "]);
        }
    }
    prompt.push_str(" [/INST]");
    Ok(prompt)
}

/// Llama 3: each message between `<|start_header_id|>` and `<|eot_id|>`.
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn llama3(request: &ConverseRequest) -> Result<String, BodyError> {
    llama_headers(
        request,
        ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    )
}

/// Llama 4: each message between `<|header_start|>` and `<|eot|>`.
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn llama4(request: &ConverseRequest) -> Result<String, BodyError> {
    llama_headers(request, ["<|header_start|>", "<|header_end|>", "<|eot|>"])
}

fn llama_headers(request: &ConverseRequest, marks: [&str; 3]) -> Result<String, BodyError> {
    let [begin, end, over] = marks;
    let talk = Turns::of(request)?;
    let mut prompt = String::from("<|begin_of_text|>");
    if let Some(system) = &talk.system {
        prompt.extend([begin, "system", end, "\n\n", system.as_str(), over]);
    }
    for (user, text) in &talk.turns {
        let who = if *user { "user" } else { "assistant" };
        prompt.extend([begin, who, end, "\n\n", text.trim(), over]);
    }
    prompt.extend([begin, "assistant", end, "\n\n"]);
    Ok(prompt)
}

/// Mistral's text models: `[INST]` around what the user says; the system prompt stands in the first of it.
///
/// # Errors
/// Where the request holds more than text, or no message, or does not begin with the user.
pub fn mistral(request: &ConverseRequest) -> Result<String, BodyError> {
    let talk = Turns::of(request)?;
    user_first(&talk)?;
    let mut prompt = String::from("<s>");
    let mut system = talk.system.map(|system| system + "\n\n");
    for (user, text) in &talk.turns {
        if *user {
            let system = system.take().unwrap_or_default();
            prompt.extend(["[INST] ", system.as_str(), text.as_str(), " [/INST]"]);
        } else {
            prompt.extend([" ", text.as_str(), "</s>"]);
        }
    }
    Ok(prompt)
}

/// Cohere Command: `Human:` and `Assistant:`, a line each, the system prompt in front. (The example that this follows joined
/// the lines with commas by mistake.)
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn cohere(request: &ConverseRequest) -> Result<String, BodyError> {
    lines(request, "Human", "Assistant")
}

/// Amazon Titan: `User:` and `Bot:`, a line each, the system prompt in front.
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn titan(request: &ConverseRequest) -> Result<String, BodyError> {
    lines(request, "User", "Bot")
}

fn lines(request: &ConverseRequest, person: &str, model: &str) -> Result<String, BodyError> {
    let talk = Turns::of(request)?;
    let mut prompt = talk.system.map_or_else(String::new, |system| system + "\n");
    for (user, text) in &talk.turns {
        let who = if *user { person } else { model };
        prompt.extend([who, ": ", text.as_str(), "\n"]);
    }
    prompt.extend([model, ":"]);
    Ok(prompt)
}

/// DeepSeek R1: its marks around what is said, and the begin of its thinking.
///
/// # Errors
/// Where the request holds more than text, or no message.
pub fn deepseek(request: &ConverseRequest) -> Result<String, BodyError> {
    let talk = Turns::of(request)?;
    let mut prompt = String::from("<｜begin▁of▁sentence｜>");
    prompt.push_str(talk.system.as_deref().unwrap_or_default());
    for (user, text) in &talk.turns {
        if *user {
            prompt.extend(["<｜User｜>", text.as_str()]);
        } else {
            prompt.extend(["<｜Assistant｜>", text.as_str(), "<｜end▁of▁sentence｜>"]);
        }
    }
    prompt.push_str("<｜Assistant｜><think>\n");
    Ok(prompt)
}

fn user_first(talk: &Turns) -> Result<(), BodyError> {
    match talk.turns.first() {
        Some((true, _)) => Ok(()),
        _ => Err(BodyError::Needs("a conversation that begins with the user")),
    }
}
