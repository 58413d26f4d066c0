//! The signed vectors of other implementations, where the folder stands beside the workspace.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;

use bytes::BytesMut;
use eventstream_codec::{Limits, Parsed, Seal, Timestamp, parse};
use eventstream_sigv4::{
    Credentials, EventSigner, EventStringToSign, EventVerifier, RequestHead, Scope, SigningKey,
    VerifiedEvent,
};
use serde_json::Value;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/vectors/signed"
);

fn cases() -> Vec<Value> {
    if !Path::new(FOLDER).exists() {
        return Vec::new();
    }
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let case: Value = serde_json::from_str(&text).unwrap();
        match case["kind"].as_str() {
            Some("signed") => cases.push(case),
            // Its signature is a stand-in of 33 bytes, with no key: a case for the codec.
            Some("signed-frame") => {}
            other => panic!("an unknown kind of case: {other:?}"),
        }
    }
    assert!(cases.len() >= 7, "cases are missing");
    cases
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

fn hex(value: &Value, name: &str) -> Vec<u8> {
    let digits = text(value, name).as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// The moment that `YYYYMMDDTHHMMSSZ` says, by counting days.
fn moment(text: &str) -> Timestamp {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let years: i64 = (1970..year).map(|year| 365 + i64::from(leap(year))).sum();
    let february = 28 + i64::from(leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = months[..usize::try_from(month - 1).unwrap()].iter().sum();
    let days = years + months + day - 1;
    let secs = days * 86_400 + number(9, 11) * 3600 + number(11, 13) * 60 + number(13, 15);
    Timestamp::from_millis(secs * 1000)
}

fn parties(case: &Value) -> (Credentials, Scope) {
    (
        Credentials::new(text(case, "access_key_id"), text(case, "secret_access_key")),
        Scope::new(text(case, "region"), text(case, "service")),
    )
}

#[test]
fn every_event_has_its_string_to_sign_and_its_signature() {
    for case in cases() {
        let (credentials, scope) = parties(&case);
        for event in case["events"].as_array().unwrap() {
            let at = moment(text(event, "timestamp"));
            let prior = hex(event, "prior_signature");
            let headers = hex(event, "hashed_headers_hex");
            let payload = hex(event, "payload_hex");
            let string = EventStringToSign::new(at, &scope, &prior, &headers, &payload).unwrap();
            assert_eq!(
                string.as_str(),
                text(event, "string_to_sign"),
                "{}",
                case["name"]
            );
            let key = SigningKey::derive(&credentials, &scope, at).unwrap();
            let signature = key.sign_event(at, &prior, &headers, &payload).unwrap();
            assert_eq!(
                signature.to_string(),
                text(event, "signature"),
                "{}",
                case["name"]
            );
        }
    }
}

#[test]
fn whole_frames_are_signed_alike_and_verify() {
    for case in cases() {
        let (credentials, scope) = parties(&case);
        let events = case["events"].as_array().unwrap();
        if events[0]["outer_frame_hex"].is_null() {
            continue;
        }
        let seed = text(&events[0], "prior_signature").parse().unwrap();
        let mut signer = EventSigner::new(seed, &credentials, scope.clone());
        let mut verifier = EventVerifier::new(seed, &credentials, scope);
        for event in events {
            let expected = hex(event, "outer_frame_hex");
            // The generator's clock ran 123 ms past the second.
            let now = moment(text(event, "timestamp")).as_millis() + 123;
            let now = Timestamp::from_millis(now);
            let payload = hex(event, "payload_hex");
            let mut wire = BytesMut::new();
            if payload.is_empty() {
                signer.seal_end(now, &mut wire).unwrap();
            } else {
                wire.resize(signer.headroom(), 0);
                wire.extend_from_slice(&payload);
                signer.seal(now, &mut wire, 0).unwrap();
            }
            assert_eq!(wire, expected);
            let Ok(Parsed::Frame(outer)) = parse(&expected, &Limits::strict()) else {
                panic!("no frame")
            };
            match verifier.verify(outer).unwrap() {
                VerifiedEvent::Event { frame, .. } => assert_eq!(frame, payload),
                VerifiedEvent::End { .. } => assert!(payload.is_empty()),
            }
        }
        verifier.finish().unwrap();
    }
}

#[test]
fn the_opening_request_verifies() {
    for case in cases() {
        let request = &case["initial_request"];
        if request.is_null() {
            continue;
        }
        let (credentials, scope) = parties(&case);
        let fields = request["headers"].as_object().unwrap();
        let names: Vec<_> = fields
            .keys()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let values = fields.values().map(|value| value.as_str().unwrap());
        let mut headers: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
        headers.push(("authorization", text(request, "expected_authorization")));
        let host = text(&request["headers"], "host");
        let (method, path) = (text(request, "method"), text(request, "path"));
        let head = RequestHead::new(method, path, host, headers);
        let seed = head.verify(&credentials, &scope, b"").unwrap();
        assert_eq!(
            seed.to_string(),
            text(&case["events"][0], "prior_signature")
        );
    }
}
