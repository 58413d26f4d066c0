//! One leg, its timers, its end, and the hand-over to another.

use bedrock_wire::{Advice, Outcome, ServiceError};
use bytes::Bytes;
use eventstream_codec::TransportEnd;
use nova_sonic::{
    Action, ConversationEvent, Leg, LegFault, Refusal, RenewalReason, SessionEvent, ToolResult,
};
use serde_json::json;

use crate::talk::{FIRST, MS, SECOND, SECOND_LEG, Talk, exception, seconds};

#[test]
fn one_leg_from_its_opening_to_its_close() {
    let mut talk = Talk::new(|config| config.renewal = None);
    assert_eq!(talk.actions, [Action::Open(FIRST)]);
    assert_eq!(
        talk.names(FIRST),
        [
            "sessionStart",
            "promptStart",
            "contentStart",
            "textInput",
            "contentEnd"
        ]
    );
    talk.audio(5, 512);
    assert!(talk.sound(FIRST).is_empty(), "audio before the head");
    talk.accept(FIRST);
    assert!(talk.told(|event| matches!(event, ConversationEvent::Ready)));
    assert_eq!(talk.sound(FIRST), [5; 512]);
    talk.machine.close(talk.now, 5 * SECOND);
    talk.settle();
    assert_eq!(talk.ended, [FIRST]);
    let names = talk.names(FIRST);
    assert_eq!(
        names[names.len() - 3..],
        ["contentEnd", "promptEnd", "sessionEnd"]
    );
    assert_eq!(
        talk.machine.text(talk.now, "more"),
        Err(Refusal::SessionClosed)
    );
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Clean, None);
    assert!(talk.machine.outcome().unwrap().is_complete());
    assert_eq!(talk.machine.next_deadline(), None);
}

#[test]
fn a_leg_that_is_never_accepted_gets_its_audio_after_some_patience() {
    let mut talk = Talk::new(|_| {});
    talk.audio(5, 4);
    talk.wait(1999 * MS);
    assert!(talk.sound(FIRST).is_empty());
    talk.wait(MS);
    assert_eq!(talk.sound(FIRST), [5; 4]);
}

#[test]
fn a_close_that_hangs_is_incomplete_in_time() {
    let mut talk = Talk::live(|_| {});
    talk.machine.close(talk.now, 2 * SECOND);
    talk.settle();
    talk.wait(1999 * MS);
    assert!(talk.machine.outcome().is_none());
    talk.wait(MS);
    assert!(matches!(
        talk.machine.outcome(),
        Some(Outcome::Incomplete { .. })
    ));
    assert_eq!(talk.actions.last(), Some(&Action::Abandon(FIRST)));
}

#[test]
fn no_gap_reaches_55_seconds_and_a_muted_microphone_is_silence_in_real_time() {
    let mut talk = Talk::live(|config| config.renewal = None);
    let frames = |talk: &Talk| {
        talk.names(FIRST)
            .iter()
            .filter(|name| **name == "audioInput")
            .count()
    };
    let before = frames(&talk);
    talk.wait(55 * SECOND);
    assert_eq!(frames(&talk) - before, 5);
    let before = frames(&talk);
    talk.machine.mute(talk.now);
    talk.audio(5, 100);
    talk.wait(SECOND);
    assert_eq!(frames(&talk) - before, 10);
    assert!(talk.sound(FIRST).is_empty(), "a muted microphone was heard");
    talk.machine.unmute(talk.now);
    talk.audio(6, 1);
    assert_eq!(talk.sound(FIRST), [6]);
}

#[test]
fn a_tool_that_takes_too_long_is_answered_for() {
    let mut talk = Talk::live(|config| config.renewal = None);
    talk.user(FIRST, "weather?");
    talk.tool(FIRST, "t1");
    talk.tool(FIRST, "t2");
    talk.wait(30 * SECOND);
    let result = ToolResult::text("sunny");
    assert_eq!(talk.machine.tool_result(talk.now, "t2", &result), Ok(()));
    talk.settle();
    talk.wait(30 * SECOND);
    assert!(talk.told(
        |event| matches!(event, ConversationEvent::ToolTimedOut { tool_use_id } if tool_use_id == "t1")
    ));
    let results: Vec<_> = talk
        .sent
        .iter()
        .filter_map(|(_, event)| event["toolResult"]["content"].as_str())
        .collect();
    assert_eq!(results, [r#"{"result":"sunny"}"#, r#"{"error":"timeout"}"#]);
    assert_eq!(
        talk.machine.tool_result(talk.now, "t1", &result),
        Err(Refusal::ToolResultTwice)
    );
    assert_eq!(
        talk.machine.tool_result(talk.now, "t3", &result),
        Err(Refusal::ToolUseUnknown)
    );
}

#[test]
fn without_renewal_the_end_of_the_leg_is_the_end() {
    let mut talk = Talk::live(|config| config.renewal = None);
    talk.user(FIRST, "one");
    talk.answer(FIRST, "two");
    talk.user(FIRST, "three");
    let fault = ServiceError::new("modelTimeoutException", "Model has timed out in processing");
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Cut, Some(fault.into()));
    talk.settle();
    let Some(Outcome::Failed { error, .. }) = talk.machine.outcome() else {
        panic!("not failed");
    };
    assert!(
        error.to_string().contains("ModelTimeoutException"),
        "{error}"
    );
    let restart = talk.machine.restart();
    let said: Vec<_> = restart
        .history
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(said, ["one", "two", "three"]);
    assert_eq!(restart.unanswered.len(), 1);
    assert_eq!(talk.actions, [Action::Open(FIRST)]);
}

#[test]
fn a_slow_transport_loses_the_oldest_audio_and_says_so() {
    let mut talk = Talk::live(|_| {});
    let pcm = |n: i16| -> Bytes { n.to_le_bytes().repeat(16_000).into() };
    for second in 1..=5 {
        talk.machine.audio(talk.now, pcm(second)).unwrap();
    }
    let turn = talk.machine.text(talk.now, "typed").unwrap();
    talk.settle();
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::AudioDropped {
            ms: 2000,
            total_ms: 2000
        }
    )));
    assert_eq!(talk.sound(FIRST), seconds(&[3, 4, 5]));
    assert_eq!(talk.texts(FIRST), ["typed"], "{turn:?}");
}

#[test]
fn at_six_minutes_a_quiet_conversation_moves_on() {
    let mut talk = Talk::live(|config| config.setup.system = "sys".into());
    talk.user(FIRST, "one");
    talk.answer(FIRST, "two");
    for _ in 0..359 {
        talk.wait(SECOND);
        talk.user(FIRST, "");
    }
    assert_eq!(talk.actions.len(), 1, "{:?}", talk.actions);
    // The last of these sounds came to nothing, which takes 10 s to believe.
    talk.wait(12 * SECOND);
    assert_eq!(talk.actions[1], Action::Open(SECOND_LEG));
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Renewing {
            reason: RenewalReason::Limit
        }
    )));
    talk.accept(SECOND_LEG);
    assert_eq!(talk.texts(SECOND_LEG), ["one", "two"]);
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Renewed {
            gap_ms: 0,
            history_dropped: 0,
            ..
        }
    )));
    assert_eq!(talk.ended, [FIRST]);
    talk.audio(9, 3);
    assert_eq!(talk.sound(SECOND_LEG), [9; 3]);
    assert!(talk.sound(FIRST).is_empty());
}

#[test]
fn a_leg_that_is_lost_in_the_middle_of_a_turn_is_replaced_and_hears_it_whole() {
    let mut talk = Talk::live(|_| {});
    talk.audio(1, 16_000);
    talk.receive(
        FIRST,
        "userSpeechStart",
        &json!({"inputAudioOffsetMs": 100}),
    );
    talk.audio(2, 16_000);
    talk.machine.leg_ended(
        talk.now,
        FIRST,
        TransportEnd::Cut,
        Some(exception(
            "InternalErrorCode=531::RST_STREAM closed stream.",
        )),
    );
    talk.settle();
    assert_eq!(talk.actions.last(), Some(&Action::Open(SECOND_LEG)));
    talk.audio(3, 16_000);
    talk.accept(SECOND_LEG);
    assert_eq!(talk.sound(SECOND_LEG), seconds(&[1, 2, 3]));
    assert!(talk.texts(SECOND_LEG).is_empty());
}

#[test]
fn an_error_that_a_new_leg_would_meet_too_ends_the_conversation() {
    let mut talk = Talk::live(|_| {});
    talk.machine.leg_ended(
        talk.now,
        FIRST,
        TransportEnd::Cut,
        Some(exception("Received invalid voiceId")),
    );
    talk.settle();
    assert!(matches!(
        talk.machine.outcome(),
        Some(Outcome::Failed { .. })
    ));
}

#[test]
fn after_so_many_failures_in_a_row_it_gives_up() {
    let mut talk = Talk::live(|_| {});
    let fault = || LegFault::new(Advice::NewSession, "connection reset");
    for attempt in 0..6 {
        assert!(talk.machine.outcome().is_none(), "{attempt}");
        talk.machine
            .leg_ended(talk.now, Leg(attempt), TransportEnd::Cut, Some(fault()));
        talk.settle();
        talk.wait(10 * SECOND);
    }
    let Some(Outcome::Failed { error, .. }) = talk.machine.outcome() else {
        panic!("not failed");
    };
    assert_eq!(error.attempts(), 6);
}

#[test]
fn a_pending_tools_result_reaches_the_next_leg_as_text() {
    let mut talk = Talk::live(|_| {});
    talk.user(FIRST, "weather?");
    talk.tool(FIRST, "t1");
    let fault = LegFault::new(Advice::NewSession, "reset");
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Cut, Some(fault));
    talk.settle();
    talk.accept(SECOND_LEG);
    let result = ToolResult::text("sunny");
    talk.machine.tool_result(talk.now, "t1", &result).unwrap();
    talk.settle();
    let texts = talk.texts(SECOND_LEG);
    assert_eq!(texts[0], "weather?");
    assert!(
        texts[1].contains("sunny") && texts[1].contains("weather"),
        "{}",
        texts[1]
    );
    assert!(!talk.names(SECOND_LEG).contains(&"toolResult"));
    talk.answer(SECOND_LEG, "It is sunny.");
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Session(SessionEvent::TurnEnded { .. })
    )));
}
