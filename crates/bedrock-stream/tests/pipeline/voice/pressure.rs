//! Slow readers and slow writers: what waits is bounded, and only the user's old audio is ever dropped.

use std::time::Duration;

use bedrock_loopback::FaultKind;
use bedrock_stream::VoiceEvent;
use nova_sonic::ConversationEvent;
use serde_json::json;

use super::cast::{CLOSE, build, planned, rest, script, session, speech, turn_ended, until};

/// 10 sentences of 6 s: 2.9 MB of speech.
fn talkative() -> serde_json::Value {
    let say = json!({"say": {"text": "A sentence.", "tone_ms": 6_000}});
    json!([{"when": "text", "contains": "talk", "send": vec![say; 10]}])
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_sleeps_stops_the_service_and_loses_nothing() {
    let server = build(script(&talkative()).speech_speed(50.0));
    let (voice, mut events) = session(&server).start().await.unwrap();
    voice.text("talk").unwrap();
    voice.mute();
    tokio::time::sleep(Duration::from_secs(15)).await;
    // It had the time to come, and yet a third of it is still on the other side.
    let waiting = voice.metrics().downlink_backlog;
    assert!((2_000_000..2_300_000).contains(&waiting), "{waiting} bytes");
    let seen = until(&mut events, turn_ended).await;
    assert_eq!(planned(&seen).len(), 10);
    assert_eq!(speech(&seen), 10 * 6 * 24_000 * 2);
    voice.close(CLOSE).await.unwrap();
    rest(&mut events).await.1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_nothing_costs_old_audio_only_and_that_is_told() {
    let server = build(
        script(&json!([]))
            .stream_window(60_000)
            .fault(FaultKind::WindowNever),
    );
    let (voice, mut events) = session(&server)
        .renewal(None)
        .uplink_limit(Duration::from_secs(2))
        .start()
        .await
        .unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(32));
    for _ in 0..(10_000 / 32) {
        pace.tick().await;
        voice.audio(vec![1; 1024]).unwrap();
    }
    let metrics = voice.metrics();
    assert!(
        metrics.uplink_backlog <= Duration::from_millis(2_050),
        "{metrics:?}"
    );
    assert!(
        metrics.dropped_audio > Duration::from_secs(5),
        "{metrics:?}"
    );
    let dropped = until(&mut events, |event| {
        matches!(
            event,
            VoiceEvent::Conversation(ConversationEvent::AudioDropped { .. })
        )
    })
    .await;
    assert!(!dropped.is_empty());
    // A close that cannot go out ends with its deadline.
    let started = tokio::time::Instant::now();
    voice.close(CLOSE).await.unwrap_err();
    assert!(started.elapsed() <= CLOSE + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_recording_waits_for_room_and_goes_out_whole() {
    let server = build(script(
        &json!([{"when": "turn", "send": [{"say": {"text": "Heard."}}]}]),
    ));
    let (voice, mut events) = session(&server).start().await.unwrap();
    let recorded = crate::stage::question();
    let send = async {
        for chunk in recorded {
            voice.ready().await;
            voice.audio(chunk).unwrap();
        }
        voice.mute();
    };
    let (seen, ()) = tokio::join!(until(&mut events, turn_ended), send);
    assert_eq!(planned(&seen), ["Heard."]);
    assert_eq!(voice.close(CLOSE).await.unwrap().dropped_ms, 0);
}
