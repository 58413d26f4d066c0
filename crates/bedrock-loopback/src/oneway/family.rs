//! The JSON of model families: what they read, what they stream, what they say at once. Shapes from captured traffic, and from
//! documentation where none was captured.

mod anthropic_messages;
mod anthropic_text;
mod chat;
mod cohere_chat;
mod cohere_command;
mod llama;
mod mistral_text;
mod nova;
mod titan;

use serde_json::{Value, json};

use super::Extras;
use super::echo::{self, Reply};

/// A family of models that share a format.
pub(super) trait Family: Sync {
    fn name(&self) -> &'static str;

    /// The user's text and the token limit of a request; `None` where it is not in the family's format.
    fn read(&self, body: &Value) -> Option<(String, Option<u64>)>;

    /// The chunks of a stream, without what the service adds.
    fn stream(&self, said: &Said<'_>) -> Vec<Value>;

    /// The one-shot answer.
    fn whole(&self, reply: &Reply) -> Value;
}

/// What is said, and what beside the text was asked for.
pub(super) struct Said<'a> {
    pub(super) reply: &'a Reply,
    /// A call of a tool without arguments follows the text.
    pub(super) tool: bool,
    /// Reasoning stands before the text.
    pub(super) reasoning: bool,
}

/// What calls are made of, where one was asked for.
pub(super) const TOOL: &str = "loopback_ping";
pub(super) const TOOL_ID: &str = "tooluse_loopback1";
pub(super) const REASON: &str = "The text is to be echoed.";

/// By what stands in the model's id, wherever a geography or an ARN stands before it; the first that fits.
const FAMILIES: &[(&str, &dyn Family)] = &[
    ("anthropic.claude", &anthropic_messages::AnthropicMessages),
    ("amazon.nova", &nova::Nova),
    ("meta.llama", &llama::Llama),
    ("amazon.titan", &titan::Titan),
    ("mistral.mistral-7b", &mistral_text::MistralText),
    ("mistral.mixtral", &mistral_text::MistralText),
    ("mistral.", &chat::MISTRAL),
    ("cohere.command-r", &cohere_chat::CohereChat),
    ("cohere.command", &cohere_command::CohereCommand),
    ("ai21.jamba", &chat::JAMBA),
    ("deepseek.r1", &chat::DEEPSEEK),
    ("writer.", &chat::WRITER),
    ("deepseek.", &chat::OPENAI),
    ("openai.", &chat::OPENAI),
    ("qwen.", &chat::OPENAI),
];

/// The family of a model id; Claude's text completions by the shape of the request.
pub(super) fn of(model_id: &str, body: &Value) -> Option<&'static dyn Family> {
    if model_id.contains("anthropic.claude") && body.get("max_tokens_to_sample").is_some() {
        return Some(&anthropic_text::AnthropicText);
    }
    let found = FAMILIES.iter().find(|(mark, _)| model_id.contains(mark));
    found.map(|(_, family)| *family)
}

/// The chunks of a stream; the last that is an object carries the metrics of the call.
pub(super) fn chunks(family: &dyn Family, reply: &Reply, extras: Extras) -> Vec<Value> {
    let said = Said {
        reply,
        tool: extras.zero_arg_tool,
        reasoning: extras.reasoning,
    };
    let mut chunks = family.stream(&said);
    if let Some(last) = chunks.iter_mut().rev().find_map(Value::as_object_mut) {
        let metrics = json!({
            "inputTokenCount": reply.input_tokens,
            "outputTokenCount": reply.output_tokens(),
            "invocationLatency": 1,
            "firstByteLatency": 1,
        });
        last.insert("amazon-bedrock-invocationMetrics".to_owned(), metrics);
    }
    chunks
}

/// A family's word for the end: of all that was to be said, or of what the limit let through.
fn stop(reply: &Reply, whole: &'static str, cut: &'static str) -> &'static str {
    if reply.cut { cut } else { whole }
}

fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn number(body: &Value, pointer: &str) -> Option<u64> {
    body.pointer(pointer).and_then(Value::as_u64)
}

/// The text of the last user message, whose content is a string or a list of blocks.
fn last_message(body: &Value) -> Option<String> {
    let message = echo::last_user(body.get("messages")?.as_array())?;
    match message.get("content")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => {
            let said: Vec<String> = blocks.iter().map(echo::block).collect();
            Some(said.join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_by_model_id() {
        let name = |id| of(id, &json!({})).map(Family::name);
        assert_eq!(
            name("us.anthropic.claude-sonnet-4-v1:0"),
            Some("Anthropic Messages")
        );
        assert_eq!(name("amazon.nova-lite-v1:0"), Some("Amazon Nova"));
        assert_eq!(name("mistral.mistral-7b-instruct-v0:2"), Some("Mistral"));
        assert_eq!(name("us.deepseek.r1-v1:0"), Some("DeepSeek R1"));
        assert_eq!(name("nobody.knows"), None);
        let completion = json!({ "max_tokens_to_sample": 1 });
        let text = of("anthropic.claude-v2", &completion).unwrap();
        assert_eq!(text.name(), "Anthropic text completions");
    }

    #[test]
    fn every_family_says_the_text_and_ends_in_its_own_way() {
        let reply = Reply::saying("say this", None, 40);
        let ends = [
            ("anthropic.claude", "/type", json!("message_stop")),
            ("amazon.nova", "/metadata/usage/outputTokens", json!(2)),
            ("meta.llama", "/stop_reason", json!("stop")),
            ("amazon.titan", "/completionReason", json!("FINISH")),
            ("mistral.mixtral", "/outputs/0/stop_reason", json!("stop")),
            ("mistral.pixtral", "/choices/0/stop_reason", json!("stop")),
            ("cohere.command-r", "/event_type", json!("stream-end")),
            ("cohere.command", "/finish_reason", json!("COMPLETE")),
            ("ai21.jamba", "/choices/0/finish_reason", json!("stop")),
            ("deepseek.r1", "/choices/0/stop_reason", json!("stop")),
            ("writer.", "/choices/0/finish_reason", json!("stop")),
            ("openai.", "/choices/0/finish_reason", json!("stop")),
        ];
        for (id, pointer, value) in ends {
            let family = of(id, &json!({})).unwrap();
            let chunks = chunks(family, &reply, Extras::default());
            let last = chunks.iter().rfind(|chunk| chunk.is_object()).unwrap();
            assert_eq!(last.pointer(pointer), Some(&value), "{}", family.name());
            let metrics = &last["amazon-bedrock-invocationMetrics"];
            assert_eq!(metrics["outputTokenCount"], 2);
            assert!(family.whole(&reply).to_string().contains("say this"));
            let streamed = Value::from(chunks).to_string();
            assert!(streamed.contains("\"say \"") && streamed.contains("\"this\""));
        }
    }
}
