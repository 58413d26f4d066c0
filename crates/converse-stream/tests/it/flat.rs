//! The flat chunk view: one terminal chunk, `Done` only for a complete stream.

use crate::cases::{self, Run};
use bedrock_wire::ServiceError;
use converse_stream::{Chunk, Flat, StreamError};

fn chunks(run: &Run) -> Vec<Chunk> {
    let (mut flat, mut chunks) = (Flat::new(), Vec::new());
    for event in &run.events {
        flat.event(event.clone(), &mut |chunk| chunks.push(chunk));
    }
    chunks.push(flat.finish(&run.outcome));
    chunks
}

/// A line a chunk.
fn shown(name: &str) -> Vec<String> {
    let line = |chunk: &Chunk| match chunk {
        Chunk::KeepAlive => "-".to_owned(),
        Chunk::Text(text) => format!("text {text}"),
        Chunk::Thinking(text) => format!("thinking {text}"),
        Chunk::ToolCallStart { id, name } => format!("start {id} {name}"),
        Chunk::ToolCallDelta {
            id,
            arguments_delta,
        } => format!("delta {id} {arguments_delta}"),
        Chunk::ToolCallEnd { id } => format!("end {id}"),
        Chunk::Done { usage } => format!("done {:?}", usage.map(|usage| usage.total_tokens)),
        Chunk::Error(text) => format!("error {text}"),
        other => panic!("{other:?}"),
    };
    chunks(&cases::run(name))
        .iter()
        .map(line)
        .filter(|line| line != "-")
        .collect()
}

#[test]
fn text_and_tools_as_agents_like_them() {
    assert_eq!(
        shown("tool_use"),
        [
            "text One moment.",
            "start tooluse_clock clock",
            "delta tooluse_clock ",
            "delta tooluse_clock {\"b\": 1.50,",
            "delta tooluse_clock  \"a\":\"é\"}",
            "end tooluse_clock",
            "done Some(19)",
        ]
    );
    assert_eq!(
        shown("interleaved_tools"),
        [
            "start tooluse_a a",
            "start tooluse_b b",
            "delta tooluse_a {\"x\"",
            "delta tooluse_b {\"y\"",
            "delta tooluse_a :1}",
            "delta tooluse_b :2}",
            "end tooluse_b",
            "end tooluse_a",
            "done Some(19)",
        ]
    );
    assert_eq!(shown("signature_only"), ["text Hello", "done Some(19)"]);
    assert_eq!(shown("no_metadata").last().unwrap(), "done None");
}

#[test]
fn hosted_tools_are_not_shown() {
    assert_eq!(shown("hosted_tool"), ["text 7006652", "done Some(19)"]);
}

#[test]
fn a_cut_call_never_ends_and_is_never_done() {
    for name in [
        "max_tokens_in_tool_input",
        "max_tokens_before_tool_input",
        "invalid_tool_input",
    ] {
        let shown = shown(name);
        assert!(
            !shown.iter().any(|line| line.starts_with("end")),
            "{shown:?}"
        );
        assert!(
            shown
                .last()
                .unwrap()
                .starts_with("error Incomplete: the arguments"),
            "{shown:?}"
        );
    }
}

#[test]
fn every_case_has_one_terminal_chunk_and_it_is_the_last() {
    for name in cases::names() {
        let run = cases::run(&name);
        let chunks = chunks(&run);
        let terminal = |chunk: &Chunk| matches!(chunk, Chunk::Done { .. } | Chunk::Error(_));
        assert_eq!(
            chunks.iter().filter(|chunk| terminal(chunk)).count(),
            1,
            "{name}"
        );
        assert!(terminal(chunks.last().unwrap()), "{name}");
        let done = matches!(chunks.last().unwrap(), Chunk::Done { .. });
        assert!(!done || run.outcome.is_complete(), "{name}");
        assert!(
            chunks.len() > run.events.len(),
            "{name}: every event shows life"
        );
    }
}

#[test]
fn an_exception_is_an_error_by_its_type() {
    let shown = shown("exception_throttling");
    assert!(
        shown
            .last()
            .unwrap()
            .starts_with("error ThrottlingException: What happened"),
        "{shown:?}"
    );
}

#[test]
fn long_errors_are_cut_on_a_character_boundary() {
    for pad in 0..4 {
        let text = format!("{}{}", "x".repeat(pad), "é👂".repeat(2000));
        let error = StreamError::from(ServiceError::new("ValidationException", text));
        let outcome = bedrock_wire::Outcome::Failed {
            error,
            received: converse_stream::Reply::default(),
        };
        let Chunk::Error(shown) = Flat::new().finish(&outcome) else {
            panic!()
        };
        assert!(
            (Flat::MAX_ERROR - 3..=Flat::MAX_ERROR).contains(&shown.len()),
            "{}",
            shown.len()
        );
    }
}
