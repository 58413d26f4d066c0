//! The table of docs/converse-stream.md ("Who can do what"), a test for each row. `cases/mod.rs` compares the whole outcome
//! with what the case expects; the tests here look at what the row is about.

use crate::cases::{self, Run, run};
use converse_stream::{
    BlockStart, ContentBlock, Event, ImagePart, Mapper, Reader, StopReason, StreamError, ToolInput,
};
use eventstream_codec::{DecodeErrorKind, TransportEnd};

#[test]
fn both_crcs_are_checked() {
    for name in ["crc_of_prelude", "crc_of_message"] {
        assert!(matches!(run(name).error(), StreamError::Decode(_)));
    }
}

#[test]
fn a_crc_error_is_told_apart() {
    let kind = |name| match run(name).error() {
        StreamError::Decode(error) => error.kind().clone(),
        other => panic!("{other}"),
    };
    assert!(matches!(
        kind("crc_of_prelude"),
        DecodeErrorKind::PreludeCrcMismatch { .. }
    ));
    assert!(matches!(
        kind("crc_of_message"),
        DecodeErrorKind::MessageCrcMismatch { .. }
    ));
}

#[test]
fn a_cut_inside_a_frame_is_not_complete() {
    for name in ["cut_in_frame", "cut_in_metadata"] {
        assert_eq!(run(name).outcome.name(), "incomplete");
    }
}

#[test]
fn an_end_without_message_stop_is_not_complete() {
    for name in ["cut_at_boundary", "cut_in_block", "empty_body"] {
        assert_eq!(run(name).outcome.name(), "incomplete");
    }
    assert_eq!(run("cut_at_boundary").reply().text(), "Hello");
}

#[test]
fn modelled_exceptions_keep_their_type() {
    use bedrock_wire::{Advice, ServiceErrorKind};
    for (name, kind, retry) in [
        ("internalserver", ServiceErrorKind::InternalServer, true),
        ("modelstreamerror", ServiceErrorKind::ModelStreamError, true),
        ("validation", ServiceErrorKind::Validation, false),
        ("throttling", ServiceErrorKind::Throttling, true),
        (
            "serviceunavailable",
            ServiceErrorKind::ServiceUnavailable,
            true,
        ),
    ] {
        let run = run(&format!("exception_{name}"));
        assert_eq!(run.error().service().unwrap().kind(), kind);
        assert_eq!(run.error().advice() != Advice::Never, retry, "{name}");
    }
}

#[test]
fn unmodelled_exceptions_keep_their_type() {
    let run = run("exception_unmodelled");
    assert_eq!(
        run.error().service().unwrap().code(),
        "ModelTimeoutException"
    );
}

#[test]
fn an_error_frame_keeps_code_and_message() {
    let run = run("error_frame");
    let error = run.error().service().unwrap();
    assert_eq!(
        (error.code(), error.message()),
        ("InternalServerException", "Something broke")
    );
}

#[test]
fn the_models_own_status_and_message_are_kept() {
    let run = run("exception_original");
    let error = run.error().service().unwrap();
    assert_eq!(error.original_status(), Some(529));
    assert_eq!(error.original_message(), Some("overloaded"));
}

#[test]
fn nothing_follows_a_failure() {
    let run = run("frames_after_exception");
    assert!(matches!(
        run.events.last(),
        Some(Event::BlockStop { index: 0 })
    ));
    let mut reader = Reader::new();
    reader.feed(run.body.clone());
    while let Ok(Some(_)) = reader.next_event() {}
    let again = (reader.next_event(), reader.next_event());
    assert!(again.0.is_err());
    assert_eq!(again.0, again.1, "it stays failed");
    assert!(reader.next_frame().is_err(), "for raw frames too");
    assert_eq!(run.outcome.name(), "failed");
}

#[test]
fn an_unknown_event_is_tolerated() {
    assert!(run("unknown_event").outcome.is_complete());
    assert!(run("unknown_event_not_json").outcome.is_complete());
    assert!(run("unknown_message_type").outcome.is_complete());
}

#[test]
fn an_unknown_delta_is_tolerated() {
    let run = run("unknown_delta");
    assert!(run.outcome.is_complete());
    assert_eq!(run.reply().text(), "Hello");
}

#[test]
fn what_is_unknown_is_handed_on() {
    for (name, payload) in [
        ("unknown_event", r#"{"x":[1,null],"y":{}}"#),
        (
            "unknown_delta",
            r#"{"delta":{"laterDelta":{"x":1}},"contentBlockIndex":0}"#,
        ),
        (
            "unknown_start",
            r#"{"start":{"laterBlock":{"x":1}},"contentBlockIndex":0}"#,
        ),
        ("unknown_members", r#"{"conversationId":"c"}"#),
    ] {
        let run = run(name);
        let unknown = run.events.iter().find_map(|event| match event {
            Event::Unknown(unknown) => Some(unknown.json().unwrap()),
            _ => None,
        });
        assert_eq!(unknown.unwrap().as_str(), payload, "{name}");
    }
}

#[test]
fn text_opens_lazily_and_an_empty_start_is_text() {
    for name in ["text", "empty_start"] {
        let run = run(name);
        let starts: Vec<_> = run
            .events
            .iter()
            .filter(|event| matches!(event, Event::BlockStart { .. }))
            .collect();
        let start = Event::BlockStart {
            index: 0,
            block: BlockStart::Text,
        };
        assert_eq!(starts, [&start], "{name}");
    }
}

#[test]
fn reasoning_is_not_text() {
    let run = run("reasoning");
    assert_eq!(run.reply().text(), "Hello");
    let texts: String = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Reasoning { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, "Let me think");
}

#[test]
fn a_signature_is_kept_also_alone() {
    for (name, text) in [("reasoning", "Let me think"), ("signature_only", "")] {
        let message = run(name).reply().to_message().unwrap();
        assert_eq!(
            serde_json::to_string(&message.content[0]).unwrap(),
            format!(
                r#"{{"reasoningContent":{{"reasoningText":{{"text":"{text}","signature":"Eu0CCkgIBxAB"}}}}}}"#
            )
        );
    }
}

#[test]
fn redacted_pieces_are_joined_as_bytes() {
    let message = run("redacted").reply().to_message().unwrap();
    assert_eq!(
        serde_json::to_string(&message.content[0]).unwrap(),
        r#"{"reasoningContent":{"redactedContent":"/wBiaW5hcnmA"}}"#
    );
}

#[test]
fn interleaved_tools_are_kept_apart() {
    let run = run("interleaved_tools");
    let inputs: Vec<_> = run
        .reply()
        .tool_calls()
        .map(|call| call.input.text())
        .collect();
    assert_eq!(inputs, [r#"{"x":1}"#, r#"{"y":2}"#]);
}

#[test]
fn blank_tool_input_is_the_empty_object() {
    let run = run("blank_tool_input");
    assert_eq!(run.reply().tool_calls().count(), 3);
    for call in run.reply().tool_calls() {
        assert_eq!(call.input.json().unwrap().as_str(), "{}");
    }
}

#[test]
fn cut_tool_input_is_said_to_be_cut() {
    for name in [
        "cut_in_tool_input",
        "cut_before_tool_input",
        "max_tokens_in_tool_input",
        "max_tokens_before_tool_input",
    ] {
        let run = run(name);
        let call = run.reply().tool_calls().next().unwrap();
        assert!(matches!(call.input, ToolInput::Cut(_)), "{name}");
        assert!(run.reply().to_message().is_err(), "{name}");
        for event in &run.events {
            if let Event::ToolCall { call, .. } = event {
                assert_eq!(call.input.json(), None, "{name}");
            }
        }
    }
    let run = run("invalid_tool_input");
    let call = run.reply().tool_calls().next().unwrap();
    assert_eq!(call.input, ToolInput::Invalid("{zone: Lima}".into()));
}

#[test]
fn a_hosted_tool_is_not_the_callers() {
    let hosted = run("hosted_tool");
    assert_eq!(hosted.reply().tool_calls().count(), 0);
    assert!(!hosted.reply().stop.as_ref().unwrap().has_tool_use);
    let nova = run("tool_use_type");
    assert_eq!(nova.reply().tool_calls().count(), 1);
    assert!(nova.reply().stop.as_ref().unwrap().has_tool_use);
    let replayed =
        |run: Run| serde_json::to_string(&run.reply().to_message().unwrap().content[0]).unwrap();
    assert!(replayed(hosted).contains(r#""type":"server_tool_use""#));
    assert!(
        !replayed(nova).contains("type"),
        "the service's model has no such value"
    );
}

#[test]
fn a_hosted_tools_answer_is_delivered() {
    let run = run("hosted_tool");
    let answers = run
        .events
        .iter()
        .filter(|event| matches!(event, Event::ToolResult { .. }));
    assert_eq!(answers.count(), 2);
    let message = run.reply().to_message().unwrap();
    let json = serde_json::to_string(&message.content[1]).unwrap();
    assert!(
        json.contains(r#"{"exitCode":0,"isError":false,"stdErr":"","stdOut":"7006652"}"#),
        "{json}"
    );
}

#[test]
fn citations_are_delivered_and_handed_back() {
    let run = run("citations");
    let cited = run
        .events
        .iter()
        .filter(|event| matches!(event, Event::Citation { .. }));
    assert_eq!(cited.count(), 2);
    let message = run.reply().to_message().unwrap();
    let ContentBlock::Citations(content) = &message.content[0] else {
        panic!("{message:?}")
    };
    assert_eq!(content.citations.len(), 2);
    assert_eq!(content.citations[0].other["later"], 1);
}

#[test]
fn streamed_images_are_delivered_and_handed_back() {
    let run = run("image");
    let bytes: Vec<u8> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Image {
                part: ImagePart::Bytes(data),
                ..
            } => Some(data.to_vec()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(bytes, b"\x89PNG\r\n\x1a\n0123");
    let message = run.reply().to_message().unwrap();
    assert!(matches!(&message.content[..], [ContentBlock::Image(_)]));
    assert!(cases::run("image_in_s3").reply().to_message().is_ok());
    assert!(cases::run("image_error").reply().to_message().is_err());
}

#[test]
fn every_stop_reason_is_kept_raw() {
    let reasons = [
        ("text", "end_turn"),
        ("tool_use", "tool_use"),
        ("stop_max_tokens", "max_tokens"),
        ("stop_stop_sequence", "stop_sequence"),
        ("stop_guardrail_intervened", "guardrail_intervened"),
        ("stop_content_filtered", "content_filtered"),
        ("stop_malformed_model_output", "malformed_model_output"),
        ("stop_malformed_tool_use", "malformed_tool_use"),
        (
            "stop_model_context_window_exceeded",
            "model_context_window_exceeded",
        ),
    ];
    for (name, raw) in reasons {
        let reason = run(name).reply().stop.clone().unwrap().reason;
        assert_eq!(reason.as_str(), raw);
        assert!(!matches!(reason, StopReason::Unknown(_)), "{raw}");
    }
    let later = run("stop_a_later_reason")
        .reply()
        .stop
        .clone()
        .unwrap()
        .reason;
    assert_eq!(later, StopReason::Unknown("a_later_reason".into()));
}

#[test]
fn has_tool_use_goes_by_the_blocks() {
    let has = |name| run(name).reply().stop.as_ref().unwrap().has_tool_use;
    assert!(has("end_turn_with_tool"));
    assert!(!has("tool_use_without_tool"));
}

#[test]
fn usage_has_cache_reads_and_writes() {
    let run = run("usage");
    let usage = run.reply().usage().unwrap();
    assert_eq!(usage.input_tokens, Some(12));
    assert_eq!(usage.total_tokens, Some(19));
    assert_eq!(usage.cache_read_input_tokens, Some(2004));
    assert_eq!(usage.cache_write_input_tokens, Some(0));
}

#[test]
fn usage_has_cache_details_and_undeclared_members() {
    let run = run("usage");
    let usage = run.reply().usage().unwrap();
    assert_eq!(usage.cache_details[0].input_tokens, Some(1712));
    assert_eq!(usage.other.get("serverToolUsage").unwrap().as_str(), "{}");
}

#[test]
fn a_second_metadata_erases_no_usage() {
    let run = run("second_metadata");
    assert_eq!(run.reply().usage().unwrap().input_tokens, Some(12));
    assert!(
        cases::run("metadata_without_usage")
            .reply()
            .usage()
            .is_none()
    );
    assert!(cases::run("no_metadata").reply().usage().is_none());
}

#[test]
fn latency_and_tiers_are_there() {
    let run = run("usage");
    let metadata = run.reply().metadata.as_ref().unwrap();
    assert_eq!(metadata.latency_ms, Some(250));
    assert_eq!(metadata.latency.as_ref().unwrap().as_str(), "optimized");
    assert_eq!(metadata.service_tier.as_ref().unwrap().as_str(), "flex");
    assert_eq!(metadata.invoked_model_id.as_deref(), Some("m"));
}

#[test]
fn the_guardrails_trace_is_there() {
    let run = run("guardrail");
    let trace = run
        .reply()
        .metadata
        .as_ref()
        .unwrap()
        .guardrail
        .as_ref()
        .unwrap();
    assert_eq!(trace.action_reason().as_deref(), Some("Guardrail masked."));
    assert_eq!(trace.model_output(), ["Call 555"]);
    assert_eq!(trace.input_assessments()[0].0, "gr1");
    assert_eq!(
        trace.output_assessments()[0].1.as_str(),
        r#"{"sensitiveInformationPolicy":{"piiEntities":[]}}"#
    );
}

#[test]
fn additional_response_fields_are_there() {
    let run = run("additional_fields");
    let fields = run
        .reply()
        .stop
        .as_ref()
        .unwrap()
        .additional_fields
        .as_ref()
        .unwrap();
    assert_eq!(fields.as_str(), r#"{"delta":{"stop_sequence":"END"}}"#);
}

#[test]
fn the_request_id_is_on_reply_and_error() {
    let mut reader = Reader::with_mapper(Mapper::new().with_request_id("r-1"));
    reader.feed(run("exception_throttling").body);
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert_eq!(outcome.received().request_id.as_deref(), Some("r-1"));
    let error = outcome.error().unwrap();
    assert_eq!(error.service().unwrap().request_id(), Some("r-1"));
    assert!(error.to_string().contains("r-1"), "{error}");
}

#[test]
fn the_length_of_a_frame_is_capped() {
    let run = run("frame_too_long");
    assert!(run.error().to_string().contains("24"), "{}", run.error());
}

#[test]
fn the_docs_link_each_row_to_its_test() {
    let docs = include_str!("../../../../docs/converse-stream.md");
    let code = include_str!("peer_table.rs");
    let link =
        |name: &str| format!("[Y: `{name}`](../crates/converse-stream/tests/it/peer_table.rs)");
    let tests: Vec<_> = code
        .split("#[test]\nfn ")
        .skip(1)
        .map(|rest| rest.split_once('(').unwrap().0)
        .filter(|name| *name != "the_docs_link_each_row_to_its_test")
        .collect();
    assert_eq!(tests.len(), 33);
    for name in &tests {
        assert!(docs.contains(&link(name)), "{name}");
    }
    let families =
        "[Y: `every_case_is_as_expected`](../crates/converse-stream/tests/it/invoke_cases.rs)";
    assert!(docs.contains(families));
    assert!(include_str!("invoke_cases.rs").contains("fn every_case_is_as_expected("));
    assert_eq!(docs.matches("[Y: `").count(), tests.len() + 1);
}
