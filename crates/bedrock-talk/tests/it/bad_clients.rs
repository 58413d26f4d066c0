//! Clients that never read, that flood, that talk nonsense: each is bounded, and harms nobody.

use std::time::Duration;

use bedrock_talk::{Departure, Notice, Talk};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::guest::Guest;
use crate::house::{Notices, echo, long_answer, script};

/// What timers may differ by.
const NOTHING: Duration = Duration::from_millis(5);

/// A well-behaved client's whole conversation: how long from the end of its question to the end of the answer.
async fn answer_time(talk: &Talk) -> Duration {
    let (mut guest, _) = Guest::join(talk).await;
    guest.ask().await;
    let asked = Instant::now();
    guest.until_type("turnEnded").await;
    let took = asked.elapsed();
    guest.say(&json!({"type": "bye"})).await;
    guest.until_type("ended").await;
    took
}

fn departures(notices: &Notices) -> Vec<Departure> {
    let notices = notices.lock().unwrap();
    let why = |notice: &Notice| match notice {
        Notice::Detached { why, .. } => Some(*why),
        _ => None,
    };
    notices.iter().filter_map(why).collect()
}

#[tokio::test(start_paused = true)]
async fn who_never_reads_is_cut_off_and_nobody_else_notices() {
    let alone = answer_time(&echo(|_| ()).0).await;
    let (talk, notices) = echo(|_| ());
    let (mut deaf, _) = Guest::join(&talk).await;
    // Its question is answered, and each complaint too: more than the pipe holds.
    deaf.ask().await;
    for _ in 0..400 {
        deaf.send(Message::text("nonsense")).await.unwrap();
    }
    let beside = answer_time(&talk).await;
    assert!(
        beside.abs_diff(alone) < NOTHING,
        "{beside:?}, alone {alone:?}"
    );
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(departures(&notices), [Departure::TooSlow]);
    // It does not come back; its session ends in order.
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(talk.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_floods_is_read_at_the_pace_that_is_allowed_and_nobody_else_notices() {
    let alone = answer_time(&echo(|_| ()).0).await;
    let (talk, notices) = echo(|_| ());
    let (mut flooder, _) = Guest::join(&talk).await;
    let began = Instant::now();
    let flood = tokio::spawn(async move {
        // A minute of audio.
        for _ in 0..60 {
            flooder
                .send(Message::binary(vec![0; 32_000]))
                .await
                .unwrap();
        }
        (began.elapsed(), flooder)
    });
    let beside = answer_time(&talk).await;
    assert!(
        beside.abs_diff(alone) < NOTHING,
        "{beside:?}, alone {alone:?}"
    );
    let (took, flooder) = flood.await.unwrap();
    // Twice as fast as speech, but for three seconds at once and what the pipe holds.
    assert!(
        took > Duration::from_secs(25) && took < Duration::from_secs(31),
        "{took:?}"
    );
    assert_eq!(departures(&notices), []);
    drop(flooder);
}

#[tokio::test(start_paused = true)]
async fn small_messages_are_no_way_around_it() {
    let (talk, _) = echo(|_| ());
    let (mut flooder, _) = Guest::join(&talk).await;
    flooder.say(&json!({"type": "unmute"})).await;
    let began = Instant::now();
    for _ in 0..5_000 {
        flooder
            .send(Message::text(r#"{"type":"mute"}"#))
            .await
            .unwrap();
    }
    // 250 a second after the burst; the pipe holds 700 of them.
    assert!(
        began.elapsed() > Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_large_ends_the_connection() {
    let (talk, notices) = echo(|limits| limits.message_bytes = 2_000);
    let (mut guest, _) = Guest::join(&talk).await;
    guest.send(Message::binary(vec![0; 2_000])).await.unwrap();
    guest.listen(Duration::from_secs(1)).await;
    guest.send(Message::binary(vec![0; 2_002])).await.unwrap();
    assert_eq!(guest.end().await, Some(1008));
    assert_eq!(departures(&notices), [Departure::Misuse]);
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_complained_about_and_the_conversation_goes_on() {
    let (talk, _) = echo(|_| ());
    let (mut guest, _) = Guest::join(&talk).await;
    for (nonsense, code) in [
        (Message::text("{"), "message"),
        (Message::text(r#"{"type":"hello","version":1}"#), "message"),
        (
            Message::text(r#"{"type":"played","turn":-1,"samples":1}"#),
            "message",
        ),
        (Message::binary(vec![0; 3]), "audio"),
    ] {
        guest.send(nonsense).await.unwrap();
        assert_eq!(guest.until_type("error").await["code"], code);
    }
    // Lies about what was played are believed as far as they can be true.
    guest
        .say(&json!({"type": "played", "turn": 9, "samples": 1}))
        .await;
    guest.ask().await;
    let began = guest.until_type("responseStarted").await;
    let lie = json!({"type": "played", "turn": began["turn"], "samples": u64::MAX});
    guest.say(&lie).await;
    guest.until_type("turnEnded").await;
}

#[tokio::test(start_paused = true)]
async fn who_plays_nothing_holds_the_model_back_and_not_more_memory() {
    // 5 minutes of speech; 30 s may wait here.
    let (talk, _) = script(&long_answer(50), |limits| {
        limits.speech_waiting = Duration::from_secs(30);
    });
    let (mut guest, _) = Guest::join(&talk).await;
    guest.plays = false;
    guest.say(&json!({"type": "text", "text": "talk"})).await;
    guest.listen(Duration::from_secs(340)).await;
    // The end of the turn lies behind speech that nobody takes.
    assert_eq!(guest.last("turnEnded"), None);
    let planned = |event: &&Value| event["type"] == "assistantText";
    let sentences = guest.heard.iter().filter(planned).count();
    // 30 s here, 43 s in the client of Bedrock, some on the wire.
    assert!((5..30).contains(&sentences), "{sentences}");
}
