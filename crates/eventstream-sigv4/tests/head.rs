//! The opening request: headers, payload forms, hosts and paths.
#![cfg(feature = "aws-sigv4")]
#![expect(clippy::unwrap_used, reason = "tests")]

use eventstream_codec::Timestamp;
use eventstream_sigv4::{Credentials, Payload, Scope, SignHeadError, SignedHead, sign_head};
use http::request::Parts;
use http::{HeaderValue, Request};

const NOW: Timestamp = Timestamp::from_millis(1_798_761_599_123);

fn request(uri: &str) -> Parts {
    Request::post(uri)
        .header("content-type", "application/vnd.amazon.eventstream")
        .header("user-agent", "not signed")
        .body(())
        .unwrap()
        .into_parts()
        .0
}

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn signed(parts: &Parts, payload: Payload<'_>, credentials: &Credentials) -> SignedHead {
    sign_head(
        parts,
        payload,
        credentials,
        &Scope::new("us-east-1", "bedrock"),
        NOW,
    )
    .unwrap()
}

fn text<'a>(head: &'a SignedHead, name: &str) -> Option<&'a str> {
    head.headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn a_stream_of_signed_events_says_so() {
    let head = signed(
        &request("https://localhost/model/m/x"),
        Payload::SignedEvents,
        &credentials(),
    );
    assert_eq!(
        text(&head, "x-amz-content-sha256"),
        Some("STREAMING-AWS4-HMAC-SHA256-EVENTS")
    );
    assert_eq!(text(&head, "x-amz-date"), Some("20261231T235959Z"));
    assert_eq!(
        text(&head, "authorization").unwrap(),
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261231/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature={}",
            head.seed
        )
    );
    assert!(head.headers["authorization"].is_sensitive());
}

#[test]
fn the_other_forms_add_no_header() {
    for payload in [Payload::Empty, Payload::Body(b"{}")] {
        let head = signed(&request("https://localhost/"), payload, &credentials());
        assert_eq!(text(&head, "x-amz-content-sha256"), None);
    }
    let seed = |payload| signed(&request("https://localhost/"), payload, &credentials()).seed;
    assert_eq!(seed(Payload::Empty), seed(Payload::Body(b"")));
    assert_ne!(seed(Payload::Empty), seed(Payload::Body(b"{}")));
    assert_ne!(seed(Payload::Empty), seed(Payload::SignedEvents));
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let with = credentials().with_session_token("the-token");
    let head = signed(&request("https://localhost/"), Payload::SignedEvents, &with);
    assert_eq!(text(&head, "x-amz-security-token"), Some("the-token"));
    assert!(head.headers["x-amz-security-token"].is_sensitive());
    assert!(
        text(&head, "authorization")
            .unwrap()
            .contains(";x-amz-security-token,")
    );
    assert!(!format!("{head:?}").contains("the-token"));
}

#[test]
fn a_request_can_be_signed_again() {
    let mut parts = request("https://localhost/");
    let first = signed(
        &parts,
        Payload::SignedEvents,
        &credentials().with_session_token("old"),
    );
    let _seed = first.apply(&mut parts.headers);
    let second = signed(&parts, Payload::Empty, &credentials());
    let fresh = signed(
        &request("https://localhost/"),
        Payload::Empty,
        &credentials(),
    );
    assert_eq!(second.seed, fresh.seed);
    let seed = second.apply(&mut parts.headers);
    assert_eq!(seed, fresh.seed);
    let mut expected = request("https://localhost/");
    let _seed = fresh.apply(&mut expected.headers);
    assert_eq!(parts.headers, expected.headers);
}

#[test]
fn the_port_is_signed_unless_it_is_the_schemes_own() {
    let seed = |uri| signed(&request(uri), Payload::Empty, &credentials()).seed;
    assert_eq!(seed("https://localhost/"), seed("https://localhost:443/"));
    assert_ne!(seed("https://localhost/"), seed("https://localhost:8443/"));
    let mut parts = request("/");
    parts
        .headers
        .insert("host", HeaderValue::from_static("localhost:8443"));
    assert_eq!(
        signed(&parts, Payload::Empty, &credentials()).seed,
        seed("https://localhost:8443/")
    );
}

#[test]
fn what_cannot_be_signed_is_an_error_and_no_panic() {
    let sign = |parts: &Parts, now| {
        sign_head(
            parts,
            Payload::Empty,
            &credentials(),
            &Scope::new("r", "s"),
            now,
        )
    };
    let relative = sign(&request("/model/m/x"), NOW);
    assert!(matches!(relative, Err(SignHeadError::NoHost)));
    for millis in [-1, i64::MIN, i64::MAX] {
        let never = sign(
            &request("https://localhost/"),
            Timestamp::from_millis(millis),
        );
        assert!(matches!(never, Err(SignHeadError::DateOutOfRange { .. })));
    }
    let mut parts = request("https://localhost/");
    parts
        .headers
        .insert("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
    assert!(matches!(
        sign(&parts, NOW),
        Err(SignHeadError::HeaderNotText { .. })
    ));
    let bad_token = credentials().with_session_token("line\nbreak");
    let parts = request("https://localhost/");
    let refused = sign_head(
        &parts,
        Payload::Empty,
        &bad_token,
        &Scope::new("r", "s"),
        NOW,
    );
    let error = refused.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("break"));
}
