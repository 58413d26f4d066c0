//! Who comes in: by HTTP head, by hello, by number.

use std::sync::Arc;
use std::time::Duration;

use bedrock_talk::{Notice, Refusal, Talk};
use http::{Method, Request, StatusCode};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::guest::Guest;
use crate::house::{Notices, echo, house};
use crate::stage::{START_SECS, client, connect, server, server_clock};

fn request(path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder()
        .uri(path)
        .header("host", "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    // RFC 6455, 1.3.
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test]
async fn the_page_is_served_wherever_it_is_mounted() {
    let (talk, _) = echo(|_| ());
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/voice/", StatusCode::OK),
        ("/voice/talk.js", StatusCode::OK),
        ("/talk.css?v=1", StatusCode::OK),
        ("/../talk.rs", StatusCode::NOT_FOUND),
        ("/talk", StatusCode::UPGRADE_REQUIRED),
    ] {
        assert_eq!(talk.respond(request(path, &[])).status(), status, "{path}");
    }
    let mut post = request("/", &[]);
    *post.method_mut() = Method::POST;
    assert_eq!(talk.respond(post).status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_upgrade_is_agreed_on_as_the_rfc_says() {
    let (talk, _) = echo(|_| ());
    let response = talk.respond(request("/talk", &UPGRADE));
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let accept = &response.headers()["sec-websocket-accept"];
    assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for missing in 0..UPGRADE.len() {
        let mut headers = UPGRADE.to_vec();
        headers.remove(missing);
        let response = talk.respond(request("/talk", &headers));
        assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
    }
}

#[tokio::test]
async fn pages_of_others_and_names_of_others_are_refused() {
    let (talk, notices) = echo(|_| ());
    let mut headers = UPGRADE.to_vec();
    headers.push(("origin", "http://evil.example"));
    let response = talk.respond(request("/talk", &headers));
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let mut rebound = request("/talk", &UPGRADE);
    rebound
        .headers_mut()
        .insert("host", "evil.example".parse().unwrap());
    assert_eq!(
        talk.respond(rebound).status(),
        StatusCode::MISDIRECTED_REQUEST
    );
    let notices = notices.lock().unwrap();
    let why: Vec<_> = notices
        .iter()
        .map(|notice| match notice {
            Notice::Refused { why, .. } => *why,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(why, [Refusal::Origin, Refusal::Host]);
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_is_not_what_it_must_be_is_refused_with_its_reason() {
    let (talk, _) = house(server(), |_| (), |talk| talk.token("secret"));
    for (hello, code) in [
        (json!({}), "token"),
        (json!({"token": "wrong"}), "token"),
        (json!({"token": "secret", "version": 2}), "version"),
        (json!({"token": "secret", "inputRate": 44_100}), "hello"),
        (
            json!({"token": "secret", "resume": "nobody"}),
            "unknownSession",
        ),
    ] {
        let (mut guest, refused) = Guest::say_hello(&talk, hello).await;
        assert_eq!(
            (&refused["type"], &refused["code"]),
            (&json!("error"), &json!(code))
        );
        assert!(guest.end().await.is_some());
    }
    let (_guest, ready) = Guest::say_hello(&talk, json!({"token": "secret"})).await;
    assert_eq!(ready["type"], "ready");
    // Something else first, and nothing at all.
    let mut hasty = Guest::silent(&talk).await;
    hasty.send(Message::binary(vec![0; 2])).await.unwrap();
    assert_eq!(hasty.until_type("error").await["code"], "hello");
    let mut mute = Guest::silent(&talk).await;
    assert_eq!(mute.until_type("error").await["code"], "hello");
    assert_eq!(talk.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_sessions_than_there_may_be() {
    let (talk, _) = echo(|limits| limits.sessions = 2);
    let (_one, _) = Guest::join(&talk).await;
    let (mut two, _) = Guest::join(&talk).await;
    let (mut three, refused) = Guest::join(&talk).await;
    assert_eq!(refused["code"], "tooManySessions");
    assert_eq!(three.end().await, Some(1013));
    two.say(&json!({"type": "bye"})).await;
    two.until_type("ended").await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let (_three, ready) = Guest::join(&talk).await;
    assert_eq!(ready["type"], "ready");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_start_is_explained_to_the_operator_alone() {
    let bedrock = server().clock(server_clock(START_SECS)).build().unwrap();
    let session = client(&bedrock, "another secret")
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let bedrock = bedrock.clone();
            async move { Ok(connect(&bedrock).await) }
        });
    let notices = Notices::default();
    let told = Arc::clone(&notices);
    let talk = Talk::builder(move |_| Some(session.clone()))
        .observe(move |notice| told.lock().unwrap().push(notice.clone()))
        .build();
    let (mut guest, first) = Guest::join(&talk).await;
    let told = if first["type"] == "error" {
        first
    } else {
        guest.until_type("ended").await
    };
    assert!(!told.to_string().contains("Exception"), "{told}");
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(talk.sessions(), 0);
    let notices = format!("{:?}", notices.lock().unwrap());
    assert!(notices.contains("InvalidSignatureException"), "{notices}");
    assert!(!notices.contains("another secret"), "{notices}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token() {
    let (talk, _) = echo(|_| ());
    let error = talk.listen(([0, 0, 0, 0], 0).into()).await.unwrap_err();
    assert!(error.to_string().contains("token"), "{error}");
}
