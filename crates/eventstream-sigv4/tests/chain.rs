//! Chains of signed events against AWS's own crates, byte for byte.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::event_stream::{sign_empty_message, sign_message};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    FrameWriter, HeaderValue as Value, Limits, Parsed, Seal, Timestamp, parse,
};
use eventstream_sigv4::{
    Credentials, DatePrecision, EventSigner, HeaderOrder, Scope, SignError, Signature,
};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SEED: &str = "9d9ab996c81f32c9d4e6fc166c92584f3741d1cb5ce325cd11a77d1f962c8de2";
const LAST_SECOND_OF_2026: i64 = 1_798_761_599_000;

fn seed() -> Signature {
    SEED.parse().unwrap()
}

fn signer() -> EventSigner {
    EventSigner::new(
        seed(),
        &Credentials::new(KEY_ID, SECRET),
        Scope::new("us-east-1", "bedrock"),
    )
}

/// An inner frame as a Bedrock client writes it.
fn write_event(payload: &[u8], out: &mut BytesMut) {
    let mut frame = FrameWriter::begin(out);
    frame
        .header(":message-type", Value::String("event"))
        .unwrap();
    frame.header(":event-type", Value::String("chunk")).unwrap();
    let mut body = frame.payload();
    body.put_slice(payload);
    body.finish().unwrap();
}

fn seal_event(signer: &mut EventSigner, at: i64, payload: &[u8]) -> BytesMut {
    let mut wire = BytesMut::new();
    wire.resize(signer.headroom(), 0);
    write_event(payload, &mut wire);
    signer
        .seal(Timestamp::from_millis(at), &mut wire, 0)
        .unwrap();
    wire
}

/// The same event and its signature by AWS's crates.
fn aws_event(
    prior: &str,
    at: i64,
    token: Option<&str>,
    payload: Option<&[u8]>,
) -> (Vec<u8>, String) {
    let token = token.map(str::to_owned);
    let identity = AwsCredentials::new(KEY_ID, SECRET, token, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("bedrock")
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(at.try_into().unwrap()))
        .settings(())
        .build()
        .unwrap();
    let signed = match payload {
        Some(payload) => {
            let message = Message::new(Bytes::copy_from_slice(payload))
                .add_header(Header::new(
                    ":message-type",
                    HeaderValue::String("event".into()),
                ))
                .add_header(Header::new(
                    ":event-type",
                    HeaderValue::String("chunk".into()),
                ));
            sign_message(&message, prior, &params).unwrap()
        }
        None => sign_empty_message(prior, &params).unwrap(),
    };
    let (message, signature) = signed.into_parts();
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).unwrap();
    (frame, signature)
}

/// Payloads of all lengths around the blocks of SHA-256, and some larger.
fn payload(index: usize) -> Vec<u8> {
    let len = if index.is_multiple_of(1000) {
        40_000
    } else {
        index % 300
    };
    (0..len)
        .map(|i| u8::try_from((i * 31 + index) % 251).unwrap())
        .collect()
}

/// 10,000 frames, 3.7 ms apart, the 1,000th of them on the next day.
fn chain_equals_aws(token: Option<&str>) {
    let mut ours = signer();
    let mut prior = SEED.to_owned();
    let mut wire = BytesMut::new();
    for index in 0..10_000 {
        let at = LAST_SECOND_OF_2026 - 2_700 + i64::try_from(index).unwrap() * 37 / 10;
        let payload = payload(index);
        wire.clear();
        wire.extend_from_slice(b"what stands before");
        let start = wire.len();
        wire.resize(start + ours.headroom(), 0);
        write_event(&payload, &mut wire);
        ours.seal(Timestamp::from_millis(at), &mut wire, start)
            .unwrap();
        let (theirs, signature) = aws_event(&prior, at, token, Some(&payload));
        assert_eq!(&wire[start..], theirs, "frame {index}");
        assert_eq!(&wire[..start], b"what stands before");
        prior = signature;
    }
    let at = LAST_SECOND_OF_2026 + 40_000;
    wire.clear();
    ours.seal_end(Timestamp::from_millis(at), &mut wire)
        .unwrap();
    let (theirs, signature) = aws_event(&prior, at, token, None);
    assert_eq!(wire, theirs);
    assert_eq!(ours.prior_signature().to_string(), signature);
}

#[test]
fn ten_thousand_frames_over_midnight_equal_aws() {
    chain_equals_aws(None);
}

#[test]
fn ten_thousand_frames_with_a_session_token_equal_aws() {
    chain_equals_aws(Some("a-session-token"));
}

#[test]
fn days_may_also_go_back() {
    let mut ours = signer();
    let mut prior = SEED.to_owned();
    for at in [1_000, -1_000, 90_000_000, 1_000] {
        let at = LAST_SECOND_OF_2026 + at;
        let (theirs, signature) = aws_event(&prior, at, None, Some(b"x"));
        assert_eq!(seal_event(&mut ours, at, b"x"), theirs);
        prior = signature;
    }
}

/// Each input of a signature, changed alone, changes the signature.
#[test]
fn every_input_counts() {
    let at = LAST_SECOND_OF_2026;
    let (frame, _) = aws_event(SEED, at, None, Some(b"payload"));
    assert_eq!(seal_event(&mut signer(), at, b"payload"), frame);

    let other_seed = Signature::from_bytes([7; 32]);
    let credentials = Credentials::new(KEY_ID, SECRET);
    let other_secret = Credentials::new(KEY_ID, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ");
    let scope = |region, service| Scope::new(region, service);
    let wrong = [
        (
            EventSigner::new(other_seed, &credentials, scope("us-east-1", "bedrock")),
            at,
            &b"payload"[..],
        ),
        (
            EventSigner::new(seed(), &other_secret, scope("us-east-1", "bedrock")),
            at,
            b"payload",
        ),
        (
            EventSigner::new(seed(), &credentials, scope("us-east-2", "bedrock")),
            at,
            b"payload",
        ),
        (
            EventSigner::new(seed(), &credentials, scope("us-east-1", "bedrock-runtime")),
            at,
            b"payload",
        ),
        (signer(), at - 1000, b"payload"),
        (signer(), at + 1000, b"payload"),
        (signer(), at, b"payloae"),
    ];
    for (index, (mut signer, at, payload)) in wrong.into_iter().enumerate() {
        let wire = seal_event(&mut signer, at, payload);
        assert_ne!(signature_of(&wire), signature_of(&frame), "input {index}");
    }

    let mut no_secret_token = EventSigner::new(
        seed(),
        &Credentials::new("ANOTHER", SECRET).with_session_token("token"),
        scope("us-east-1", "bedrock"),
    );
    assert_eq!(
        seal_event(&mut no_secret_token, at, b"payload"),
        frame,
        "key id and token play no part"
    );
}

fn signature_of(frame: &[u8]) -> [u8; 32] {
    let Ok(Parsed::Frame(frame)) = parse(frame, &Limits::strict()) else {
        panic!("no frame")
    };
    let value = frame.header(":chunk-signature").unwrap();
    value.as_bytes().unwrap().try_into().unwrap()
}

#[test]
fn sub_seconds_are_cut_or_kept_as_chosen() {
    let at = LAST_SECOND_OF_2026 + 999;
    let cut = seal_event(&mut signer(), at, b"x");
    assert_eq!(cut, seal_event(&mut signer(), LAST_SECOND_OF_2026, b"x"));

    let kept = seal_event(
        &mut signer().with_date_precision(DatePrecision::Millis),
        at,
        b"x",
    );
    let Ok(Parsed::Frame(frame)) = parse(&kept, &Limits::strict()) else {
        panic!("no frame")
    };
    let date = frame.header(":date").unwrap().as_timestamp();
    assert_eq!(date, Some(Timestamp::from_millis(at)));
    assert_ne!(
        signature_of(&kept),
        signature_of(&cut),
        "the header is hashed as it is sent"
    );
}

#[test]
fn the_order_of_the_headers_changes_no_signature() {
    let at = LAST_SECOND_OF_2026;
    let ours = seal_event(
        &mut signer().with_header_order(HeaderOrder::DateFirst),
        at,
        b"x",
    );
    let Ok(Parsed::Frame(frame)) = parse(&ours, &Limits::strict()) else {
        panic!("no frame")
    };
    let names: Vec<_> = frame.headers().iter().map(|header| header.name).collect();
    assert_eq!(names, [":date", ":chunk-signature"]);
    assert_eq!(
        signature_of(&ours),
        signature_of(&seal_event(&mut signer(), at, b"x"))
    );
}

#[test]
fn an_error_changes_neither_the_buffer_nor_the_chain() {
    let mut ours = signer();
    let at = Timestamp::from_millis(LAST_SECOND_OF_2026);
    let mut whole = BytesMut::new();
    whole.resize(ours.headroom(), 0);
    write_event(b"x", &mut whole);

    for cut in 0..whole.len() {
        let mut wire = BytesMut::from(&whole[..cut]);
        let len = cut.saturating_sub(ours.headroom());
        assert_eq!(ours.seal(at, &mut wire, 0), Err(SignError::NoFrame { len }));
        assert_eq!(wire, whole[..cut]);
    }
    let mut two = whole.clone();
    write_event(b"y", &mut two);
    assert!(matches!(
        ours.seal(at, &mut two, 0),
        Err(SignError::NoFrame { .. })
    ));
    let mut wire = whole.clone();
    assert!(matches!(
        ours.seal(at, &mut wire, usize::MAX),
        Err(SignError::NoFrame { .. })
    ));
    let never = Timestamp::from_millis(i64::MAX);
    assert!(matches!(
        ours.seal(never, &mut wire, 0),
        Err(SignError::DateOutOfRange { .. })
    ));
    assert!(matches!(
        ours.seal_end(never, &mut wire),
        Err(SignError::DateOutOfRange { .. })
    ));
    assert_eq!(wire, whole);

    ours.seal(at, &mut wire, 0).unwrap();
    let (theirs, _) = aws_event(SEED, LAST_SECOND_OF_2026, None, Some(b"x"));
    assert_eq!(wire, theirs, "the chain stands where it stood");
}

#[test]
fn nothing_follows_the_end() {
    let mut ours = signer();
    let at = Timestamp::from_millis(LAST_SECOND_OF_2026);
    let mut wire = BytesMut::new();
    ours.seal_end(at, &mut wire).unwrap();
    assert_eq!(wire.len(), 83);
    let mut more = BytesMut::new();
    more.resize(ours.headroom(), 0);
    write_event(b"x", &mut more);
    assert_eq!(ours.seal(at, &mut more, 0), Err(SignError::Ended));
    assert_eq!(ours.seal_end(at, &mut wire), Err(SignError::Ended));
    assert_eq!(wire.len(), 83);
}

#[test]
fn a_frame_too_long_to_be_wrapped_is_refused() {
    let mut ours = signer();
    let mut wire = BytesMut::new();
    wire.resize(ours.headroom(), 0);
    write_event(&vec![0; 24 * 1024 * 1024 - 32], &mut wire);
    let before = wire.len();
    let at = Timestamp::from_millis(LAST_SECOND_OF_2026);
    let len = before - ours.headroom();
    assert_eq!(
        ours.seal(at, &mut wire, 0),
        Err(SignError::FrameTooLong { len })
    );
    assert_eq!(wire.len(), before);
}
