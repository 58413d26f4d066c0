//! A conversation from hello to bye, and what interrupts it.

use std::time::Duration;

use bedrock_loopback::{Fault, FaultKind};
use bedrock_talk::{EndReason, Notice};
use serde_json::json;
use tokio::time::Instant;

use crate::guest::Guest;
use crate::house::{echo, house, long_answer, script};
use crate::stage::server;

#[tokio::test(start_paused = true)]
async fn a_question_is_asked_answered_heard_and_ended_in_order() {
    let (talk, notices) = echo(|_| ());
    let (mut guest, ready) = Guest::say_hello(&talk, json!({"levels": true})).await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(
        (&ready["version"], &ready["resumed"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(
        (&ready["inputRate"], &ready["outputRate"]),
        (&json!(16_000), &json!(24_000))
    );
    guest.ask().await;
    let ended = guest.until_type("turnEnded").await;
    let samples = ended["samples"].as_u64().unwrap();
    assert!(samples > 24_000, "{samples}");
    let turn = u32::try_from(ended["turn"].as_u64().unwrap()).unwrap();
    guest.listen(Duration::from_secs(20)).await;
    assert_eq!(guest.came[&turn], samples);
    assert_eq!(guest.played[&turn], samples);
    let texts: Vec<_> = guest
        .heard
        .iter()
        .filter(|event| event["type"] == "assistantText" && event["stage"] == "final")
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    assert_eq!(guest.last("heard").unwrap()["text"], texts.join(" "));
    let heard: Vec<_> = guest
        .heard
        .iter()
        .filter(|event| event["type"] == "heard")
        .collect();
    let longer = |pair: &[&serde_json::Value]| {
        pair[0]["text"].as_str().unwrap().len() < pair[1]["text"].as_str().unwrap().len()
    };
    assert!(heard.windows(2).all(longer), "{heard:?}");
    let level = guest
        .heard
        .iter()
        .filter_map(|event| event["db"].as_f64())
        .fold(-200.0, f64::max);
    assert!(level > -30.0 && level < 0.0, "{level}");
    for kind in [
        "userSpeechStarted",
        "userSpeechEnded",
        "userText",
        "responseStarted",
        "usage",
        "figures",
    ] {
        assert!(guest.last(kind).is_some(), "no {kind} in {:?}", guest.heard);
    }
    guest.say(&json!({"type": "bye"})).await;
    let ended = guest.until_type("ended").await;
    assert_eq!(ended["reason"], "closed");
    assert_eq!(guest.end().await, Some(1000));
    talk.close(Duration::from_secs(1)).await;
    assert_eq!(talk.sessions(), 0);
    let notices = notices.lock().unwrap();
    assert!(matches!(notices[0], Notice::Started { session: 1 }));
    let Some(Notice::Ended {
        reason: EndReason::Closed,
        error: None,
        metrics,
        ..
    }) = notices.last()
    else {
        panic!("{notices:?}")
    };
    assert_eq!((metrics.turns, metrics.interruptions), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn speech_goes_out_no_further_than_its_lead_ahead_of_what_was_played() {
    let (talk, _) = script(&long_answer(4), |limits| {
        limits.lead = Duration::from_secs(2);
    });
    let (mut guest, _) = Guest::join(&talk).await;
    guest.plays = false;
    guest.say(&json!({"type": "text", "text": "talk"})).await;
    guest.until_type("turnEnded").await;
    guest.listen(Duration::from_secs(10)).await;
    let (_, came) = guest.came.first_key_value().unwrap();
    assert!((36_000..=48_000).contains(came), "{came}");
    // It goes on as it is played, to the end.
    guest.plays = true;
    guest.listen(Duration::from_secs(30)).await;
    assert_eq!(guest.came.values().copied().max(), Some(24 * 24_000));
    let mut expected = 0;
    for (_, offset, samples) in &guest.pieces {
        assert_eq!(*offset, expected);
        expected += samples;
    }
}

#[tokio::test(start_paused = true)]
async fn who_speaks_over_the_answer_hears_no_more_of_it_and_it_is_known_what_he_heard() {
    let (talk, _) = script(&long_answer(3), |_| ());
    let (mut guest, _) = Guest::join(&talk).await;
    guest.say(&json!({"type": "text", "text": "talk"})).await;
    guest.until_type("heard").await;
    guest.listen(Duration::from_secs(8)).await;
    guest.ask().await;
    let interrupted = guest.until_type("interrupted").await;
    let turn = u32::try_from(interrupted["turn"].as_u64().unwrap()).unwrap();
    let (pieces, played) = (guest.pieces.len(), guest.played[&turn]);
    guest.listen(Duration::from_secs(5)).await;
    assert!(guest.pieces[pieces..].iter().all(|(of, ..)| *of != turn));
    assert!((8 * 24_000..18 * 24_000).contains(&played), "{played}");
    let heard = guest.last("heard").unwrap()["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let all = ["One two three four five six."; 3].join(" ");
    assert!(
        all.starts_with(&heard) && heard.len() < all.len(),
        "{heard}"
    );
    guest.say(&json!({"type": "bye"})).await;
    guest.until_type("ended").await;
    let figures = guest.last("figures").unwrap();
    assert_eq!(figures["interruptions"], 1);
    assert!(
        figures["bargeInToSilenceMs"].as_u64().unwrap() < 50,
        "{figures}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_answers_tools_that_are_no_function() {
    let steps = json!([
        {"when": "text", "contains": "weather", "send": [{"tool": {"name": "weather", "id": "w", "input": {"city": "Lima"}}}]},
        {"when": "tool-result", "expect": {"sky": "clear"}, "send": [{"say": {"text": "It is clear."}}]}
    ]);
    let (talk, _) = script(&steps, |_| ());
    let (mut guest, _) = Guest::join(&talk).await;
    guest
        .say(&json!({"type": "text", "text": "weather?"}))
        .await;
    let call = guest.until_type("toolCall").await;
    assert_eq!(
        (&call["awaitsResult"], &call["call"]["toolName"]),
        (&json!(true), &json!("weather"))
    );
    guest
        .say(&json!({"type": "toolResult", "toolUseId": "x", "result": {}}))
        .await;
    assert_eq!(guest.until_type("error").await["code"], "toolResult");
    guest
        .say(&json!({"type": "toolResult", "toolUseId": "w", "result": {"sky": "clear"}}))
        .await;
    guest.until_type("turnEnded").await;
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_its_time_is_up_and_says_so_before() {
    let (talk, _) = echo(|limits| limits.session_time = Duration::from_mins(3));
    let (mut guest, ready) = Guest::join(&talk).await;
    assert_eq!(ready["endsInMs"], 180_000);
    let began = Instant::now();
    let warning = guest.until_type("ending").await;
    assert!(
        (59_900..=60_000).contains(&warning["inMs"].as_u64().unwrap()),
        "{warning}"
    );
    assert_eq!(began.elapsed().as_secs(), 120);
    assert_eq!(guest.until_type("ended").await["reason"], "sessionTime");
    assert_eq!(began.elapsed().as_secs(), 180);
    assert_eq!(guest.end().await, Some(1000));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_ends_every_session_in_order() {
    let (talk, notices) = echo(|_| ());
    let (mut one, _) = Guest::join(&talk).await;
    let (mut other, _) = Guest::join(&talk).await;
    let close = talk.close(Duration::from_secs(10));
    let (over, first, second) =
        tokio::join!(close, one.until_type("ended"), other.until_type("ended"));
    assert!(over);
    assert_eq!(
        (&first["reason"], &second["reason"]),
        (&json!("shutdown"), &json!("shutdown"))
    );
    let (_, refused) = Guest::join(&talk).await;
    assert_eq!(refused["code"], "tooManySessions");
    let ended = |notice: &&Notice| matches!(notice, Notice::Ended { error: None, .. });
    assert_eq!(notices.lock().unwrap().iter().filter(ended).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn renewals_are_told_and_what_the_service_said_only_where_that_is_wanted() {
    for explains in [false, true] {
        let fault = Fault::new(FaultKind::Instability).at(20).times(1);
        let (talk, _) = house(
            server().fault(fault),
            |_| (),
            |talk| talk.explain_errors(explains),
        );
        let (mut guest, _) = Guest::join(&talk).await;
        guest.ask().await;
        let lost = guest.until_type("recovering").await;
        assert_eq!(lost.get("fault").is_some(), explains, "{lost}");
        assert_eq!(guest.until_type("renewed").await["leg"], 1);
    }
}
