//! Signing and verifying allocate nothing per frame.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::BytesMut;
use eventstream_codec::{Limits, Parsed, Seal, Timestamp, encode_frame, parse};
use eventstream_sigv4::{Credentials, EventSigner, EventVerifier, Scope, Signature};

const SEED: Signature = Signature::from_bytes([7; 32]);
/// Frames of a stream that crosses midnight, one every 32 ms.
const FRAMES: i64 = 1_000;
const START_MS: i64 = 1_798_761_600_000 - FRAMES / 2 * 32;

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn scope() -> Scope {
    Scope::new("us-east-1", "bedrock")
}

fn sign(signer: &mut EventSigner, index: i64, wire: &mut BytesMut) {
    let at = wire.len();
    wire.resize(at + signer.headroom(), 0);
    encode_frame(&[], &[0; 2100], wire).unwrap();
    signer
        .seal(Timestamp::from_millis(START_MS + index * 32), wire, at)
        .unwrap();
}

#[test]
fn a_signed_frame_costs_no_allocation() {
    let mut signer = EventSigner::new(SEED, &credentials(), scope());
    let mut wire = BytesMut::with_capacity(4096);
    sign(&mut signer, 0, &mut wire);
    let counted = allocation_counter::measure(|| {
        for index in 1..FRAMES {
            wire.clear();
            sign(&mut signer, index, &mut wire);
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_verified_frame_costs_no_allocation() {
    let mut signer = EventSigner::new(SEED, &credentials(), scope());
    let mut wire = BytesMut::new();
    for index in 0..FRAMES {
        sign(&mut signer, index, &mut wire);
    }
    let mut verifier = EventVerifier::new(SEED, &credentials(), scope());
    let mut rest = &wire[..];
    let counted = allocation_counter::measure(|| {
        while let Parsed::Frame(outer) = parse(rest, &Limits::bounded()).unwrap() {
            verifier.verify(outer).unwrap();
            rest = rest.get(outer.total_len()..).unwrap();
        }
    });
    assert_eq!(verifier.events(), u64::try_from(FRAMES).unwrap());
    assert_eq!(counted.count_total, 0);
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(vec![0_u8; 1]));
    assert_eq!(counted.count_total, 1);
}
