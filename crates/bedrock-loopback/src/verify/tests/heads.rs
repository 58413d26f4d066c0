//! Request heads: a thousand random ones by AWS's signer, and each with one thing changed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use crate::credentials::AccessKey;
use crate::date::Utc;
use crate::verify::hash::sha256_hex as sha256_of;
use crate::verify::signer::Signer;
use crate::verify::*;

/// A request as it arrives.
#[derive(Debug, Clone)]
struct Request {
    target: String,
    authority: String,
    tls: bool,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Request {
    fn check(&self, policy: &Policy, now: SystemTime) -> Result<Authenticated, Refusal> {
        let head = Head {
            method: "POST",
            target: &self.target,
            authority: &self.authority,
            tls: self.tls,
            headers: &self.headers,
        };
        let body = self.body.as_deref().map_or(Body::Events, Body::Whole);
        check_head(head, body, policy, now)
    }

    fn set(&mut self, name: &'static str, value: &str) {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
    }

    fn replace(&mut self, name: &'static str, from: &str, to: &str) {
        let value = self.headers[name].to_str().unwrap().to_owned();
        assert!(value.contains(from), "{value} has no {from}");
        self.set(name, &value.replace(from, to));
    }
}

/// A random request, signed by AWS's signer, and what it is signed for.
#[derive(Debug, Clone)]
struct Signed {
    request: Request,
    policy: Policy,
    now: SystemTime,
    seed: String,
}

fn signed() -> impl Strategy<Value = Signed> {
    let model = "[a-zA-Z0-9:/ %*'()!@,;=$&+éü_~-]{1,40}";
    let host = prop::sample::select(vec![
        "localhost:39137",
        "localhost",
        "127.0.0.1:8443",
        "bedrock-runtime.eu-north-1.amazonaws.com",
    ]);
    let region = prop::sample::select(vec!["us-east-1", "eu-north-1", "ap-northeast-1"]);
    let token = prop::option::of("[A-Za-z0-9+/=]{1,900}");
    let extra = prop::collection::btree_map(
        "x-amz[a-z0-9-]{1,12}",
        "[!-~]{1,9}( {1,3}[!-~]{1,9}){0,3}",
        0..4,
    );
    let body = prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    let second = 946_684_800_u64..4_102_444_800;
    (
        model,
        host,
        region,
        token,
        extra,
        body,
        second,
        "[A-Z0-9]{16}",
        "[A-Za-z0-9+/]{40}",
    )
        .prop_map(
            |(model, host, region, token, extra, body, second, id, secret)| {
                let now = UNIX_EPOCH + Duration::from_secs(second);
                let signer = Signer {
                    credentials: Credentials::new(&id, &secret, token.clone(), None, "test"),
                    region: region.to_owned(),
                    service: "bedrock".to_owned(),
                };
                let target = format!("/model/{}/converse", percent_encode(&model));
                let mut headers: Vec<(&str, &str)> = vec![("content-type", "application/json")];
                headers.extend(
                    extra
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str())),
                );
                let signed_body = body.clone().unwrap_or_default();
                let (head, seed) = signer.head(&target, host, &headers, &signed_body, now);
                let request = Request {
                    target,
                    authority: host.to_owned(),
                    tls: true,
                    headers: head.headers().clone(),
                    body,
                };
                let policy = Policy {
                    keys: vec![AccessKey {
                        id,
                        secret,
                        session_token: token,
                    }],
                    region: region.to_owned(),
                    bearer_keys: Vec::new(),
                    max_skew: Some(Duration::from_mins(5)),
                    expired: false,
                };
                Signed {
                    request,
                    policy,
                    now,
                    seed,
                }
            },
        )
}

fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

type Change = fn(&mut Signed);

/// What can be wrong with a head, and the part that must be named.
const WRONG_HEADS: [(Part, Change); 22] = [
    (Part::AuthorizationMissing, |case| {
        case.request.headers.remove("authorization");
    }),
    (Part::AuthorizationFormat, |case| {
        case.request.replace(
            "authorization",
            "AWS4-HMAC-SHA256",
            "AWS4-ECDSA-P256-SHA256",
        );
    }),
    (Part::AuthorizationFormat, |case| {
        case.request
            .replace("authorization", "Signature=", "Signature=A");
    }),
    (Part::AuthorizationFormat, |case| {
        case.request
            .replace("authorization", "SignedHeaders", "Headers");
    }),
    (Part::AccessKey, |case| {
        case.policy.keys[0].id = "AKIDNOBODY".to_owned();
    }),
    (Part::SessionToken, |case| {
        case.policy.keys[0].session_token = Some("another".to_owned());
    }),
    (Part::Expired, |case| case.policy.expired = true),
    (Part::RequestDate, |case| {
        case.request.headers.remove("x-amz-date");
    }),
    (Part::RequestDate, |case| {
        case.request.set("x-amz-date", "2026-01-02T03:04:05Z");
    }),
    (Part::ScopeDate, |case| {
        let other = case.now + Duration::from_hours(24);
        case.request
            .set("x-amz-date", &Utc::from_system(other).basic());
    }),
    (Part::Region, |case| {
        case.policy.region = "sa-east-1".to_owned();
    }),
    (Part::Service, |case| {
        case.request
            .replace("authorization", "/bedrock/", "/bedrock-runtime/");
    }),
    (Part::ScopeEnd, |case| {
        case.request
            .replace("authorization", "/aws4_request", "/aws5_request");
    }),
    (Part::RequestSkew, |case| {
        case.now += Duration::from_secs(301);
    }),
    (Part::RequestSkew, |case| {
        case.now -= Duration::from_secs(301);
    }),
    (Part::SignedHeaders, |case| {
        case.request.set("x-amz-unsigned", "1");
    }),
    (Part::SignedHeaders, |case| {
        case.request
            .replace("authorization", "content-type;host", "host;content-type");
    }),
    (Part::SignedHeaders, |case| {
        case.request.headers.remove("content-type");
    }),
    (Part::PayloadHash, |case| {
        case.request.body = Some(b"another body, longer than any other".to_vec());
    }),
    (Part::Host, |case| case.request.authority.push('0')),
    (Part::Signature, |case| case.request.target.push('x')),
    (Part::Signature, |case| case.policy.keys[0].secret.push('x')),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn agrees_with_aws_on_heads(case in signed()) {
        let accepted = case.request.check(&case.policy, case.now);
        let key = case.policy.keys[0].clone();
        prop_assert_eq!(accepted, Ok(Authenticated::Key { key, seed: case.seed.clone() }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn one_wrong_part_of_a_head_is_refused_by_name(case in signed()) {
        for (at, (part, change)) in WRONG_HEADS.iter().enumerate() {
            let mut wrong = case.clone();
            change(&mut wrong);
            let refusal = wrong.request.check(&wrong.policy, wrong.now).unwrap_err();
            // Nothing in a signature says which body or which host was meant, unless the guess is a likely one.
            let unnamed = [Part::PayloadHash, Part::Host].contains(part);
            let as_signature = unnamed && refusal.part() == Part::Signature;
            prop_assert!(refusal.part() == *part || as_signature, "change {}: {}", at, refusal);
        }
    }

    #[test]
    fn no_token_is_shown(case in signed()) {
        let mut wrong = case;
        wrong.request.target.push('x');
        let shown = format!("{0} {0:?}", wrong.request.check(&wrong.policy, wrong.now).unwrap_err());
        if let Some(token) = wrong.policy.keys[0].session_token.as_ref().filter(|token| token.len() > 6) {
            prop_assert!(!shown.contains(token.as_str()));
        }
        prop_assert!(!shown.contains(&wrong.policy.keys[0].secret));
    }
}

/// A head in one of the forms that aws-sigv4 does not write, signed with its primitives.
fn handmade(signed_headers: &[(&str, &str)], path: &str, payload_hash: &str) -> Signed {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let names: Vec<_> = signed_headers.iter().map(|(name, _)| *name).collect();
    let lines = signed_headers.iter().flat_map(|(name, value)| {
        [
            *name, ":", *value, "
",
        ]
    });
    let lines: String = lines.collect();
    let names = names.join(";");
    let canonical = format!("POST\n{path}\n\n{lines}\n{names}\n{payload_hash}");
    let scope = "20260102/us-east-1/bedrock/aws4_request";
    let hash = sha256_of(canonical.as_bytes());
    let text = format!("AWS4-HMAC-SHA256\n20260102T030405Z\n{scope}\n{hash}");
    let key = AccessKey::example();
    let seed = calculate_signature(
        generate_signing_key(&key.secret, now, "us-east-1", "bedrock"),
        text.as_bytes(),
    );
    let mut headers = HeaderMap::new();
    for (name, value) in signed_headers
        .iter()
        .filter(|(name, _)| !name.starts_with(':') && *name != "host")
    {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={seed}",
        key.id
    );
    headers.insert(
        "authorization",
        HeaderValue::from_str(&authorization).unwrap(),
    );
    Signed {
        request: Request {
            target: "/model/a%3A0/invoke-with-bidirectional-stream".to_owned(),
            authority: "localhost:39137".to_owned(),
            tls: true,
            headers,
            body: None,
        },
        policy: Policy {
            keys: vec![key],
            region: "us-east-1".to_owned(),
            bearer_keys: Vec::new(),
            max_skew: Some(Duration::from_mins(5)),
            expired: false,
        },
        now,
        seed,
    }
}

const CANONICAL_PATH: &str = "/model/a%253A0/invoke-with-bidirectional-stream";
const STREAMING: &str = "STREAMING-AWS4-HMAC-SHA256-EVENTS";
const DATE: (&str, &str) = ("x-amz-date", "20260102T030405Z");

fn part_of(case: &Signed) -> Option<Part> {
    case.request
        .check(&case.policy, case.now)
        .err()
        .map(|refusal| refusal.part())
}

#[test]
fn the_forms_of_other_sdks_are_accepted() {
    let content = ("content-type", "application/vnd.amazon.eventstream");
    let js = [
        (":authority", "localhost:39137"),
        content,
        ("x-amz-content-sha256", STREAMING),
        DATE,
    ];
    assert_eq!(part_of(&handmade(&js, CANONICAL_PATH, STREAMING)), None);

    let host = ("host", "localhost:39137");
    let python = [content, host, ("x-amz-content-sha256", STREAMING), DATE];
    let mut python = handmade(&python, CANONICAL_PATH, STREAMING);
    python.request.target.push('?');
    assert_eq!(part_of(&python), None);

    let empty = sha256_of(b"");
    let rust = [content, host, DATE];
    assert_eq!(part_of(&handmade(&rust, CANONICAL_PATH, &empty)), None);

    let default_port = [content, ("host", "localhost"), DATE];
    let mut default_port = handmade(&default_port, CANONICAL_PATH, &empty);
    default_port.request.authority = "localhost:443".to_owned();
    assert_eq!(part_of(&default_port), None);
    default_port.request.tls = false;
    assert_eq!(part_of(&default_port), Some(Part::Host));
}

#[test]
fn known_mistakes_are_named() {
    let empty = sha256_of(b"");
    let host = ("host", "localhost:39137");
    let encoded_once = handmade(
        &[host, DATE],
        "/model/a%3A0/invoke-with-bidirectional-stream",
        &empty,
    );
    assert_eq!(part_of(&encoded_once), Some(Part::CanonicalPath));

    let unsigned_payload = handmade(&[host, DATE], CANONICAL_PATH, "UNSIGNED-PAYLOAD");
    assert_eq!(part_of(&unsigned_payload), Some(Part::PayloadHash));

    let other_hash = [host, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), DATE];
    let other_hash = handmade(&other_hash, CANONICAL_PATH, "UNSIGNED-PAYLOAD");
    assert_eq!(part_of(&other_hash), Some(Part::PayloadHash));

    let no_port = handmade(&[("host", "localhost"), DATE], CANONICAL_PATH, &empty);
    assert_eq!(part_of(&no_port), Some(Part::Host));

    let no_host = handmade(&[DATE], CANONICAL_PATH, &empty);
    assert_eq!(part_of(&no_host), Some(Part::SignedHeaders));
}

#[test]
fn bearer_keys_open_one_way_calls_only() {
    let mut case = handmade(&[("host", "localhost:39137"), DATE], CANONICAL_PATH, "");
    case.request.set("authorization", "Bearer key-1");
    case.request.body = Some(Vec::new());
    assert_eq!(part_of(&case), Some(Part::BearerKey));
    case.policy.bearer_keys.push("key-1".to_owned());
    assert_eq!(
        case.request.check(&case.policy, case.now),
        Ok(Authenticated::Bearer)
    );
    case.request.body = None;
    assert_eq!(part_of(&case), Some(Part::BearerKey));
}
