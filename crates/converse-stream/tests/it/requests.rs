//! Requests: every member of the service's model is written as the service has it, and read back.

use converse_stream::request::config::{
    Effort, GuardrailConfig, JsonSchema, Latency, OutputConfig, PerformanceConfig, ServiceTier,
    ServiceTierType, StreamProcessingMode,
};
use converse_stream::request::media::{DocumentBlock, DocumentFormat, ImageBlock, ImageFormat};
use converse_stream::request::message::{CachePoint, CacheTtl};
use converse_stream::request::tool::{ToolChoice, ToolResultBlock, ToolResultStatus, ToolSpec};
use converse_stream::{ContentBlock, ConverseRequest, Json, Message, Role};
use serde_json::{Value, json};

/// Every member of `ConverseStreamRequest` and of all that it holds (bedrock-runtime 2023-09-30), written by hand.
fn everything() -> Value {
    let guarded = json!([
        {"text": {"text": "t", "qualifiers": ["grounding_source", "query", "guard_content"]}},
        {"image": {"format": "png", "source": {"bytes": "AQI="}}},
    ]);
    let s3 = json!({"s3Location": {"uri": "s3://bucket/key", "bucketOwner": "123456789012"}});
    let blob = json!({"bytes": "/wBi"});
    let image = json!({"format": "webp", "source": s3, "error": {"message": "m"}});
    let document = json!({"format": "pdf", "name": "n", "source": blob, "context": "c", "citations": {"enabled": true}});
    let video = json!({"format": "three_gp", "source": s3});
    let hit = json!({"source": "s", "title": "t", "content": [{"text": "x"}], "citations": {"enabled": false}});
    let span = json!({"documentIndex": 1, "start": 2, "end": 3});
    let citation = |location: Value| json!({"title": "t", "source": "s", "sourceContent": [{"text": "x"}], "location": location});
    let tool = json!({"tool": {"type": "t", "name": "n", "serverName": "s"}});
    let content = json!([
        {"text": "hi"},
        {"image": image},
        {"document": document},
        {"document": {"name": "n", "source": {"text": "plain"}}},
        {"document": {"name": "n", "source": {"content": [{"text": "chunk"}]}}},
        {"document": {"name": "n", "format": "md", "source": s3}},
        {"video": video},
        {"video": {"format": "mp4", "source": blob}},
        {"audio": {"format": "x-aac", "source": blob, "error": {"message": "m"}}},
        {"toolUse": {"toolUseId": "id", "name": "n", "input": {"z": 1.50, "a": [null]}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "id", "status": "error", "type": "t", "content": [
            {"json": {"k": 1}}, {"text": "t"}, {"image": image}, {"document": document}, {"video": video}, {"searchResult": hit},
        ]}},
        {"guardContent": guarded[0]},
        {"guardContent": guarded[1]},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "/wBi"}},
        {"citationsContent": {"content": [{"text": "t"}], "citations": [
            citation(json!({"web": {"url": "u", "domain": "d"}})),
            citation(json!({"documentChar": span})),
            citation(json!({"documentPage": span})),
            citation(json!({"documentChunk": span})),
            citation(json!({"searchResultLocation": {"searchResultIndex": 1, "start": 2, "end": 3}})),
        ]}},
        {"searchResult": hit},
        {"toolAddition": tool},
        {"toolRemoval": tool},
    ]);
    json!({
        "messages": [
            {"role": "user", "content": content},
            {"role": "assistant", "content": []},
            {"role": "system", "content": []},
        ],
        "system": [{"text": "s"}, {"guardContent": guarded[0]}, {"cachePoint": {"type": "default"}}],
        "inferenceConfig": {"maxTokens": 512, "temperature": 0.25, "topP": 0.5, "stopSequences": ["END"]},
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "n", "description": "d", "inputSchema": {"json": {"type": "object"}}, "strict": true}},
                {"systemTool": {"name": "nova_code_interpreter"}},
                {"cachePoint": {"type": "default", "ttl": "5m"}},
            ],
            "toolChoice": {"tool": {"name": "n"}},
        },
        "guardrailConfig": {
            "guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT", "trace": "enabled_full", "streamProcessingMode": "async",
        },
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        "promptVariables": {"name": {"text": "value"}},
        "additionalModelResponseFieldPaths": ["/delta/stop_sequence"],
        "requestMetadata": {"team": "a"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "priority"},
        "outputConfig": {
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}", "name": "n", "description": "d"}}},
            "effort": "xhigh",
        },
    })
}

#[test]
fn every_member_is_known_read_and_written() {
    let json = everything();
    let request: ConverseRequest = serde_json::from_str(&json.to_string()).unwrap();
    assert!(request.other.is_empty(), "{:?}", request.other);
    assert!(!format!("{request:?}").contains("Unknown"), "{request:?}");
    assert_eq!(serde_json::to_value(&request).unwrap(), json);
}

#[test]
fn unknown_members_of_the_request_and_of_unions_pass_through() {
    let json = json!({
        "messages": [{"role": "later", "content": [{"laterBlock": {"x": [1.50]}}]}],
        "toolConfig": {"tools": [{"laterTool": 1}], "toolChoice": {"later": {}}},
        "laterMember": {"y": null},
    });
    let request: ConverseRequest = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&request).unwrap(), json);
}

#[test]
fn a_union_has_exactly_one_member() {
    let read = serde_json::from_str::<ContentBlock>;
    assert_eq!(
        read(r#"{"text":"a","image":null}"#).unwrap(),
        ContentBlock::from("a")
    );
    for bad in [
        r#"{"text":"a","cachePoint":{"type":"default"}}"#,
        "{}",
        r#"{"text":null}"#,
        "[]",
        "1",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn documents_keep_their_text() {
    let text = r#"{"toolUseId":"i","name":"n","input":{"b": 1.50, "a":1e400}}"#;
    let block = format!(r#"{{"toolUse":{text}}}"#);
    let read: ContentBlock = serde_json::from_str(&block).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), block);
}

#[test]
fn builders_make_what_the_service_wants() {
    let mut guardrail = GuardrailConfig::new("gr1", "1");
    guardrail.stream_processing_mode = Some(StreamProcessingMode::Async);
    let request = ConverseRequest::new()
        .with_system("Be brief.")
        .with_system(CachePoint::new(Some(CacheTtl::OneHour)))
        .with_message(Message::user([
            ContentBlock::from("What is this?"),
            ImageBlock::bytes(ImageFormat::Png, vec![1, 2, 3]).into(),
            DocumentBlock::bytes("report", DocumentFormat::Pdf, vec![4])
                .with_citations()
                .into(),
        ]))
        .with_message(Message::user(ContentBlock::from(
            ToolResultBlock::text("id", "42").with_status(ToolResultStatus::Success),
        )))
        .with_max_tokens(64)
        .with_temperature(0.7)
        .with_tool(ToolSpec::new("clock", json!({"type": "object"})).with_description("The time."))
        .with_tool_choice(ToolChoice::any())
        .with_guardrail(guardrail)
        .with_additional_fields(json!({"top_k": 5}));
    let body: Value = serde_json::from_slice(&request.to_body().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({
            "messages": [
                {"role": "user", "content": [
                    {"text": "What is this?"},
                    {"image": {"format": "png", "source": {"bytes": "AQID"}}},
                    {"document": {"format": "pdf", "name": "report", "source": {"bytes": "BA=="}, "citations": {"enabled": true}}},
                ]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "id", "content": [{"text": "42"}], "status": "success"}},
                ]},
            ],
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "inferenceConfig": {"maxTokens": 64, "temperature": 0.7},
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "clock", "description": "The time.", "inputSchema": {"json": {"type": "object"}}}}],
                "toolChoice": {"any": {}},
            },
            "guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "1", "streamProcessingMode": "async"},
            "additionalModelRequestFields": {"top_k": 5},
        })
    );
    assert!(String::from_utf8_lossy(&request.to_body().unwrap()).contains(r#""temperature":0.7}"#));
}

#[test]
fn the_rest_is_set_by_its_member() {
    let mut request = ConverseRequest::new();
    request.performance_config = Some(PerformanceConfig::new(Latency::Optimized));
    request.service_tier = Some(ServiceTier::new(ServiceTierType::Flex));
    let schema = JsonSchema::new(&Json::from(json!({"type": "object"})));
    let mut output = OutputConfig::json_schema(schema);
    output.effort = Some(Effort::High);
    request.output_config = Some(output);
    assert_eq!(
        serde_json::to_value(&request).unwrap()["outputConfig"],
        json!({
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{\"type\":\"object\"}"}}},
            "effort": "high",
        })
    );
}

#[test]
fn the_path_is_one_segment_for_ids_and_arns() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.a-b_c~d v1:0";
    assert_eq!(
        ConverseRequest::path(arn),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.a-b_c~d%20v1%3A0/converse-stream"
    );
    assert_eq!(ConverseRequest::path("é"), "/model/%C3%A9/converse-stream");
}

#[test]
fn debug_of_bytes_is_their_length() {
    let block: ContentBlock = ImageBlock::bytes(ImageFormat::Png, vec![65; 5]).into();
    assert!(format!("{block:?}").contains("5 bytes"));
    let role: Role = serde_json::from_str("\"use\\u0072\"").unwrap();
    assert_eq!(role, Role::User);
}
