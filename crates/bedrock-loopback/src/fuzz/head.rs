//! Request heads: whatever is accepted hangs on the secret and on every digit of the signature.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::check_words;
use crate::credentials::AccessKey;
use crate::operation::route;
use crate::verify::{Authenticated, Body, Head, Policy, check_head};

/// A first line of method, target, authority and `tls` or not; lines of headers; behind an empty line the body, or `events`.
pub fn head(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (lines, body) = text.split_once("\n\n").unwrap_or((&text, "events"));
    let mut lines = lines.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, target, authority, tls) = (word(), word(), word(), word() == "tls");
    let _ = route(method, target);
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        // What HTTP itself cannot carry never gets here.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            headers.append(name, value);
        }
    }
    let head = Head {
        method,
        target,
        authority,
        tls,
        headers: &headers,
    };
    let body = match body {
        "events" => Body::Events,
        body => Body::Whole(body.as_bytes()),
    };
    judge(head, body);
}

fn judge(head: Head<'_>, body: Body<'_>) {
    // 2026-01-02T03:04:05Z
    let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let with_secret = |secret: &str| {
        let mut key = AccessKey::example();
        secret.clone_into(&mut key.secret);
        let policy = Policy {
            keys: vec![key],
            region: "us-east-1".to_owned(),
            bearer_keys: vec!["bedrock-api-key".to_owned()],
            max_skew: Some(Duration::from_mins(5)),
            expired: false,
        };
        move |head| check_head(head, body, &policy, now)
    };
    match with_secret(super::SECRET)(head) {
        Err(refusal) => check_words(&refusal),
        Ok(Authenticated::Bearer) => assert!(matches!(body, Body::Whole(_))),
        Ok(Authenticated::Key { seed, .. }) => {
            assert!(with_secret("another")(head).is_err(), "any secret would do");
            let mut headers = head.headers.clone();
            for value in headers.values_mut() {
                let text = String::from_utf8_lossy(value.as_bytes());
                let other = text.replace(&seed, &"0".repeat(seed.len()));
                if let Ok(other) = HeaderValue::from_str(&other) {
                    *value = other;
                }
            }
            let changed = Head {
                headers: &headers,
                ..head
            };
            assert!(
                with_secret(super::SECRET)(changed).is_err(),
                "any signature would do"
            );
        }
    }
}
