//! Request bodies: one conversation in every family's own JSON, and what a family has no place for.

use converse_stream::family::{BodyError, Family};
use converse_stream::request::media::{ImageBlock, ImageFormat, MediaSource};
use converse_stream::request::message::{CachePoint, ReasoningContent, ReasoningText};
use converse_stream::request::tool::{ToolChoice, ToolResultBlock, ToolSpec, ToolUseBlock};
use converse_stream::{ContentBlock, ConverseRequest, Json, Message, prompt};
use serde_json::{Value, json};

fn talk() -> ConverseRequest {
    ConverseRequest::new()
        .with_system("Be brief.")
        .with_message(Message::user("Hi"))
        .with_message(Message::assistant("Hello!"))
        .with_message(Message::user("Who?"))
        .with_max_tokens(16)
        .with_temperature(0.2)
}

fn weather() -> ToolSpec {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string", "description": "Which" } },
        "required": ["city"],
    });
    ToolSpec::new("weather", schema).with_description("The weather")
}

/// A call, its answer, and what is asked of it.
fn tools() -> ConverseRequest {
    // Spaces and the order of members are the model's own.
    let call = ToolUseBlock::new(
        "t1",
        "weather",
        Json::parse(r#"{"z":1, "city":"Lima"}"#).unwrap(),
    );
    let thought = ReasoningText::new("Hm.", Some("c2ln".to_owned()));
    ConverseRequest::new()
        .with_message(Message::user("Weather?"))
        .with_message(Message::assistant(vec![
            ContentBlock::Reasoning(ReasoningContent::Text(thought)),
            ContentBlock::from("I ask."),
            call.into(),
        ]))
        .with_message(Message::user(ToolResultBlock::json(
            "t1",
            json!({ "c": 21 }),
        )))
        .with_max_tokens(16)
        .with_tool(weather())
        .with_tool_choice(ToolChoice::any())
}

fn body(family: Family, model: &str, request: &ConverseRequest) -> Value {
    family.body(model, request).unwrap().to_value()
}

#[test]
fn a_conversation_in_every_familys_json() {
    let request = talk();
    let messages = json!([
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "content": "Hello!" },
        { "role": "user", "content": "Who?" },
    ]);
    let block = |text: &str| json!([{ "type": "text", "text": text }]);
    let llama3 = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
        <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
        <|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>\
        <|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>\
        <|start_header_id|>assistant<|end_header_id|>\n\n";
    let expected = |family| match family {
        Family::Nova => json!({
            "schemaVersion": "messages-v1",
            "system": [{ "text": "Be brief." }],
            "messages": [
                { "role": "user", "content": [{ "text": "Hi" }] },
                { "role": "assistant", "content": [{ "text": "Hello!" }] },
                { "role": "user", "content": [{ "text": "Who?" }] },
            ],
            "inferenceConfig": { "maxTokens": 16, "temperature": 0.2 },
        }),
        Family::AnthropicMessages => json!({
            "anthropic_version": "bedrock-2023-05-31",
            "system": "Be brief.",
            "messages": [
                { "role": "user", "content": block("Hi") },
                { "role": "assistant", "content": block("Hello!") },
                { "role": "user", "content": block("Who?") },
            ],
            "max_tokens": 16,
            "temperature": 0.2,
        }),
        Family::AnthropicText => json!({
            "prompt": "Be brief.\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Who?\n\nAssistant:",
            "max_tokens_to_sample": 16,
            "temperature": 0.2,
        }),
        Family::Titan => json!({
            "inputText": "Be brief.\nUser: Hi\nBot: Hello!\nUser: Who?\nBot:",
            "textGenerationConfig": { "maxTokenCount": 16, "temperature": 0.2 },
        }),
        Family::Llama => json!({ "prompt": llama3, "max_gen_len": 16, "temperature": 0.2 }),
        Family::MistralText => json!({
            "prompt": "<s>[INST] Be brief.\n\nHi [/INST] Hello!</s>[INST] Who? [/INST]",
            "max_tokens": 16,
            "temperature": 0.2,
        }),
        Family::CohereChat => json!({
            "message": "Who?",
            "chat_history": [
                { "role": "USER", "message": "Hi" },
                { "role": "CHATBOT", "message": "Hello!" },
            ],
            "preamble": "Be brief.",
            "max_tokens": 16,
            "temperature": 0.2,
        }),
        Family::CohereCommand => json!({
            "prompt": "Be brief.\nHuman: Hi\nAssistant: Hello!\nHuman: Who?\nAssistant:",
            "stream": true,
            "max_tokens": 16,
            "temperature": 0.2,
        }),
        Family::DeepSeek => json!({
            "prompt": "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜>Hello!<｜end▁of▁sentence｜><｜User｜>Who?<｜Assistant｜><think>\n",
            "max_tokens": 16,
            "temperature": 0.2,
        }),
        _ => json!({ "messages": messages, "max_tokens": 16, "temperature": 0.2 }),
    };
    for family in Family::all() {
        assert_eq!(body(family, "", &request), expected(family), "{family}");
    }
    let gpt = body(Family::OpenAi, "openai.gpt-oss-20b-1:0", &request);
    assert_eq!(gpt["max_completion_tokens"], 16);
    let llama2 = body(Family::Llama, "meta.llama2-13b-chat-v1", &request);
    assert_eq!(
        llama2["prompt"],
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello!</s><s>[INST] Who? [/INST]"
    );
    let llama4 = body(
        Family::Llama,
        "us.meta.llama4-scout-17b-instruct-v1:0",
        &request,
    );
    assert!(
        llama4["prompt"]
            .as_str()
            .unwrap()
            .contains("<|header_start|>user<|header_end|>\n\nWho?<|eot|>")
    );
}

#[test]
fn calls_and_answers_where_the_family_has_them() {
    let request = tools();
    let claude = body(Family::AnthropicMessages, "", &request);
    assert_eq!(
        claude["tools"][0]["input_schema"]["required"],
        json!(["city"])
    );
    assert_eq!(claude["tool_choice"], json!({ "type": "any" }));
    assert_eq!(
        claude["messages"][1]["content"],
        json!([
            { "type": "thinking", "thinking": "Hm.", "signature": "c2ln" },
            { "type": "text", "text": "I ask." },
            { "type": "tool_use", "id": "t1", "name": "weather", "input": { "z": 1, "city": "Lima" } },
        ])
    );
    assert_eq!(
        claude["messages"][2]["content"],
        json!([{ "type": "tool_result", "tool_use_id": "t1", "content": [{ "type": "text", "text": "{\"c\":21}" }] }])
    );
    let text = Family::AnthropicMessages.body("", &request).unwrap();
    assert!(
        text.as_str().contains(r#""input":{"z":1, "city":"Lima"}"#),
        "byte for byte"
    );

    let openai = body(Family::OpenAi, "qwen.qwen3-32b-v1:0", &request);
    assert_eq!(
        openai["messages"],
        json!([
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "content": "I ask.", "tool_calls": [
                { "id": "t1", "type": "function", "function": { "name": "weather", "arguments": "{\"z\":1, \"city\":\"Lima\"}" } },
            ] },
            { "role": "tool", "tool_call_id": "t1", "content": "{\"c\":21}" },
        ])
    );
    assert_eq!(openai["tool_choice"], "required");
    assert_eq!(openai["tools"][0]["function"]["name"], "weather");
    assert_eq!(
        body(Family::MistralChat, "", &request)["tool_choice"],
        "any"
    );

    let nova = body(Family::Nova, "", &request);
    assert_eq!(
        nova["toolConfig"]["tools"][0]["toolSpec"]["name"],
        "weather"
    );

    let mut cohere = tools();
    cohere.tool_config.as_mut().unwrap().tool_choice = None;
    let cohere = body(Family::CohereChat, "", &cohere);
    assert_eq!(cohere["message"], "");
    let call = json!({ "name": "weather", "parameters": { "z": 1, "city": "Lima" } });
    assert_eq!(
        cohere["tool_results"],
        json!([{ "call": call, "outputs": [{ "c": 21 }] }])
    );
    assert_eq!(cohere["chat_history"][1]["tool_calls"], json!([call]));
    assert_eq!(
        cohere["tools"][0]["parameter_definitions"],
        json!({ "city": { "type": "string", "description": "Which", "required": true } })
    );
}

#[test]
fn what_a_family_has_no_place_for_is_an_error() {
    let picture = ImageBlock::new(ImageFormat::Png, MediaSource::Bytes(vec![1, 2].into()));
    let seen = || {
        let content = vec![ContentBlock::from("What is it?"), picture.clone().into()];
        ConverseRequest::new()
            .with_message(Message::user(content))
            .with_max_tokens(9)
    };
    let with_pictures = [
        Family::Nova,
        Family::AnthropicMessages,
        Family::OpenAi,
        Family::MistralChat,
        Family::Jamba,
        Family::Writer,
    ];
    for family in Family::all() {
        let takes = family.body("", &seen());
        assert_eq!(
            takes.is_ok(),
            with_pictures.contains(&family),
            "{family}: {takes:?}"
        );
        let empty = ConverseRequest::new().with_max_tokens(1);
        assert_eq!(
            family.body("", &empty),
            Err(BodyError::NoMessage),
            "{family}"
        );
        let tools = family.body("", &tools());
        assert_eq!(
            tools.is_ok(),
            with_pictures.contains(&family),
            "{family}: {tools:?}"
        );
    }
    let openai = body(Family::OpenAi, "", &seen());
    assert_eq!(
        openai["messages"][0]["content"][1],
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AQI=" } })
    );
    let unlimited = ConverseRequest::new().with_message(Message::user("Hi"));
    for family in [Family::AnthropicMessages, Family::AnthropicText] {
        assert_eq!(
            family.body("", &unlimited),
            Err(BodyError::Needs("`max_tokens`"))
        );
    }
    let mut stops = unlimited.clone();
    stops
        .inference_config
        .get_or_insert_default()
        .stop_sequences = vec!["END".to_owned()];
    assert_eq!(
        Family::Llama.body("", &stops),
        Err(BodyError::Unsupported("stop sequences"))
    );
    assert_eq!(
        body(Family::Titan, "", &stops)["textGenerationConfig"]["stopSequences"],
        json!(["END"])
    );
    let model_first = ConverseRequest::new().with_message(Message::assistant("Hi"));
    prompt::llama2_chat(&model_first).unwrap_err();
}

#[test]
fn raw_members_win_and_cache_points_mark_what_stands_before_them() {
    let mut request = talk().with_additional_fields(json!({ "top_k": 5, "temperature": 1 }));
    request.system.push(CachePoint::new(None).into());
    let claude = body(Family::AnthropicMessages, "", &request);
    assert_eq!(
        (&claude["top_k"], &claude["temperature"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(
        claude["system"],
        json!([{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }])
    );
    let list = talk().with_additional_fields(json!([1]));
    assert_eq!(
        Family::Llama.body("", &list),
        Err(BodyError::AdditionalFields)
    );
}
