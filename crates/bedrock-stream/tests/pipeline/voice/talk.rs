//! Speech, text, greetings, interruptions, silence.

use std::time::Duration;

use bedrock_stream::VoiceEvent;
use nova_sonic::{
    ConversationEvent, EntryState, History, HistoryLimits, HistoryRole, Role, SessionEvent,
};
use serde_json::json;

use super::cast::{
    CLOSE, ask, build, interrupted, planned, renewed, rest, script, session, speech, start,
    transcript, turn_ended, until,
};
use crate::stage::server;

#[tokio::test(start_paused = true)]
async fn a_spoken_question_is_answered_and_the_figures_say_how_fast() {
    let (voice, mut events) = start(server().seed(7).strict(true)).await;
    let (seen, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    assert!(speech(&seen) > 2 * 24_000 * 2);
    let summary = voice.close(CLOSE).await.unwrap();
    assert_eq!((summary.legs, summary.dropped_ms), (1, 0));
    let (late, ended) = rest(&mut events).await;
    ended.unwrap();
    assert!(events.outcome().unwrap().is_complete());
    // Late text comes after the end of the turn, and before the end of everything.
    let stages = |event: &VoiceEvent| {
        matches!(
            event,
            VoiceEvent::Session(SessionEvent::AssistantText { .. })
        )
    };
    assert!(late.iter().any(stages), "{late:?}");

    let said = transcript(&voice);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!((&said[0].0, &said[1].0), (&Role::User, &Role::Assistant));
    let metrics = voice.metrics();
    assert_eq!(
        (metrics.turns, metrics.legs, metrics.open_to_head.count),
        (1, 1, 1)
    );
    let answered_in = metrics.speech_to_audio.last.expect("measured");
    assert!(answered_in < Duration::from_secs(3), "{answered_in:?}");
    assert!(metrics.usage.input.speech > 0 && metrics.usage.output.speech > 0);
    assert_eq!(metrics.usage, summary.usage);
    assert!(voice.request_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn it_speaks_first_and_the_greeting_is_nobody_s_turn() {
    let (voice, mut events) = start(script(&json!([
        {"when": "text", "contains": "Greet", "send": [{"say": {"text": "Welcome!"}}]},
        {"when": "text", "contains": "thanks", "send": [{"say": {"text": "My pleasure."}}]}
    ])))
    .await;
    voice.greet("Greet the caller.").unwrap();
    assert_eq!(planned(&until(&mut events, turn_ended).await), ["Welcome!"]);
    voice.text("many thanks").unwrap();
    assert_eq!(
        planned(&until(&mut events, turn_ended).await),
        ["My pleasure."]
    );
    voice.close(CLOSE).await.unwrap();
    let said: Vec<_> = transcript(&voice)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(said, ["Welcome!", "many thanks", "My pleasure."]);
}

#[tokio::test(start_paused = true)]
async fn history_goes_before_the_first_word() {
    let server = build(script(&json!([
        {"when": "text", "contains": "my name", "send": [{"say": {"text": "Ada."}}]}
    ])));
    let said = [
        (HistoryRole::User, "I am Ada."),
        (HistoryRole::Assistant, "Hello Ada."),
    ];
    let (history, _) = History::normalize(said, &HistoryLimits::default());
    let (voice, mut events) = session(&server).history(history).start().await.unwrap();
    voice.text("What is my name?").unwrap();
    until(&mut events, turn_ended).await;
    let restart = voice.restart();
    let texts: Vec<_> = restart
        .history
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["I am Ada.", "Hello Ada.", "What is my name?", "Ada."]
    );
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn speech_over_the_model_silences_it_at_once() {
    let long = "All that there is to say about it takes its time, and more time, and yet more time than that.";
    let (voice, mut events) = start(script(&json!([
        {"when": "text", "contains": "Tell", "send": [{"say": {"text": long}}]},
        {"when": "turn", "send": [{"transcript": "wait"}, {"say": {"text": "Yes?"}}]}
    ])))
    .await;
    voice.text("Tell me everything").unwrap();
    let first =
        |event: &VoiceEvent| matches!(event, VoiceEvent::Session(SessionEvent::Audio { .. }));
    let seen = until(&mut events, first).await;
    let Some(VoiceEvent::Session(SessionEvent::Audio { turn, .. })) = seen.last() else {
        panic!("{seen:?}")
    };
    let turn = *turn;
    // Half a second of it was played when the user begins to speak.
    voice.played(turn, 12_000);
    let (mut seen, ()) = tokio::join!(until(&mut events, interrupted), ask(&voice));
    seen.extend(until(&mut events, turn_ended).await);
    let at = seen.iter().position(interrupted).unwrap();
    let of_it = |event: &VoiceEvent| matches!(event, VoiceEvent::Session(SessionEvent::Audio { turn: of, .. }) if *of == turn);
    assert!(!seen[at..].iter().any(of_it), "stale speech");
    assert_eq!(seen.iter().filter(|event| interrupted(event)).count(), 1);
    let transcript = voice.transcript();
    let entry = transcript.iter().find(|entry| entry.turn == turn).unwrap();
    assert_eq!(entry.state, EntryState::Interrupted);
    assert!(
        long.starts_with(&entry.text) && entry.text.len() < long.len(),
        "{:?}",
        entry.text
    );
    assert_eq!(voice.metrics().interruptions, 1);
    let silenced = voice.metrics().barge_in_to_silence.last.unwrap();
    assert!(silenced < Duration::from_millis(50), "{silenced:?}");
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn speech_that_nobody_took_is_not_handed_out_after_an_interruption() {
    let (voice, mut events) = start(script(&json!([
        {"when": "text", "contains": "Tell", "send": [{"say": {"text": "A long story.", "tone_ms": 20_000}}]}
    ])))
    .await;
    voice.text("Tell me a story").unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(voice.metrics().downlink_backlog > 100_000);
    ask(&voice).await;
    let seen = until(&mut events, interrupted).await;
    assert_eq!(planned(&seen), ["A long story."]);
    assert_eq!((speech(&seen), voice.metrics().downlink_backlog), (0, 0));
    voice.close(CLOSE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ten_silent_minutes_are_survived() {
    let (voice, mut events) = start(script(&json!([
        {"when": "text", "contains": "there", "send": [{"say": {"text": "Always."}}]}
    ])))
    .await;
    let wait = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        voice.text("Are you there?").unwrap();
    };
    let (seen, ()) = tokio::join!(until(&mut events, turn_ended), wait);
    assert_eq!(planned(&seen), ["Always."]);
    assert!(
        seen.iter().filter(|event| renewed(event)).count() >= 2,
        "{seen:?}"
    );
    let summary = voice.close(CLOSE).await.unwrap();
    assert!(summary.legs >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_was_asked_for_brings_the_new_setup() {
    let (voice, mut events) = start(server().strict(true)).await;
    let (_, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    let mut setup = nova_sonic::Setup::default();
    setup.prompt.voice = "amy".into();
    voice.renew(Some(setup)).unwrap();
    let seen = until(&mut events, renewed).await;
    let gap = seen.iter().find_map(|event| match event {
        VoiceEvent::Conversation(ConversationEvent::Renewed { gap_ms, .. }) => Some(*gap_ms),
        _ => None,
    });
    assert_eq!(gap, Some(0));
    voice.unmute();
    let (seen, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    assert!(speech(&seen) > 0);
    let said = transcript(&voice);
    assert_eq!(said.len(), 4, "{said:?}");
    let summary = voice.close(CLOSE).await.unwrap();
    assert_eq!((summary.legs, summary.dropped_ms), (2, 0));
}
