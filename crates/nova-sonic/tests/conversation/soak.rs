//! Many renewals: what is held grows with the text that was said, and with nothing else.

use nova_sonic::{ConversationEvent, Leg, Refusal, ToolResult};
use serde_json::json;

use crate::talk::{FIRST, SECOND, Talk};

const RENEWALS: u32 = 20;

/// Everything that happens on a leg, in a few words.
fn say_something(talk: &mut Talk, leg: Leg, nth: u32) {
    talk.audio(9_000, 512);
    talk.user(leg, "how is the weather");
    call_tool(talk, leg, &format!("{leg:?} {nth}"));
    talk.begin_answer(leg, "it is sunny");
    talk.user(leg, "and tomorrow");
    talk.answer(leg, "it will rain");
    talk.machine.mute(talk.now);
    talk.wait(SECOND);
    talk.machine.unmute(talk.now);
    talk.machine.text(talk.now, "thank you").unwrap();
    talk.answer(leg, "you are welcome");
    let usage = json!({"details": {"delta": {"input": {"speechTokens": 1}, "output": {}}}});
    talk.receive(leg, "usageEvent", &usage);
    talk.forget();
}

fn call_tool(talk: &mut Talk, leg: Leg, id: &str) {
    talk.tool(leg, id);
    let result = ToolResult::json(json!({"sunny": true}));
    talk.machine.tool_result(talk.now, id, &result).unwrap();
}

fn renew(talk: &mut Talk, leg: Leg) {
    talk.machine.renew(talk.now, None).unwrap();
    talk.settle();
    let next = Leg(leg.0 + 1);
    talk.accept(next);
    assert_eq!(talk.machine.current_leg(), Some(next));
    assert!(talk.told(|event| matches!(event, ConversationEvent::Renewed { gap_ms: 0, .. })));
    talk.wait(5 * SECOND);
    talk.forget();
}

/// Bytes that a conversation of so many legs holds, in which the same is said in all.
fn held(legs: u32, said: u32) -> i64 {
    let mut talk = Talk::new(|_| {});
    let info = allocation_counter::measure(|| {
        talk.accept(FIRST);
        for leg in (0..legs).map(Leg) {
            for nth in 0..said / legs + u32::from(leg.0 < said % legs) {
                say_something(&mut talk, leg, nth);
            }
            renew(&mut talk, leg);
        }
    });
    info.bytes_current
}

#[test]
fn renewals_alone_leave_nothing_behind() {
    let (few, many) = (held(RENEWALS, 80), held(RENEWALS * 4, 80));
    assert!(
        many < few + 1_024,
        "{RENEWALS} renewals hold {few} bytes, four times as many {many}"
    );
}

#[test]
fn two_hundred_conversations_of_twenty_renewals_give_all_back() {
    for _ in 0..200 {
        let info = allocation_counter::measure(|| assert!(held(RENEWALS, 3) > 0));
        assert_eq!(info.bytes_current, 0);
    }
}

#[test]
fn of_answered_tools_only_the_latest_are_remembered() {
    let mut talk = Talk::live(|_| {});
    for call in 0..300 {
        call_tool(&mut talk, FIRST, &format!("tool-{call}"));
    }
    let result = ToolResult::json(json!({}));
    let again = talk.machine.tool_result(talk.now, "tool-299", &result);
    assert_eq!(again, Err(Refusal::ToolResultTwice));
    let long_ago = talk.machine.tool_result(talk.now, "tool-0", &result);
    assert_eq!(long_ago, Err(Refusal::ToolUseUnknown));
}
