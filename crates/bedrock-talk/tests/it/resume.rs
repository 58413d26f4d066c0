//! Connections that break: the session waits, and goes on where it was.

use std::time::Duration;

use bedrock_talk::{Departure, EndReason, Notice};
use serde_json::json;

use crate::guest::Guest;
use crate::house::{echo, long_answer, script};

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_time_hears_the_rest() {
    let (talk, notices) = script(&long_answer(3), |_| ());
    let (mut guest, ready) = Guest::join(&talk).await;
    guest.say(&json!({"type": "text", "text": "talk"})).await;
    guest.until_type("heard").await;
    guest.listen(Duration::from_secs(5)).await;
    let (turn, played) = guest.played.pop_first().unwrap();
    drop(guest);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let again = json!({"resume": ready["session"]});
    let (mut guest, ready) = Guest::say_hello(&talk, again).await;
    assert_eq!(
        (&ready["type"], &ready["resumed"]),
        (&json!("ready"), &json!(true))
    );
    assert_eq!(ready["transcript"][0]["text"], "talk");
    guest.played.insert(turn, played);
    guest.listen(Duration::from_secs(30)).await;
    let (_, offset, _) = guest.pieces[0];
    assert!(
        offset <= played && offset + 2_400 >= played,
        "{offset} after {played}"
    );
    assert_eq!(guest.came[&turn], 18 * 24_000);
    let notices = notices.lock().unwrap();
    assert!(
        matches!(
            notices[1],
            Notice::Detached {
                session: 1,
                why: Departure::Gone
            }
        ),
        "{notices:?}"
    );
    assert!(matches!(notices[2], Notice::Resumed { session: 1 }));
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_late_finds_it_ended_in_order() {
    let (talk, notices) = echo(|limits| limits.grace = Duration::from_secs(5));
    let (guest, ready) = Guest::join(&talk).await;
    drop(guest);
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(talk.sessions(), 0);
    let again = json!({"resume": ready["session"]});
    let (mut guest, refused) = Guest::say_hello(&talk, again).await;
    assert_eq!(refused["code"], "unknownSession");
    assert_eq!(guest.end().await, Some(4404));
    let notices = notices.lock().unwrap();
    let ended = notices.iter().find_map(|notice| match notice {
        Notice::Ended { reason, error, .. } => Some((*reason, error.is_none())),
        _ => None,
    });
    assert_eq!(ended, Some((EndReason::Grace, true)));
}

#[tokio::test(start_paused = true)]
async fn a_second_connection_takes_the_session_over() {
    let (talk, _) = echo(|_| ());
    let (mut first, ready) = Guest::join(&talk).await;
    let again = json!({"resume": ready["session"]});
    let (mut second, ready) = Guest::say_hello(&talk, again).await;
    assert_eq!(ready["resumed"], true);
    assert_eq!(first.end().await, Some(4409));
    second.ask().await;
    second.until_type("turnEnded").await;
    assert_eq!(talk.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_more_is_given_up() {
    let (talk, notices) = echo(|limits| limits.grace = Duration::ZERO);
    let (guest, _) = Guest::join(&talk).await;
    // It is not polled: no ping of the bridge is answered.
    tokio::time::sleep(Duration::from_mins(1)).await;
    drop(guest);
    assert_eq!(talk.sessions(), 0);
    let silent = |notice: &Notice| {
        matches!(
            notice,
            Notice::Detached {
                why: Departure::Silent,
                ..
            }
        )
    };
    assert!(notices.lock().unwrap().iter().any(silent));
}
