//! Opening requests from the server's side: every part checked, mistakes named, aws-sigv4 as oracle.
#![cfg(feature = "aws-sigv4")]
#![expect(clippy::unwrap_used, reason = "tests")]

use eventstream_codec::Timestamp;
use eventstream_sigv4::{
    Credentials, HeadFault, Part, Payload, RequestHead, Scope, Signature, sign_head,
};
use http::request::Parts;
use http::{HeaderValue, Request};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_798_761_599_123);
const BIDI: &str =
    "https://localhost:8443/base/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream";

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn scope() -> Scope {
    Scope::new("us-east-1", "bedrock")
}

fn signed(uri: &str, payload: Payload<'_>, credentials: &Credentials) -> (Parts, Signature) {
    let request = Request::post(uri).header("content-type", "application/vnd.amazon.eventstream");
    let mut parts = request.body(()).unwrap().into_parts().0;
    let head = sign_head(&parts, payload, credentials, &scope(), NOW).unwrap();
    let seed = head.apply(&mut parts.headers);
    (parts, seed)
}

/// The head as the server sees it.
fn received(parts: &Parts) -> RequestHead<'_> {
    parts.try_into().unwrap()
}

fn verify(parts: &Parts) -> Result<Signature, HeadFault> {
    received(parts).verify(&credentials(), &scope(), b"")
}

#[test]
fn what_aws_sigv4_signs_verifies() {
    for payload in [Payload::SignedEvents, Payload::Empty] {
        for uri in [
            BIDI,
            "https://localhost/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream",
            "https://localhost:443/",
            "http://localhost:80/",
            "http://localhost:443/x",
            "https://localhost/?",
            "https://localhost/?b=2&a=1",
        ] {
            let (parts, seed) = signed(uri, payload, &credentials());
            assert_eq!(verify(&parts).unwrap(), seed, "{uri}");
        }
    }
    let (parts, seed) = signed(BIDI, Payload::Body(b"{}"), &credentials());
    assert_eq!(
        received(&parts)
            .verify(&credentials(), &scope(), b"{}")
            .unwrap(),
        seed
    );
}

#[test]
fn a_session_token_must_be_the_right_one() {
    let with = credentials().with_session_token("token");
    let (mut parts, seed) = signed(BIDI, Payload::SignedEvents, &with);
    assert_eq!(received(&parts).verify(&with, &scope(), b"").unwrap(), seed);
    let other = credentials().with_session_token("tokem");
    let fault = received(&parts).verify(&other, &scope(), b"").unwrap_err();
    assert_eq!(fault, HeadFault::SessionToken);
    parts.headers.remove("x-amz-security-token");
    let fault = received(&parts).verify(&with, &scope(), b"").unwrap_err();
    assert_eq!(fault, HeadFault::SessionToken);
}

#[test]
fn each_part_is_checked_and_named() {
    let (parts, _) = signed(BIDI, Payload::SignedEvents, &credentials());
    let fault_of = |change: &dyn Fn(&mut Parts)| {
        let mut wrong = parts.clone();
        change(&mut wrong);
        verify(&wrong).unwrap_err()
    };
    let rewritten = |from: &'static str, to: &'static str| {
        move |parts: &mut Parts| {
            let value = parts.headers["authorization"]
                .to_str()
                .unwrap()
                .replace(from, to);
            parts
                .headers
                .insert("authorization", value.parse().unwrap());
        }
    };
    let unexplained = HeadFault::Signature { differs: None };
    assert_eq!(
        fault_of(&|p| drop(p.headers.remove("authorization"))),
        HeadFault::NoAuthorization
    );
    for (from, to) in [
        ("AWS4-HMAC-SHA256 ", "Bearer "),
        ("aws4_request", "aws3_request"),
        ("Signature=", "Signatur="),
        ("Signature=", "Signature=0"),
        ("SignedHeaders=", "SignedHeaders=a, SignedHeaders="),
        ("Credential=AKIDEXAMPLE/", "Credential="),
    ] {
        assert_eq!(
            fault_of(&rewritten(from, to)),
            HeadFault::MalformedAuthorization,
            "{to}"
        );
    }
    assert_eq!(
        fault_of(&rewritten("AKIDEXAMPLE", "AKIDOTHER")),
        HeadFault::AccessKey
    );
    for (from, to) in [
        ("20261231", "20261230"),
        ("us-east-1", "us-east-2"),
        ("/bedrock/", "/bedrock-runtime/"),
    ] {
        assert!(
            matches!(fault_of(&rewritten(from, to)), HeadFault::Scope { .. }),
            "{to}"
        );
    }
    let unsigned = |name| HeadFault::UnsignedHeader { name };
    assert_eq!(fault_of(&rewritten("host;", "")), unsigned("host"));
    assert_eq!(
        fault_of(&rewritten(";x-amz-date", "")),
        unsigned("x-amz-date")
    );
    assert_eq!(
        fault_of(&rewritten("host;", "host;more;")),
        HeadFault::MissingHeader {
            name: "more".into()
        }
    );
    assert_eq!(
        fault_of(&|p| drop(p.headers.remove("x-amz-date"))),
        HeadFault::Date
    );
    let replaced = |name: &'static str, value: &'static str| {
        move |parts: &mut Parts| {
            parts.headers.insert(name, HeaderValue::from_static(value));
        }
    };
    for date in [
        "20261231X235959Z",
        "20261231T2359590",
        "2026123",
        "2026123aT235959Z",
    ] {
        assert_eq!(
            fault_of(&replaced("x-amz-date", date)),
            HeadFault::Date,
            "{date}"
        );
    }
    let other_hash = replaced("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(fault_of(&other_hash), HeadFault::Payload);
    assert_eq!(fault_of(&replaced("content-type", "x")), unexplained);
    assert_eq!(fault_of(&|p| p.method = http::Method::PUT), unexplained);
    let other = Credentials::new("AKIDEXAMPLE", "another secret");
    assert_eq!(
        received(&parts).verify(&other, &scope(), b"").unwrap_err(),
        unexplained
    );
}

#[test]
fn what_a_client_commonly_gets_wrong_is_named() {
    let differs = |part| HeadFault::Signature {
        differs: Some(part),
    };
    let (parts, _) = signed(BIDI, Payload::Body(b"STREAMING"), &credentials());
    let fault = |parts: &Parts, body| received(parts).verify(&credentials(), &scope(), body);
    assert_eq!(
        fault(&parts, b"").unwrap_err(),
        HeadFault::Signature { differs: None }
    );
    let (parts, _) = signed(BIDI, Payload::Empty, &credentials());
    assert_eq!(fault(&parts, b"{}").unwrap_err(), differs(Part::Payload));

    // Encoded twice on its way: the client signed the path as it stood before.
    let (mut parts, _) = signed("https://localhost/a%3Ab", Payload::Empty, &credentials());
    parts.uri = "https://localhost/a:b".parse().unwrap();
    assert_eq!(fault(&parts, b"").unwrap_err(), differs(Part::Path));
    let (mut parts, _) = signed("https://localhost/a:b", Payload::Empty, &credentials());
    parts.uri = "https://localhost/a%3Ab".parse().unwrap();
    assert_eq!(fault(&parts, b"").unwrap_err(), differs(Part::Path));
    let (mut parts, _) = signed("https://localhost/", Payload::Empty, &credentials());
    parts.uri = "https://localhost:8443/".parse().unwrap();
    assert_eq!(fault(&parts, b"").unwrap_err(), differs(Part::Host));
}

#[test]
fn a_pseudo_header_may_stand_for_the_host() {
    // As AWS's JavaScript SDK signs over HTTP/2; the values are this test's own.
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261231/us-east-1/bedrock/aws4_request, \
                         SignedHeaders=:authority;x-amz-date, \
                         Signature=0000000000000000000000000000000000000000000000000000000000000000";
    let headers = [
        ("authorization", authorization),
        ("x-amz-date", "20261231T235959Z"),
    ];
    let head = RequestHead::new("POST", "/", "localhost:8443", headers);
    let fault = head.verify(&credentials(), &scope(), b"").unwrap_err();
    assert_eq!(fault, HeadFault::Signature { differs: None });
    let explained = head.explain(b"").unwrap();
    assert!(
        explained
            .canonical_request
            .contains("\n:authority:localhost:8443\n")
    );
}

#[test]
fn an_explanation_shows_all_but_the_token() {
    let with = credentials().with_session_token("the-session-token");
    let (parts, _) = signed(BIDI, Payload::SignedEvents, &with);
    let explained = received(&parts).explain(b"").unwrap();
    assert_eq!(
        explained.canonical_request,
        "POST\n\
         /base/model/amazon.nova-2-sonic-v1%253A0/invoke-with-bidirectional-stream\n\
         \n\
         content-type:application/vnd.amazon.eventstream\n\
         host:localhost:8443\n\
         x-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-EVENTS\n\
         x-amz-date:20261231T235959Z\n\
         x-amz-security-token:<redacted>\n\
         \n\
         content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token\n\
         STREAMING-AWS4-HMAC-SHA256-EVENTS"
    );
    let head = "AWS4-HMAC-SHA256\n20261231T235959Z\n20261231/us-east-1/bedrock/aws4_request\n";
    assert!(explained.string_to_sign.starts_with(head));
    assert_eq!(explained.string_to_sign.len(), head.len() + 64);
    let all = format!("{explained} {explained:?} {:?}", received(&parts));
    assert!(!all.contains("the-session-token"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Our canonical request is aws-sigv4's, whatever the path, the query and the headers.
    #[test]
    fn heads_are_canonical_as_in_aws_sigv4(
        path in "(/[A-Za-z0-9%._~:@!$&'()*+,;=-]{0,12}){1,5}/?",
        query in prop::option::of("[a-z]{1,3}=[A-Za-z0-9]{0,3}(&[a-z]{1,3}=[A-Za-z0-9]{0,3}){0,3}"),
        port in prop::option::of(1_u16..),
        values in prop::collection::vec("[ -~]{0,12}", 0..4),
        repeated in prop::collection::vec("[ -~]{0,8}", 0..3),
        token in prop::option::of("[A-Za-z0-9+/=]{1,40}"),
        streams in any::<bool>(),
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let mut request = Request::post(format!("https://localhost{port}{path}{query}"));
        for (index, value) in values.iter().enumerate() {
            request = request.header(format!("x-{index}"), value);
        }
        for value in &repeated {
            request = request.header("x-repeated", value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let payload = if streams { Payload::SignedEvents } else { Payload::Empty };
        let credentials = match token {
            Some(token) => credentials().with_session_token(token),
            None => credentials(),
        };
        let head = sign_head(&parts, payload, &credentials, &scope(), NOW).unwrap();
        let seed = head.apply(&mut parts.headers);
        prop_assert_eq!(received(&parts).verify(&credentials, &scope(), b""), Ok(seed));
    }

    /// No header of the peer's makes the verifier panic.
    #[test]
    fn any_authorization_is_answered(value in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}", date in "[ -~]{0,20}") {
        let headers = [("authorization", value.as_str()), ("x-amz-date", date.as_str())];
        let head = RequestHead::new("POST", "/", "localhost", headers);
        prop_assert!(head.verify(&credentials(), &scope(), b"").is_err());
        let _ = head.explain(b"");
    }
}
