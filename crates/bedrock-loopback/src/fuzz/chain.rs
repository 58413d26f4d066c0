//! The chain of event signatures: a stream that is signed rightly is taken, and refused at the event that was changed.

use std::time::UNIX_EPOCH;

use bytes::Bytes;

use super::{SECRET, check_words};
use crate::credentials::AccessKey;
use crate::date::Utc;
use crate::frame::{Frame, Header, Value};
use crate::verify::{Chain, Opened, hash};

const REGION: &str = "us-east-1";
const SEED: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Which event is changed, how, and where; when the stream begins; the payloads, each behind a byte for its length.
pub fn chain(data: &[u8]) {
    let Some(([at, how, place, hours], rest)) = data.split_first_chunk::<4>() else {
        return;
    };
    let Some((start, rest)) = rest.split_first_chunk::<8>() else {
        return;
    };
    // Every other stream begins at a time that is likely; the others anywhere that eight bytes can name.
    let start = match hours % 2 {
        0 => 1_767_323_045_000 + i64::from(*hours) * 3_600_000,
        _ => i64::from_be_bytes(*start),
    };
    let mut frames = sign(&payloads(rest), start);
    accept(&frames);
    let at = usize::from(*at) % frames.len();
    if change(&mut frames, at, *how, usize::from(*place)) {
        refuse(&frames, at);
    }
}

/// Every event is taken, and the end.
fn accept(frames: &[Frame]) {
    let mut chain = new_chain();
    for (index, frame) in frames.iter().enumerate() {
        // The clock is not looked at: there is no limit on how far a date may be from it.
        let opened = chain.open(frame, UNIX_EPOCH);
        let expected = match frame.payload.len() {
            0 => Opened::End,
            _ => Opened::Event(frame.payload.clone()),
        };
        assert_eq!(
            opened.as_ref().ok(),
            Some(&expected),
            "event {index}: {opened:?}"
        );
    }
    assert!(chain.finish().is_ok());
}

/// All up to event `at` are taken, and that one is not.
fn refuse(frames: &[Frame], at: usize) {
    let mut chain = new_chain();
    for (index, frame) in frames.iter().enumerate() {
        match chain.open(frame, UNIX_EPOCH) {
            Ok(_) => assert!(index < at, "event {index} was taken, {at} had been changed"),
            Err(refusal) => {
                assert_eq!(index, at, "{refusal}");
                return check_words(&refusal);
            }
        }
    }
    // The end itself was taken away.
    let missed = chain.finish().err();
    assert!(missed.is_some(), "the end was taken away unseen");
    if let Some(refusal) = missed {
        check_words(&refusal);
    }
}

fn new_chain() -> Chain {
    let key = AccessKey::example();
    Chain::new(key, REGION.to_owned(), SEED.to_owned(), None)
}

fn payloads(mut data: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while let Some((&len, rest)) = data.split_first() {
        // An empty payload is the end of a stream, which is added behind all.
        let (payload, rest) = rest.split_at(usize::from(len).clamp(1, 64).min(rest.len()));
        if !payload.is_empty() && payloads.len() < 16 {
            payloads.push(payload);
        }
        data = rest;
    }
    payloads.push(&[]);
    payloads
}

/// Signs as wire.md §1.2 says, event for event.
fn sign(payloads: &[&[u8]], start: i64) -> Vec<Frame> {
    let mut prior = SEED.to_owned();
    let mut frames = Vec::new();
    for (index, payload) in (0_i64..).zip(payloads) {
        let millis = start.saturating_add(index * 32);
        let date = Utc::from_millis(millis);
        let mut header = b"\x05:date\x08".to_vec();
        header.extend(millis.to_be_bytes());
        let day = date.scope_date();
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{day}/{REGION}/bedrock/aws4_request\n{prior}\n{}\n{}",
            date.basic(),
            hash::sha256_hex(&header),
            hash::sha256_hex(payload),
        );
        let key = hash::signing_key(SECRET, &day, REGION, "bedrock");
        let signature = hash::hmac_sha256(&key, text.as_bytes());
        prior = hash::hex(&signature);
        frames.push(Frame {
            headers: vec![
                named(":date", Value::Timestamp(millis)),
                named(":chunk-signature", Value::Bytes(signature)),
            ],
            payload: Bytes::copy_from_slice(payload),
        });
    }
    frames
}

fn named(name: &str, value: Value) -> Header {
    let name = name.to_owned();
    Header { name, value }
}

/// Changes the event `at`, or takes it away; false where there is none.
fn change(frames: &mut Vec<Frame>, at: usize, how: u8, place: usize) -> bool {
    let Some(frame) = frames.get_mut(at) else {
        return false;
    };
    let [date, signature] = frame.headers.as_mut_slice() else {
        return false;
    };
    match (how % 7, &mut date.value, &mut signature.value) {
        (0, _, Value::Bytes(bytes)) => flip(bytes, place),
        (1, Value::Timestamp(millis), _) => *millis = millis.wrapping_add(1),
        (2, _, _) => {
            let mut payload = frame.payload.to_vec();
            payload.push(0);
            flip(&mut payload, place);
            frame.payload = payload.into();
        }
        (3, _, _) => frame.headers.push(named("more", Value::Other(0))),
        (4, _, _) => drop(frame.headers.pop()),
        (5, _, Value::Bytes(bytes)) => bytes.truncate(31),
        (6, _, _) => drop(frames.remove(at)),
        _ => return false,
    }
    true
}

fn flip(bytes: &mut [u8], place: usize) {
    let bits = bytes.len() * 8;
    if let Some(byte) = bytes.get_mut(place % bits.max(1) / 8) {
        *byte ^= 1 << (place % 8);
    }
}
