//! Streams that verify, and those that must not; each fault with its place and part.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use bytes::BytesMut;
use eventstream_codec::{
    Frame, FrameWriter, HeaderValue, Limits, Parsed, Seal, Timestamp, encode_frame, parse,
};
use eventstream_sigv4::{
    Credentials, DatePrecision, EventFault, EventFaultKind, EventSigner, EventStringToSign,
    EventVerifier, HeaderOrder, Part, Scope, Signature, SigningKey, VerifiedEvent,
};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const MIDNIGHT: i64 = 1_798_761_600_000;
const SEED: Signature = Signature::from_bytes([0x5a; 32]);

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn scope() -> Scope {
    Scope::new("us-east-1", "bedrock")
}

fn verifier() -> EventVerifier {
    EventVerifier::new(SEED, &credentials(), scope())
}

fn signer() -> EventSigner {
    EventSigner::new(SEED, &credentials(), scope())
}

fn inner(payload: &[u8]) -> BytesMut {
    let mut frame = BytesMut::new();
    encode_frame(&[], payload, &mut frame).unwrap();
    frame
}

fn seal(signer: &mut EventSigner, at: i64, payload: &[u8], wire: &mut BytesMut) {
    let start = wire.len();
    wire.resize(start + signer.headroom(), 0);
    wire.extend_from_slice(&inner(payload));
    signer
        .seal(Timestamp::from_millis(at), wire, start)
        .unwrap();
}

/// An outer frame with these parts, right or wrong.
fn outer(at: i64, signature: &[u8], payload: &[u8]) -> BytesMut {
    let mut wire = BytesMut::new();
    let mut frame = FrameWriter::begin(&mut wire);
    frame
        .header(":chunk-signature", HeaderValue::Bytes(signature))
        .unwrap();
    let date = HeaderValue::Timestamp(Timestamp::from_millis(at));
    frame.header(":date", date).unwrap();
    let mut body = frame.payload();
    body.put_slice(payload);
    body.finish().unwrap();
    wire
}

fn frame(wire: &[u8]) -> Frame<'_> {
    match parse(wire, &Limits::bounded()) {
        Ok(Parsed::Frame(frame)) => frame,
        other => panic!("no frame: {other:?}"),
    }
}

/// Verifies a whole stream.
fn verify(mut wire: &[u8]) -> Result<Vec<Vec<u8>>, EventFault> {
    let mut verifier = verifier();
    let mut events = Vec::new();
    while !wire.is_empty() {
        let outer = frame(wire);
        if let VerifiedEvent::Event { frame, .. } = verifier.verify(outer)? {
            events.push(frame.to_vec());
        }
        wire = &wire[outer.total_len()..];
    }
    verifier.finish().map(|()| events)
}

fn date_header(at: i64) -> Vec<u8> {
    [b"\x05:date\x08".as_slice(), &at.to_be_bytes()].concat()
}

/// The fault of a first event that its client signed in this way.
fn fault(at: i64, signature: Signature, payload: &[u8]) -> EventFaultKind {
    let wire = outer(at, signature.as_bytes(), payload);
    let fault = verifier().verify(frame(&wire)).unwrap_err();
    assert_eq!(fault.index(), 0);
    fault.kind().clone()
}

fn differs(part: Part) -> EventFaultKind {
    EventFaultKind::Signature {
        differs: Some(part),
    }
}

/// Signs with these parts, scope and day chosen freely.
fn sign(scope: &Scope, at: i64, prior: &[u8], headers: &[u8], payload: &[u8]) -> Signature {
    let at = Timestamp::from_millis(at);
    let key = SigningKey::derive(&credentials(), scope, at).unwrap();
    key.sign_event(at, prior, headers, payload).unwrap()
}

#[test]
fn the_part_that_a_client_takes_wrong_is_named() {
    let at = MIDNIGHT + 5_250;
    let (header, payload) = (date_header(at), inner(b"payload"));
    let prior = SEED.as_bytes();
    let right = sign(&scope(), at, prior, &header, &payload);
    let wire = outer(at, right.as_bytes(), &payload);
    assert!(verifier().verify(frame(&wire)).is_ok());

    let part = |signature| fault(at, signature, &payload);
    assert_eq!(
        part(sign(&scope(), at + 1000, prior, &header, &payload)),
        differs(Part::Date)
    );
    assert_eq!(
        part(sign(&scope(), at - 1000, prior, &header, &payload)),
        differs(Part::Date)
    );
    let runtime = Scope::new("us-east-1", "bedrock-runtime");
    assert_eq!(
        part(sign(&runtime, at, prior, &header, &payload)),
        differs(Part::Scope)
    );
    assert_eq!(
        part(sign(&scope(), at, b"", &header, &payload)),
        differs(Part::PriorSignature)
    );
    let text = SEED.to_string();
    let hex_of_hex = sign(&scope(), at, text.as_bytes(), &header, &payload);
    assert_eq!(part(hex_of_hex), differs(Part::PriorSignature));
    for headers in [&date_header(MIDNIGHT + 5_000)[..], &at.to_be_bytes(), b""] {
        let signature = sign(&scope(), at, prior, headers, &payload);
        assert_eq!(part(signature), differs(Part::Headers));
    }
    for wrong in [&b"payload"[..], b""] {
        let signature = sign(&scope(), at, prior, &header, wrong);
        assert_eq!(part(signature), differs(Part::Payload));
    }

    let other = Credentials::new("AKIDEXAMPLE", "another secret");
    let mut other = EventSigner::new(SEED, &other, scope());
    let mut wire = BytesMut::new();
    seal(&mut other, at, b"payload", &mut wire);
    let unknown = verify(&wire).unwrap_err();
    assert_eq!(unknown.kind(), &EventFaultKind::Signature { differs: None });
}

/// HMAC-SHA256, in one go.
fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The signing key of a day, by the book.
fn key_of(day: &[u8]) -> [u8; 32] {
    let key = mac(b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", day);
    mac(&mac(&mac(&key, b"us-east-1"), b"bedrock"), b"aws4_request")
}

/// A client that keeps the key and the scope of the day its stream was opened.
#[test]
fn a_key_kept_over_midnight_is_named() {
    let hash = |bytes: &[u8]| Signature::from_bytes(Sha256::digest(bytes).into());
    let payload = inner(b"x");
    let string = format!(
        "AWS4-HMAC-SHA256-PAYLOAD\n20270101T000000Z\n20261231/us-east-1/bedrock/aws4_request\n{SEED}\n{}\n{}",
        hash(&date_header(MIDNIGHT)),
        hash(&payload),
    );
    let signature = Signature::from_bytes(mac(&key_of(b"20261231"), string.as_bytes()));
    assert_eq!(fault(MIDNIGHT, signature, &payload), differs(Part::Scope));
}

/// Prior signatures of any length, as peers' tests have them.
#[test]
fn a_signature_is_the_mac_of_the_string_to_sign() {
    let at = Timestamp::from_millis(MIDNIGHT);
    for len in [0, 1, 5, 31, 32, 33, 64, 100] {
        let prior: Vec<u8> = (0..len).map(|byte| byte * 2 + 7).collect();
        let string = EventStringToSign::new(at, &scope(), &prior, b"headers", b"payload").unwrap();
        let hex: Vec<_> = prior.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            string.as_str().split('\n').nth(3),
            Some(hex.concat().as_str())
        );
        let expected = mac(&key_of(b"20270101"), string.as_str().as_bytes());
        let signature = sign(&scope(), MIDNIGHT, &prior, b"headers", b"payload");
        assert_eq!(signature, Signature::from_bytes(expected));
    }
}

#[test]
fn a_chain_that_starts_anew_is_named() {
    let (header, payload) = (date_header(MIDNIGHT), inner(b"x"));
    let mut wire = BytesMut::new();
    let mut ours = signer();
    seal(&mut ours, MIDNIGHT, b"first", &mut wire);
    let restarted = sign(&scope(), MIDNIGHT, SEED.as_bytes(), &header, &payload);
    wire.extend_from_slice(&outer(MIDNIGHT, restarted.as_bytes(), &payload));
    let fault = verify(&wire).unwrap_err();
    assert_eq!(
        (fault.index(), fault.kind()),
        (1, &differs(Part::PriorSignature))
    );
}

/// Two events signed at once cover the same signature.
#[test]
fn a_chain_that_forks_is_named() {
    let (header, payload) = (date_header(MIDNIGHT), inner(b"x"));
    let mut wire = BytesMut::new();
    let mut ours = signer();
    seal(&mut ours, MIDNIGHT, b"first", &mut wire);
    let first = ours.prior_signature();
    seal(&mut ours, MIDNIGHT, b"second", &mut wire);
    let forked = sign(&scope(), MIDNIGHT, first.as_bytes(), &header, &payload);
    wire.extend_from_slice(&outer(MIDNIGHT, forked.as_bytes(), &payload));
    let fault = verify(&wire).unwrap_err();
    assert_eq!(
        (fault.index(), fault.kind()),
        (2, &differs(Part::PriorSignature))
    );
}

#[test]
fn streams_over_midnight_verify_in_every_form() {
    for precision in [DatePrecision::Seconds, DatePrecision::Millis] {
        for order in [HeaderOrder::SignatureFirst, HeaderOrder::DateFirst] {
            let mut ours = signer()
                .with_date_precision(precision)
                .with_header_order(order);
            let mut wire = BytesMut::new();
            for step in 0..20 {
                seal(&mut ours, MIDNIGHT - 1_000 + step * 101, b"x", &mut wire);
            }
            ours.seal_end(Timestamp::from_millis(MIDNIGHT + 2_000), &mut wire)
                .unwrap();
            assert_eq!(verify(&wire).unwrap().len(), 20);
        }
    }
}

#[test]
fn an_end_must_come_and_nothing_behind_it() {
    let mut ours = signer();
    let mut wire = BytesMut::new();
    seal(&mut ours, MIDNIGHT, b"x", &mut wire);
    let cut = verify(&wire).unwrap_err();
    assert_eq!((cut.index(), cut.kind()), (1, &EventFaultKind::NoEnd));

    ours.seal_end(Timestamp::from_millis(MIDNIGHT), &mut wire)
        .unwrap();
    let prior = ours.prior_signature();
    let after = sign(
        &scope(),
        MIDNIGHT,
        prior.as_bytes(),
        &date_header(MIDNIGHT),
        b"",
    );
    wire.extend_from_slice(&outer(MIDNIGHT, after.as_bytes(), b""));
    let after = verify(&wire).unwrap_err();
    assert_eq!(
        (after.index(), after.kind()),
        (2, &EventFaultKind::AfterEnd)
    );
}

#[test]
fn a_verifier_that_failed_stays_failed() {
    let mut ours = signer();
    let mut wire = BytesMut::new();
    seal(&mut ours, MIDNIGHT, b"x", &mut wire);
    let mut verifier = verifier();
    let bad = outer(MIDNIGHT, &[0; 32], &inner(b"x"));
    let fault = verifier.verify(frame(&bad)).unwrap_err();
    assert_eq!(verifier.verify(frame(&wire)).unwrap_err(), fault);
    assert_eq!(verifier.finish().unwrap_err(), fault);
    assert_eq!(verifier.events(), 0);
}

#[test]
fn headers_that_are_not_the_two_are_refused() {
    let kind = |headers: &[(&str, HeaderValue<'_>)]| {
        let mut wire = BytesMut::new();
        let mut writer = FrameWriter::begin(&mut wire);
        for (name, value) in headers {
            writer.header(name, *value).unwrap();
        }
        writer.payload().finish().unwrap();
        verifier().verify(frame(&wire)).unwrap_err().kind().clone()
    };
    let date = (
        ":date",
        HeaderValue::Timestamp(Timestamp::from_millis(MIDNIGHT)),
    );
    let signature = (":chunk-signature", HeaderValue::Bytes(&[0; 32]));
    let short = (":chunk-signature", HeaderValue::Bytes(&[0; 31]));
    let never = (
        ":date",
        HeaderValue::Timestamp(Timestamp::from_millis(i64::MAX)),
    );
    assert_eq!(kind(&[]), EventFaultKind::Date);
    assert_eq!(
        kind(&[(":date", HeaderValue::Int64(MIDNIGHT)), signature]),
        EventFaultKind::Date
    );
    assert_eq!(kind(&[never, signature]), EventFaultKind::Date);
    assert_eq!(kind(&[date]), EventFaultKind::NoSignature);
    assert_eq!(kind(&[date, short]), EventFaultKind::NoSignature);
    let more = ("more", HeaderValue::Bool(true));
    assert_eq!(
        kind(&[date, signature, more]),
        EventFaultKind::UnsignedHeader
    );
}

#[test]
fn both_sides_explain_the_same_string() {
    let mut ours = signer();
    let payload = inner(b"x");
    let now = Timestamp::from_millis(MIDNIGHT + 789);
    let explained = ours.explain(now, &payload).unwrap();
    let mut wire = BytesMut::new();
    seal(&mut ours, MIDNIGHT + 789, b"x", &mut wire);
    let expected = verifier().explain(frame(&wire)).unwrap();
    assert_eq!(expected, explained);
    assert_eq!(expected.first_difference(explained.as_str()), None);

    let lines: Vec<_> = explained.as_str().split('\n').collect();
    assert_eq!(lines.len(), 6);
    let parts = [
        Part::Algorithm,
        Part::Date,
        Part::Scope,
        Part::PriorSignature,
        Part::Headers,
        Part::Payload,
    ];
    for (index, part) in parts.into_iter().enumerate() {
        let mut theirs = lines.clone();
        theirs[index] = "other";
        assert_eq!(expected.first_difference(&theirs.join("\n")), Some(part));
        let shorter = lines[..index].join("\n");
        assert!(expected.first_difference(&shorter).is_some());
    }
    assert!(
        expected
            .first_difference(&format!("{explained}\n"))
            .is_some()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the signer signs verifies; with one bit of any outer frame flipped (and its CRC made right) it does not.
    #[test]
    fn no_bit_can_be_changed(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6),
        start in MIDNIGHT - 3_000..MIDNIGHT + 3_000,
        victim in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut ours = signer();
        let mut frames = Vec::new();
        for (index, payload) in payloads.iter().enumerate() {
            let mut wire = BytesMut::new();
            seal(&mut ours, start + i64::try_from(index).unwrap() * 700, payload, &mut wire);
            frames.push(wire);
        }
        let mut end = BytesMut::new();
        ours.seal_end(Timestamp::from_millis(start + 4_000), &mut end).unwrap();
        frames.push(end);
        let inners: Vec<Vec<u8>> = payloads.iter().map(|payload| inner(payload).to_vec()).collect();
        prop_assert_eq!(verify(&frames.concat()), Ok(inners));

        let victim = victim.index(frames.len());
        let whole = frame(&frames[victim]);
        let date = whole.header(":date").unwrap().as_timestamp().unwrap().as_millis();
        let signature = whole.header(":chunk-signature").unwrap();
        let mut parts = [&date.to_be_bytes()[..], signature.as_bytes().unwrap(), whole.payload()].concat();
        let bit = bit.index(parts.len() * 8);
        parts[bit / 8] ^= 1 << (bit % 8);
        let date = i64::from_be_bytes(parts[..8].try_into().unwrap());
        frames[victim] = outer(date, &parts[8..40], &parts[40..]);
        let fault = verify(&frames.concat()).unwrap_err();
        prop_assert_eq!(fault.index(), u64::try_from(victim).unwrap());
    }

    /// No frame of the peer's makes the verifier panic.
    #[test]
    fn any_frame_is_answered(
        date in any::<i64>(),
        signature in prop::collection::vec(any::<u8>(), 0..40),
        payload in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let wire = outer(date, &signature, &payload);
        let mut verifier = verifier();
        prop_assert!(verifier.verify(frame(&wire)).is_err());
        let _ = verifier.explain(frame(&wire));
    }
}
