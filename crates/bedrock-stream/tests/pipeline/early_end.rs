//! The service ends a session early: both halves say what it said.

use std::time::Duration;

use bedrock_stream::{Advice, ErrorKind, Phase};

use crate::stage::{open, server, try_open};

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_told_in_the_service_s_words() {
    let Err(error) = try_open(server(), "not the secret", |session| session).await else {
        panic!("opened with a wrong secret")
    };
    let service = error.service().expect("the service said it");
    assert_eq!(service.code(), "InvalidSignatureException");
    assert_eq!(error.status(), Some(403));
    assert_eq!(error.phase(), Phase::Open);
    assert_eq!(error.advice(), Advice::Never);
    assert!(error.request_id().is_some());
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_input_is_ended_by_the_service_in_its_own_words() {
    let stage = open(server(), |session| session).await;
    let (mut voice, mut events) = (stage.voice, stage.events);
    let speak = async {
        voice.audio(&[0; 1024]).await.expect("the first goes");
        tokio::time::sleep(Duration::from_mins(1)).await;
        voice.audio(&[0; 1024]).await.expect_err("too late")
    };
    let listen = async {
        loop {
            if let Err(error) = events.next().await {
                return error;
            }
        }
    };
    let (spoken, heard) = tokio::join!(speak, listen);
    assert!(heard.to_string().contains("532"), "{heard}");
    assert_eq!(heard.advice(), Advice::NewSession);
    assert_eq!(spoken.to_string(), heard.to_string());
}

#[tokio::test(start_paused = true)]
async fn what_the_order_forbids_is_refused_before_it_is_sent() {
    let mut stage = open(server(), |session| session).await;
    let error = stage
        .voice
        .tool_result("nobody", &nova_sonic::ToolResult::text("x"))
        .await;
    assert!(matches!(error.unwrap_err().kind(), ErrorKind::Refused(_)));
    let odd = stage.voice.audio(&[0; 3]).await;
    assert!(matches!(odd.unwrap_err().kind(), ErrorKind::Refused(_)));
    // The session goes on.
    stage.voice.audio(&[0; 1024]).await.expect("still open");
    stage.voice.close().await.expect("closes");
    while stage.events.next().await.expect("in order").is_some() {}
    assert!(stage.events.outcome().expect("ended").is_complete());
}
