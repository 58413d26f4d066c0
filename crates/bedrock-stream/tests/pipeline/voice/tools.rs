//! Tools: functions, handles, side by side, one after the other, interrupted, forgotten.

use std::time::Duration;

use bedrock_loopback::Builder;
use bedrock_stream::{Error, ErrorKind, ToolCall, VoiceEvent};
use nova_sonic::{ConversationEvent, SessionEvent, ToolResult, ToolSpec, Tools};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::cast::{
    CLOSE, ask, build, interrupted, planned, script, session, start, turn_ended, until,
};

fn spec(name: &str) -> ToolSpec {
    ToolSpec::new(name, "", Value::Null).unwrap()
}

/// Listens until the model calls a tool that is no function.
async fn called(events: &mut bedrock_stream::VoiceEvents) -> ToolCall {
    let mut seen = until(events, |event| matches!(event, VoiceEvent::ToolCall(_))).await;
    match seen.pop() {
        Some(VoiceEvent::ToolCall(call)) => call,
        other => panic!("{other:?}"),
    }
}

/// Two calls at once, a third once both are answered, and then words.
fn planner() -> Builder {
    script(&json!([
        {"when": "text", "contains": "trip", "send": [
            {"tool": {"name": "weather", "id": "w", "input": {"city": "Lima"}}},
            {"tool": {"name": "flights", "id": "f", "input": {"to": "Lima"}}}]},
        {"when": "tool-result", "tool": "flights", "expect": {"price": 700}, "send": []},
        {"when": "tool-result", "tool": "weather", "expect": {"sky": "clear"}, "send": [
            {"tool": {"name": "book", "id": "b", "input": {"price": 700}}}]},
        {"when": "tool-result", "tool": "book", "expect": {"result": "booked"}, "send": [{"say": {"text": "It is booked."}}]}
    ]))
}

#[tokio::test(start_paused = true)]
async fn functions_run_side_by_side_and_their_results_go_out_at_once() {
    let mut tools = Tools::new();
    tools.add(spec("weather"), |arguments: Value| async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        ToolResult::json(json!({"city": arguments["city"], "sky": "clear"}))
    });
    tools.add(spec("flights"), |_| async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        ToolResult::json(json!({"price": 700}))
    });
    tools.add(spec("book"), |arguments: Value| async move {
        ToolResult::text(if arguments["price"] == 700 {
            "booked"
        } else {
            "no"
        })
    });
    let server = build(planner());
    let (voice, mut events) = session(&server).functions(tools).start().await.unwrap();
    let started = Instant::now();
    voice.text("Plan a trip").unwrap();
    let seen = until(&mut events, turn_ended).await;
    assert_eq!(planned(&seen), ["It is booked."]);
    // 3 s and 4 s side by side, with some time for the words.
    assert!(
        started.elapsed() < Duration::from_millis(6_500),
        "{:?}",
        started.elapsed()
    );
    let calls =
        |event: &&VoiceEvent| matches!(event, VoiceEvent::Session(SessionEvent::ToolCall { .. }));
    assert_eq!(seen.iter().filter(calls).count(), 3);
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn handles_are_answered_in_any_order() {
    let (voice, mut events) = start(planner()).await;
    voice.text("Plan a trip").unwrap();
    let weather = called(&mut events).await;
    let flights = called(&mut events).await;
    assert_eq!((weather.name(), flights.name()), ("weather", "flights"));
    assert_eq!(weather.arguments(), &json!({"city": "Lima"}));
    weather.note("still looking").unwrap();
    flights.respond(json!({"price": 700})).unwrap();
    weather.respond_text(r#"{"sky": "clear"}"#).unwrap();
    called(&mut events).await.respond(json!("booked")).unwrap();
    assert_eq!(
        planned(&until(&mut events, turn_ended).await),
        ["It is booked."]
    );
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_dropped_or_panics_is_answered_all_the_same() {
    let server = build(script(&json!([
        {"when": "text", "contains": "go", "send": [{"tool": {"name": "a", "id": "1", "input": {}}}]},
        {"when": "tool-result", "expect": {"error": "out of order"}, "send": [{"tool": {"name": "a", "id": "2", "input": {}}}]},
        {"when": "tool-result", "expect": {"error": "the tool gave no result"}, "send": [{"tool": {"name": "p", "id": "3", "input": {}}}]},
        {"when": "tool-result", "expect": {"error": "the tool gave no result"}, "send": [{"tool": {"name": "a", "id": "4", "input": {}}}]},
        {"when": "tool-result", "expect": {"content": [{"text": "x"}, {"json": {"y": 1}}]}, "send": [{"say": {"text": "Done."}}]}
    ])));
    let mut tools = Tools::new();
    tools.add(spec("p"), |_| async { panic!("on purpose") });
    let (voice, mut events) = session(&server)
        .functions(tools)
        .tools([spec("a")])
        .start()
        .await
        .unwrap();
    voice.text("go").unwrap();
    called(&mut events).await.fail("out of order").unwrap();
    drop(called(&mut events).await);
    let last = called(&mut events).await;
    assert_eq!(last.id(), "4");
    last.respond_blocks([json!({"text": "x"}), json!({"json": {"y": 1}})])
        .unwrap();
    assert_eq!(planned(&until(&mut events, turn_ended).await), ["Done."]);
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_interruption_cancels_no_tool() {
    let (voice, mut events) = start(script(&json!([
        {"when": "text", "contains": "look", "send": [
            {"say": {"text": "Let me look that up for you, it may take a moment, so please stay on the line with me."}},
            {"tool": {"name": "lookup", "id": "l", "input": {}}}]},
        {"when": "turn", "send": [{"transcript": "hurry"}]},
        {"when": "tool-result", "tool": "lookup", "expect": {"result": "found"}, "send": [{"say": {"text": "Here it is."}}]}
    ])))
    .await;
    voice.text("look it up").unwrap();
    let call = called(&mut events).await;
    let (_, ()) = tokio::join!(until(&mut events, interrupted), ask(&voice));
    tokio::time::sleep(Duration::from_secs(3)).await;
    call.respond_text("found").unwrap();
    let answer = |event: &VoiceEvent| planned(std::slice::from_ref(event)) == ["Here it is."];
    until(&mut events, answer).await;
    until(&mut events, turn_ended).await;
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_too_slow_times_out_and_its_late_result_is_refused() {
    let server = build(script(&json!([
        {"when": "text", "contains": "wait", "send": [{"tool": {"name": "slow", "id": "s", "input": {}}}]},
        {"when": "tool-result", "expect": {"error": "timeout"}, "send": [{"say": {"text": "That takes too long."}}]}
    ])));
    let limit = Duration::from_secs(20);
    let (voice, mut events) = session(&server)
        .tool_timeout(Some(limit))
        .start()
        .await
        .unwrap();
    voice.text("wait for it").unwrap();
    let call = called(&mut events).await;
    let started = Instant::now();
    let timed_out = |event: &VoiceEvent| matches!(event, VoiceEvent::Conversation(ConversationEvent::ToolTimedOut { tool_use_id }) if tool_use_id == "s");
    until(&mut events, timed_out).await;
    assert!(started.elapsed() <= limit + Duration::from_millis(50));
    let refused: Error = call.respond(json!(1)).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused}");
    assert_eq!(
        planned(&until(&mut events, turn_ended).await),
        ["That takes too long."]
    );
    voice.close(CLOSE).await.unwrap();
}
