//! A telephone provider's media stream through the same bridge.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_talk::{EndReason, Notice};
use nova_sonic::audio::{samples, ulaw_encode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::guest::Guest;
use crate::house::{house, script};
use crate::stage::{question, server};

/// The question at 8 kHz in µ-law, 20 ms a piece, as providers send it.
fn question_ulaw() -> Vec<Vec<u8>> {
    let pcm = question().concat();
    let halved: Vec<u8> = samples(&pcm).step_by(2).map(ulaw_encode).collect();
    halved.chunks(160).map(<[u8]>::to_vec).collect()
}

fn start() -> Value {
    json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": {
        "streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "tracks": ["inbound"],
        "customParameters": {"token": "secret"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
}

async fn call(talk: &bedrock_talk::Talk) -> Guest {
    let mut phone = Guest::phone(talk).await;
    phone.plays = false;
    phone
        .say(&json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        .await;
    phone.say(&start()).await;
    phone
}

async fn speak(phone: &mut Guest) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let silence = vec![vec![0xff; 160]; 60];
    for piece in question_ulaw().into_iter().chain(silence) {
        pace.tick().await;
        let payload = STANDARD.encode(piece);
        let media = json!({"event": "media", "streamSid": "MZ1", "media": {"track": "inbound", "payload": payload}});
        phone.say(&media).await;
    }
}

/// Answers each mark when what stands before it would have been played.
async fn play_until(phone: &mut Guest, over: impl Fn(&Value) -> bool) -> usize {
    let mut bytes = 0;
    loop {
        let next = tokio::time::timeout(Duration::from_secs(8), phone.until(|_| true)).await;
        let Ok(event) = next else { return bytes };
        let event = event.unwrap();
        if over(&event) {
            return bytes;
        }
        match event["event"].as_str() {
            Some("media") => {
                let payload = event["media"]["payload"].as_str().unwrap();
                let piece = STANDARD.decode(payload).unwrap().len();
                assert_eq!(event["streamSid"], "MZ1");
                tokio::time::sleep(Duration::from_millis(piece as u64 / 8)).await;
                bytes += piece;
            }
            Some("mark") => phone.say(&event).await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_asks_and_hears_the_answer_and_hangs_up() {
    let (talk, notices) = house(server(), |_| (), |talk| talk.token("secret"));
    let mut phone = call(&talk).await;
    speak(&mut phone).await;
    let bytes = play_until(&mut phone, |_| false).await;
    // The echo is as long as the question.
    assert!(bytes > 8_000, "{bytes}");
    phone
        .say(&json!({"event": "stop", "streamSid": "MZ1", "stop": {}}))
        .await;
    assert_eq!(phone.end().await, Some(1000));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let notices = notices.lock().unwrap();
    let Some(Notice::Ended {
        reason: EndReason::Closed,
        metrics,
        ..
    }) = notices.last()
    else {
        panic!("{notices:?}")
    };
    assert_eq!(metrics.turns, 1);
}

#[tokio::test(start_paused = true)]
async fn who_speaks_over_the_answer_has_the_provider_s_queue_cleared() {
    let say = json!({"say": {"text": "A long sentence of the model.", "tone_ms": 20_000}});
    let steps = json!([{"when": "turn", "send": [{"transcript": "x"}, say]}]);
    let (talk, _) = script(&steps, |_| ());
    let mut phone = call(&talk).await;
    speak(&mut phone).await;
    let first = phone.until(|event| event["event"] == "mark").await.unwrap();
    phone.say(&first).await;
    speak(&mut phone).await;
    let clear = phone
        .until(|event| event["event"] == "clear")
        .await
        .unwrap();
    assert_eq!(clear["streamSid"], "MZ1");
    let after = phone.heard.len();
    phone.listen(Duration::from_secs(5)).await;
    assert_eq!(
        phone.heard[after..]
            .iter()
            .filter(|event| event["event"] == "media")
            .count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_the_token_is_hung_up_on() {
    let (talk, _) = house(server(), |_| (), |talk| talk.token("another"));
    let mut phone = call(&talk).await;
    assert_eq!(phone.end().await, Some(1008));
    assert_eq!(phone.heard, Vec::<Value>::new());
    let mut nobody = Guest::phone(&talk).await;
    nobody.send(Message::text("{}")).await.unwrap();
    assert_eq!(nobody.end().await, Some(1008));
}
