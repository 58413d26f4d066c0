//! How a conversation ends: closed, dropped, refused, lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_loopback::{Builder, Fault, FaultKind, Notice};
use bedrock_stream::{Advice, ErrorKind, VoiceEvent};
use bedrock_wire::Outcome;
use nova_sonic::{ConversationEvent, Renewal};
use serde_json::json;

use super::cast::{CLOSE, ask, build, rest, script, session, start, transcript, turn_ended, until};
use crate::stage::{START_SECS, client, connect, server, server_clock};

/// A Bedrock that writes down how its calls ended.
fn observed() -> (Builder, Arc<Mutex<Vec<Notice>>>) {
    let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let seen = Arc::clone(&notices);
    let server = server()
        .strict(true)
        .observe(move |notice| seen.lock().unwrap().push(notice.clone()));
    (server, notices)
}

fn completed(notices: &Mutex<Vec<Notice>>) -> bool {
    let notices = notices.lock().unwrap();
    notices
        .iter()
        .any(|notice| matches!(notice, Notice::Completed { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_close_may_be_said_twice_and_nothing_goes_out_after_it() {
    let (server, notices) = observed();
    let (voice, mut events) = start(server).await;
    let (_, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    let (first, second) = tokio::join!(voice.close(CLOSE), voice.close(CLOSE));
    assert_eq!(first.unwrap(), second.unwrap());
    assert!(completed(&notices));
    let refused = voice.audio(vec![0; 640]).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused}");
    rest(&mut events).await.1.unwrap();
    assert!(events.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_named_and_the_conversation_goes_on_by_the_services() {
    let off = || server().clock(server_clock(START_SECS + 600)).build();
    let named = "clock is 600 s behind the service's";
    let (voice, mut events) = session(&off().unwrap()).start().await.unwrap();
    let (seen, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    let told = seen.iter().any(|event| match event {
        VoiceEvent::Conversation(ConversationEvent::Recovering { fault, .. }) => {
            fault.to_string().contains(named)
        }
        _ => false,
    });
    assert!(told, "{seen:?}");
    voice.close(CLOSE).await.unwrap();

    let alone = session(&off().unwrap()).renewal(None);
    let Err(error) = alone.start().await else {
        panic!("opened ten minutes off")
    };
    assert!(error.to_string().contains(named), "{error}");
    assert_eq!(error.advice(), Advice::Now);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_nobody_holds_closes_in_order() {
    let (server, notices) = observed();
    let (voice, mut events) = start(server).await;
    ask(&voice).await;
    drop(voice);
    rest(&mut events).await.1.unwrap();
    assert!(completed(&notices));

    let (server, notices) = observed();
    let both = start(server).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(both);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(completed(&notices), "{:?}", notices.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn without_a_listener_it_goes_on_and_its_tools_are_answered() {
    let (voice, events) = start(script(&json!([
        {"when": "text", "contains": "go", "send": [{"tool": {"name": "t", "id": "1", "input": {}}}]},
        {"when": "tool-result", "expect": {"error": "there is nobody to answer"}, "send": [{"say": {"text": "Never mind."}}]}
    ])))
    .await;
    drop(events);
    voice.text("go").unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    voice.close(CLOSE).await.unwrap();
    let said: Vec<_> = transcript(&voice)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(said, ["go", "Never mind."]);
}

#[tokio::test(start_paused = true)]
async fn without_its_driver_it_is_over() {
    let (voice, mut events, driver) = session(&build(server())).conversation().unwrap();
    voice.audio(vec![0; 640]).unwrap();
    drop(driver);
    let error = rest(&mut events).await.1.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Ended), "{error}");
    voice.close(CLOSE).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_in_the_service_s_words() {
    let server = build(server());
    let other = server.clone();
    let wrong = client(&server, "not the secret")
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = other.clone();
            async move { Ok(connect(&server).await) }
        });
    let error = match wrong.start().await {
        Err(error) => error,
        // The call stood before the answer came.
        Ok((voice, mut events)) => {
            let told = rest(&mut events).await.1.unwrap_err();
            let said = voice.audio(vec![0; 640]).unwrap_err();
            assert_eq!(said.to_string(), told.to_string());
            told
        }
    };
    assert_eq!(
        error.service().expect("the service said it").code(),
        "InvalidSignatureException"
    );
    assert_eq!((error.status(), error.advice()), (Some(403), Advice::Never));
}

#[tokio::test(start_paused = true)]
async fn without_renewal_the_end_of_the_leg_is_the_end_with_what_a_restart_needs() {
    let server = build(server().fault(Fault::new(FaultKind::Instability).at(20)));
    let none: Option<Renewal> = None;
    let (voice, mut events) = session(&server).renewal(none).start().await.unwrap();
    let (_, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    let error = rest(&mut events).await.1.unwrap_err();
    assert!(error.to_string().contains("System instability"), "{error}");
    assert_eq!(error.advice(), Advice::NewSession);
    assert!(error.request_id().is_some());
    assert_eq!(voice.restart().history.len(), 2);
    assert!(matches!(voice.outcome(), Some(Outcome::Failed { .. })));
    assert!(events.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn with_renewal_it_is_not_even_an_end() {
    let server = build(server().fault(Fault::new(FaultKind::Instability).at(20).times(1)));
    let (voice, mut events) = session(&server).start().await.unwrap();
    let (_, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    tokio::time::sleep(Duration::from_secs(30)).await;
    voice.unmute();
    let (_, ()) = tokio::join!(until(&mut events, turn_ended), ask(&voice));
    let summary = voice.close(CLOSE).await.unwrap();
    assert_eq!(summary.legs, 2);
    rest(&mut events).await.1.unwrap();
}
