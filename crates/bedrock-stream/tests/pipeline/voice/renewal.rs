//! Legs that are replaced in time, and a next one that the service refuses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_loopback::{
    EXAMPLE_ACCESS_KEY_ID, EXAMPLE_SECRET_ACCESS_KEY, Fault, FaultKind, Traffic,
};
use bedrock_stream::{
    Credentials, CredentialsFuture, ProvideCredentials, Voice, VoiceEvent, VoiceEvents,
};
use eventstream_codec::Timestamp;
use nova_sonic::{ConversationEvent, RenewalReason, Setup};
use tokio::time::Instant;

use super::cast::{
    CLOSE, ask, build, renewed, rest, session, speech, transcript, turn_ended, until,
};
use crate::stage::{START_SECS, client_settings, connect, server};

/// Each key lives for two minutes.
struct TwoMinutes {
    began: Instant,
}

impl ProvideCredentials for TwoMinutes {
    fn provide(&self) -> CredentialsFuture<'_> {
        let expires = Duration::from_secs(START_SECS) + self.began.elapsed() + KEY_LIFE;
        let expires = Timestamp::from_millis(i64::try_from(expires.as_millis()).unwrap());
        let key = Credentials::new(EXAMPLE_ACCESS_KEY_ID, EXAMPLE_SECRET_ACCESS_KEY);
        Box::pin(std::future::ready(Ok(key.with_expiry(expires))))
    }
}

const KEY_LIFE: Duration = Duration::from_mins(2);

fn reasons(events: &[VoiceEvent]) -> Vec<RenewalReason> {
    let reason = |event: &VoiceEvent| match event {
        VoiceEvent::Conversation(ConversationEvent::Renewing { reason }) => Some(*reason),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}

/// The user asks the question, and hears the answer to its end.
async fn ask_and_hear(voice: &Voice, events: &mut VoiceEvents) -> Vec<VoiceEvent> {
    voice.unmute();
    let (seen, ()) = tokio::join!(until(events, turn_ended), ask(voice));
    assert!(speech(&seen) > 2 * 24_000);
    seen
}

#[tokio::test(start_paused = true)]
async fn a_leg_is_replaced_before_its_key_expires() {
    let began = Instant::now();
    // When each call was last sent something.
    let sent: Arc<Mutex<BTreeMap<u64, Instant>>> = Arc::default();
    let log = Arc::clone(&sent);
    let server = build(server().strict(true).tap(move |call, traffic| {
        if let Traffic::RequestBytes(_) = traffic {
            log.lock().unwrap().insert(call, Instant::now());
        }
    }));
    let client = client_settings(&server, START_SECS)
        .credentials(TwoMinutes { began })
        .build()
        .unwrap();
    let pipe = server.clone();
    let (voice, mut events) = client
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = pipe.clone();
            async move { Ok(connect(&server).await) }
        })
        .start()
        .await
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(ask_and_hear(&voice, &mut events).await);
        // Nothing is given, and little silence keeps the session alive.
        voice.unmute();
        tokio::time::sleep(Duration::from_secs(50)).await;
    }
    assert!(began.elapsed() > KEY_LIFE + Duration::from_secs(20));
    let summary = voice.close(CLOSE).await.unwrap();
    seen.extend(rest(&mut events).await.0);
    let reasons = reasons(&seen);
    assert!(
        reasons.len() >= 2
            && reasons
                .iter()
                .all(|reason| *reason == RenewalReason::Credentials),
        "{reasons:?}"
    );
    assert_eq!(summary.dropped_ms, 0);
    assert_eq!(transcript(&voice).len(), 6);
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), reasons.len() + 1);
    let first = sent.values().next().unwrap();
    assert!(*first < began + KEY_LIFE, "{:?}", *first - began);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_goes_away_is_replaced_behind_the_answer() {
    // Before the first speech of the answer.
    let goes_away = Fault::new(FaultKind::GoAwayAbove).at(12).times(1);
    let server = build(server().strict(true).fault(goes_away));
    let (voice, mut events) = session(&server).start().await.unwrap();
    let mut seen = ask_and_hear(&voice, &mut events).await;
    seen.extend(until(&mut events, renewed).await);
    assert_eq!(reasons(&seen), [RenewalReason::GoingAway]);
    let turns = seen.iter().filter(|event| turn_ended(event)).count();
    assert_eq!(turns, 1, "answered once, by the leg that heard it");
    ask_and_hear(&voice, &mut events).await;
    assert_eq!(transcript(&voice).len(), 4);
    let summary = voice.close(CLOSE).await.unwrap();
    assert_eq!((summary.legs, summary.dropped_ms), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_the_service_refuses_leaves_the_one_before() {
    let server = build(server().strict(true));
    let (voice, mut events) = session(&server).start().await.unwrap();
    ask_and_hear(&voice, &mut events).await;
    let mut setup = Setup::default();
    setup.prompt.voice = "nobody".into();
    voice.renew(Some(setup)).unwrap();
    // The service may have accepted the call by then: in time or not, the setup before it is the way on.
    let refused = |event: &VoiceEvent| {
        let VoiceEvent::Conversation(event) = event else {
            return false;
        };
        let (ConversationEvent::RenewalFailed { fault, .. }
        | ConversationEvent::Recovering { fault, .. }) = event
        else {
            return false;
        };
        fault.to_string().contains("Received invalid voiceId")
    };
    until(&mut events, refused).await;
    ask_and_hear(&voice, &mut events).await;
    voice.renew(None).unwrap();
    until(&mut events, renewed).await;
    ask_and_hear(&voice, &mut events).await;
    assert_eq!(transcript(&voice).len(), 6);
    let summary = voice.close(CLOSE).await.unwrap();
    assert!(summary.legs >= 2 && summary.dropped_ms == 0, "{summary:?}");
    rest(&mut events).await.1.unwrap();
}
