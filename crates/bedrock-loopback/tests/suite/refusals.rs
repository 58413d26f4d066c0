//! One rule of the protocol broken at a time, and the refusal that it gets: the service's words where they are known.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_loopback::{Limits, Notice};
use serde_json::{Value, json};

use crate::client::{Call, Client, Got, builder};
use crate::events::*;

const INVALID: &str = "Invalid input request, please fix your input and try again.";
const HISTORY_FIRST: &str = "Chat history should be sent completely before streaming audio.";

async fn open() -> Call {
    let server = builder().build().unwrap();
    Client::connect(&server).await.open().await
}

/// Sends events and gives the exception that ends the stream.
async fn refused(events: impl IntoIterator<Item = Value>) -> (String, String) {
    let mut call = open().await;
    for event in events {
        call.send(&event).await;
    }
    exception(&mut call).await
}

async fn exception(call: &mut Call) -> (String, String) {
    match call.rest().await.pop() {
        Some(Got::Exception(kind, message)) => (kind, message),
        other => panic!("no exception but {other:?}"),
    }
}

async fn assert_refused(events: impl IntoIterator<Item = Value>, says: &str) {
    let (kind, message) = refused(events).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("validationException", says)
    );
}

fn after_opening(more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut events = opening(16_000, 24_000);
    events.extend(more);
    events
}

fn before_audio(more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut events = after_opening([]);
    events.pop();
    events.extend(more);
    events
}

fn changed(mut event: Value, pointer: &str, to: Value) -> Value {
    *event.pointer_mut(pointer).unwrap() = to;
    event
}

fn tool(schema: &Value, name: &str) -> Value {
    let mut start = prompt_start(24_000);
    start["event"]["promptStart"]["toolConfiguration"] = json!({ "tools": [
        { "toolSpec": { "name": name, "description": "d", "inputSchema": { "json": schema } } },
    ] });
    start
}

fn tool_result_start(media_type: &str) -> Value {
    json!({ "event": { "contentStart": {
        "promptName": PROMPT, "contentName": "tool-1", "interactive": false, "type": "TOOL", "role": "TOOL",
        "toolResultInputConfiguration": {
            "toolUseId": "unknown", "type": "TEXT", "textInputConfiguration": { "mediaType": media_type },
        },
    } } })
}

#[tokio::test(start_paused = true)]
async fn events_out_of_order_are_invalid_input() {
    assert_refused([prompt_start(24_000)], INVALID).await;
    assert_refused([session_start(), session_start()], INVALID).await;
    assert_refused([session_start(), text_start("t", "SYSTEM", false)], INVALID).await;
    assert_refused(after_opening([prompt_start(24_000)]), INVALID).await;
    assert_refused(after_opening([text_input("nowhere", "x")]), INVALID).await;
    assert_refused(after_opening([text_input(AUDIO, "x")]), INVALID).await;
    assert_refused(after_opening([content_end("nowhere")]), INVALID).await;
    assert_refused(after_opening([audio_start(16_000)]), INVALID).await;
    let elsewhere = changed(
        content_end(AUDIO),
        "/event/contentEnd/promptName",
        json!("other"),
    );
    assert_refused(after_opening([elsewhere]), INVALID).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_cannot_be_parsed() {
    assert_refused([json!({ "events": {} })], "Unable to parse input chunk").await;
}

#[tokio::test(start_paused = true)]
async fn session_and_prompt_members_are_checked() {
    let mut flat = session_start();
    flat["event"]["sessionStart"]["endpointingSensitivity"] = json!("HIGH");
    assert_refused([flat], INVALID).await;
    let hot = changed(
        session_start(),
        "/event/sessionStart/inferenceConfiguration/topP",
        json!(1.5),
    );
    assert_refused([hot], INVALID).await;

    let rate = "/event/promptStart/audioOutputConfiguration/sampleRateHertz";
    let rate = changed(prompt_start(24_000), rate, json!(48_000));
    assert_refused([session_start(), rate], INVALID).await;
    let voice = "/event/promptStart/audioOutputConfiguration/voiceId";
    let voice = changed(prompt_start(24_000), voice, json!("nobody"));
    assert_refused([session_start(), voice], "Received invalid voiceId").await;
    let object_schema = tool(&json!({ "type": "object" }), "lookup");
    assert_refused(
        [session_start(), object_schema],
        "Unable to parse input chunk",
    )
    .await;
    let name = tool(&json!("{\"type\":\"object\"}"), "look up");
    assert_refused([session_start(), name], INVALID).await;
}

#[tokio::test(start_paused = true)]
async fn history_comes_whole_and_before_audio() {
    assert_refused(
        after_opening([text_start("t", "USER", true), audio_input(&[0; 512])]),
        HISTORY_FIRST,
    )
    .await;
    let open_text = before_audio([text_start("t", "USER", false), audio_start(16_000)]);
    assert_refused(open_text, HISTORY_FIRST).await;

    let second = before_audio(text("system-2", "SYSTEM", false, "Again."));
    let says = "Duplicate SYSTEM content. SYSTEM content can only be provided once per prompt";
    assert_refused(second, says).await;

    let line = "x".repeat(1024);
    let long = (0..41).flat_map(|at| text(&format!("h{at}"), "USER", false, &line));
    let says = "Chat history is over max limit. Trim chat history and try again.";
    assert_refused(before_audio(long), says).await;
}

#[tokio::test(start_paused = true)]
async fn one_audio_container_that_is_fed_and_closed() {
    let second = changed(
        audio_start(16_000),
        "/event/contentStart/contentName",
        json!("audio-2"),
    );
    let (kind, message) = refused(after_opening([second])).await;
    assert_eq!(kind, "modelStreamErrorException");
    assert_eq!(
        message,
        "The system encountered an unexpected error during processing. Try your request again."
    );
    let says = format!("Cannot end content [{AUDIO}] as no content data was received");
    assert_refused(after_opening([content_end(AUDIO)]), &says).await;
    let says = "All contents must be closed before ending prompt";
    assert_refused(after_opening([prompt_end()]), says).await;
    let says = format!("Prompt [{PROMPT}] must have at least one audio content");
    assert_refused(before_audio([prompt_end()]), &says).await;
    let role = changed(
        audio_start(16_000),
        "/event/contentStart/role",
        json!("ASSISTANT"),
    );
    assert_refused(before_audio([role]), INVALID).await;
    let rate = "/event/contentStart/audioInputConfiguration/sampleRateHertz";
    let rate = changed(audio_start(16_000), rate, json!(44_100));
    assert_refused(before_audio([rate]), INVALID).await;
}

#[tokio::test(start_paused = true)]
async fn tool_results_answer_a_call() {
    let says = "Tool result media type must be one of: [text/plain]";
    assert_refused(after_opening([tool_result_start("application/json")]), says).await;
    let says = "Unknown toolUseId in tool result";
    assert_refused(after_opening([tool_result_start("text/plain")]), says).await;
}

/// Runs a whole session and gives what the server warned of, or the exception under `strict`.
async fn doubted(events: &[Value], strict: bool) -> Vec<String> {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let seen = notices.clone();
    let server = builder()
        .strict(strict)
        .observe(move |notice| seen.lock().unwrap().push(notice.clone()))
        .build()
        .unwrap();
    let mut call = Client::connect(&server).await.open().await;
    for event in events {
        call.send(event).await;
    }
    call.end().await;
    let last = call.rest().await.pop();
    if strict {
        return match last {
            Some(Got::Exception(kind, message)) => vec![kind, message],
            other => panic!("no exception but {other:?}"),
        };
    }
    assert!(!matches!(last, Some(Got::Exception(..))), "{last:?}");
    let notices = notices.lock().unwrap();
    let warned = notices.iter().filter_map(|notice| match notice {
        Notice::Warning { what, .. } => Some(what.clone()),
        _ => None,
    });
    warned.collect()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_measured_is_warned_of_and_refused_when_strict() {
    let fed = |end: &[Value]| {
        let mut events = after_opening([audio_input(&[0; 512])]);
        events.extend(end.iter().cloned());
        events
    };
    let [close_audio, end_prompt, end_session] = closing();
    let connection_end = json!({ "event": { "connectionEnd": {} } });
    let unknown = json!({ "event": { "somethingNew": {} } });
    let ordinary = [close_audio.clone(), end_prompt.clone(), end_session.clone()];
    let cases = [
        (
            fed(&[close_audio.clone(), end_prompt.clone(), connection_end]),
            "connectionEnd",
        ),
        (fed(&[close_audio, end_prompt]), "without sessionEnd"),
        (
            fed(std::slice::from_ref(&end_session)),
            "sessionEnd before promptEnd",
        ),
        (fed(&[&[unknown], &ordinary[..]].concat()), "somethingNew"),
        (
            fed(&[&ordinary[..], &[end_session]].concat()),
            "after sessionEnd",
        ),
        (
            fed(&[
                &text("long", "USER", false, &"x".repeat(1025))[..],
                &ordinary,
            ]
            .concat()),
            "1025 bytes",
        ),
        (
            fed(&[&text("system-1", "USER", false, "x")[..], &ordinary].concat()),
            "used before",
        ),
    ];
    for (events, what) in cases {
        let warned = doubted(&events, false).await;
        assert!(
            warned.len() == 1 && warned[0].contains(what),
            "{what}: {warned:?}"
        );
        let refused = doubted(&events, true).await;
        assert_eq!(refused[0], "validationException");
        assert!(refused[1].contains(what), "{what}: {refused:?}");
    }
    assert_eq!(doubted(&fed(&ordinary), false).await, Vec::<String>::new());
}

/// How long a session lives when its client goes on like this.
async fn lives(
    mut call: Call,
    mut each: impl FnMut(u64) -> Option<Value>,
) -> (Duration, String, String) {
    let start = tokio::time::Instant::now();
    for second in 0..1000 {
        if let Some(event) = each(second) {
            call.send(&event).await;
        }
        let ended = tokio::time::timeout(Duration::from_secs(1), exception(&mut call)).await;
        if let Ok((kind, message)) = ended {
            return (start.elapsed(), kind, message);
        }
    }
    panic!("it lives for ever");
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_for_eight_minutes() {
    let mut call = open().await;
    for event in opening(16_000, 24_000) {
        call.send(&event).await;
    }
    let voice = speech(500, 16_000);
    let (lived, kind, message) = lives(call, |second| {
        (second % 20 < 5).then(|| audio_input(&voice))
    })
    .await;
    assert_eq!(lived, Duration::from_mins(8));
    assert_eq!(kind, "modelTimeoutException");
    assert!(message.starts_with("Model has timed out"));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_input_lives_for_55_seconds() {
    let (lived, kind, message) =
        lives(open().await, |second| (second == 0).then(session_start)).await;
    assert_eq!(lived, Duration::from_secs(55));
    assert_eq!(kind, "validationException");
    assert!(message.starts_with("InternalErrorCode=532::"));
    assert!(message.ends_with("less than 55 seconds."));
}

#[tokio::test(start_paused = true)]
async fn a_silent_user_is_kept_for_175_seconds() {
    let mut call = open().await;
    for event in opening(16_000, 24_000) {
        call.send(&event).await;
    }
    let (lived, _, message) = lives(call, |_| Some(audio_input(&[0; 512]))).await;
    assert_eq!(lived, Duration::from_secs(175));
    assert!(message.starts_with("InternalErrorCode=531::"));
}

#[tokio::test(start_paused = true)]
async fn limits_can_be_turned() {
    let mut limits = Limits::default();
    limits.input_gap = Duration::from_secs(7);
    let server = builder().limits(limits).build().unwrap();
    let call = Client::connect(&server).await.open().await;
    let (lived, _, message) = lives(call, |second| (second == 0).then(session_start)).await;
    assert_eq!(lived, Duration::from_secs(7));
    assert!(message.ends_with("less than 7 seconds."));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_of_an_event_is_named() {
    let mut call = open().await;
    call.send(&session_start()).await;
    call.prior = "0".repeat(64);
    call.send(&prompt_start(24_000)).await;
    let (kind, message) = exception(&mut call).await;
    assert_eq!(kind, "validationException");
    assert!(message.contains("event 1, event signature"), "{message}");

    let mut call = open().await;
    call.prior = "0".repeat(64);
    call.send(&session_start()).await;
    let (status, name, message) = call.http_error().await;
    assert_eq!((status, name.as_str()), (403, "InvalidSignatureException"));
    assert!(message.contains("event 0, event signature"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn the_end_is_signed_and_on_a_frame_boundary() {
    let mut call = open().await;
    call.send(&session_start()).await;
    call.send_bytes(bytes::Bytes::new(), true).await;
    let (_, message) = exception(&mut call).await;
    assert!(
        message.contains("signed empty frame at the end"),
        "{message}"
    );

    let mut call = open().await;
    call.send(&session_start()).await;
    call.send_bytes(bytes::Bytes::from_static(&[0; 5]), true)
        .await;
    let (_, message) = exception(&mut call).await;
    assert!(message.contains("5 bytes into a frame"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_early_end_stops_the_upload_without_blame() {
    let mut call = open().await;
    call.send(&prompt_start(24_000)).await;
    let (_, message) = exception(&mut call).await;
    assert_eq!(message, INVALID);
    assert_eq!(call.reset().await, h2::Reason::NO_ERROR);
}
