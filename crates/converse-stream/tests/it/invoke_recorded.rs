//! Recorded InvokeModelWithResponseStream bodies (in `../shared/vectors`, not part of this repository): every family's
//! decode, fold and end right; cut anywhere they are complete only where their family's mark had come.

use bytes::Bytes;
use converse_stream::family::{Family, InvokeMapper};
use converse_stream::{Event, Events, Reader, ReplyContent};
use eventstream_codec::{Inbound, Message, TransportEnd};
use serde_json::{Value, json};

use crate::bodies::{Outcome, Recorded};

const DIGESTS: &str = include_str!("../../../../fixtures/invoke/recorded.sha256");
/// The one recording that ends before `message_stop`.
const CUT: &str = "newrelic_invoke_2";

fn recorded() -> Vec<Recorded> {
    let all = crate::bodies::recorded(DIGESTS);
    assert!(all.is_empty() || all.len() == 36);
    all
}

fn mapper() -> InvokeMapper {
    InvokeMapper::new([7; 16])
}

fn events(body: &Bytes, mapper: InvokeMapper) -> (Vec<Event>, Outcome) {
    let mut events = Events::with_mapper([body.clone()], mapper);
    (events.by_ref().collect(), events.finish())
}

/// What `fixtures/invoke/digest.py` makes of the same body.
fn canonical(family: Family, outcome: &Outcome) -> String {
    let reply = outcome.received();
    let content: Vec<Value> = reply
        .blocks
        .iter()
        .filter_map(|block| match &block.content {
            ReplyContent::Text { text, .. } => {
                (!text.trim().is_empty()).then(|| json!({ "text": text }))
            }
            ReplyContent::ToolUse(call) => Some(json!({ "toolUse": {
                "toolUseId": call.id,
                "name": call.name,
                "input": call.input.json().unwrap().to_value(),
            } })),
            other => panic!("{other:?}"),
        })
        .collect();
    let stop = reply.stop.as_ref();
    let raw = stop.map(|stop| stop.raw.as_deref().unwrap_or(stop.reason.as_str()));
    let mut usage = serde_json::Map::new();
    if let Some(counted) = reply.usage() {
        assert!(counted.cache_details.is_empty() && counted.total_tokens.is_none());
        let counts = [
            ("inputTokens", counted.input_tokens),
            ("outputTokens", counted.output_tokens),
            ("cacheReadInputTokens", counted.cache_read_input_tokens),
            ("cacheWriteInputTokens", counted.cache_write_input_tokens),
        ];
        let counts = counts
            .iter()
            .filter_map(|(name, count)| Some(((*name).to_owned(), (*count)?.into())));
        usage.extend(counts);
    }
    json!({
        "content": content,
        "family": family.name(),
        "outcome": outcome.name(),
        "stop": raw,
        "usage": usage,
    })
    .to_string()
}

#[test]
fn every_body_folds_as_an_independent_reader_folds_it() {
    for case in recorded() {
        let (by_shape, outcome) = events(&case.body, mapper());
        let reply = outcome.received();
        assert!(
            reply.unknown.is_empty(),
            "{}: {:?}",
            case.name,
            reply.unknown
        );
        let complete = case.name != CUT;
        assert_eq!(outcome.is_complete(), complete, "{}", case.name);
        assert!(
            reply.blocks.iter().all(|block| block.ended),
            "{}",
            case.name
        );

        let mut reader = Reader::with_mapper(mapper().with_model_id(case.model));
        reader.feed(case.body.clone());
        let mut by_id = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            by_id.push(event);
        }
        let family = reader.mapper().family().unwrap();
        assert_eq!(
            reader.finish(TransportEnd::Clean, &mut |event| by_id.push(event)),
            outcome
        );
        let (by_word, again) = events(&case.body, mapper().with_family(family));
        assert_eq!(again, outcome);
        // What is held back until the end comes with it.
        assert!(
            by_id.starts_with(&by_shape) && by_word == by_shape,
            "{}",
            case.name
        );

        case.assert_digest(&canonical(family, &outcome));
    }
}

#[test]
fn a_body_fed_in_pieces_gives_the_same_events() {
    for case in recorded() {
        let whole = events(&case.body, mapper());
        for size in [1, 7, 100] {
            let pieces: Vec<_> = case.body.chunks(size).map(Bytes::copy_from_slice).collect();
            let mut fed = Events::with_mapper(pieces, mapper());
            let list: Vec<_> = fed.by_ref().collect();
            assert_eq!((list, fed.finish()), whole, "{} in {size}", case.name);
        }
    }
}

#[test]
fn a_body_cut_at_any_byte_is_complete_only_on_a_boundary_behind_its_familys_mark() {
    for case in recorded() {
        let is_mark =
            |message: &Message| has_mark(&bedrock_wire::read_part(&message.payload()).unwrap());
        let (completes, mut mapper) = case.cut_anywhere(mapper, is_mark);
        // Only Nova says something after its mark: the counts.
        let nova = usize::from(case.model.contains("nova"));
        assert_eq!(completes, nova, "{}", case.name);
        let reset = mapper.finish(TransportEnd::Cut, &mut |_| {});
        assert_eq!(reset.name(), "incomplete", "{}", case.name);
        assert_eq!(reset.received().stop.is_some(), case.name != CUT);
    }
}

/// Whether a chunk holds its family's mark, by its text alone.
fn has_mark(chunk: &[u8]) -> bool {
    let chunk: Value = serde_json::from_slice(chunk).unwrap();
    let blocked = chunk["amazon-bedrock-guardrailAction"] == "INTERVENED"
        && chunk.get("outputText").is_some()
        && chunk.get("totalOutputTextTokenCount").is_some();
    let reasons = [
        "/completionReason",
        "/outputs/0/stop_reason",
        "/generations/0/finish_reason",
    ];
    let plain = chunk
        .get("generation")
        .or(chunk.get("completion"))
        .is_some();
    blocked
        || chunk["type"] == "message_stop"
        || chunk.get("messageStop").is_some()
        || (plain && chunk["stop_reason"].is_string())
        || reasons
            .iter()
            .any(|at| chunk.pointer(at).is_some_and(Value::is_string))
}

#[test]
fn what_a_guardrail_did_stands_beside_the_reply() {
    for case in recorded() {
        let (_, outcome) = events(&case.body, mapper());
        let metadata = outcome.received().metadata.clone().unwrap();
        let action = metadata.other.get("amazon-bedrock-guardrailAction");
        assert_eq!(
            action.is_some(),
            case.name.contains("guardrail") || case.name.contains("openllmetry_test_nova"),
            "{}",
            case.name
        );
        if let Some(action) = action {
            assert_eq!(action.as_str(), "\"INTERVENED\"");
            let trace = metadata.guardrail.unwrap();
            assert!(!trace.input_assessments().is_empty(), "{}", case.name);
            let blocked = trace.action_reason().as_deref() == Some("Guardrail blocked.");
            assert_eq!(
                trace.output_assessments().is_empty(),
                blocked,
                "{}",
                case.name
            );
        }
    }
}
