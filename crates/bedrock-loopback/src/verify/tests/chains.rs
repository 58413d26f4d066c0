//! Event chains: a thousand random ones by AWS's signer, each with one bit changed; and those that AWS's signer does not write.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use aws_smithy_types::event_stream as aws;
use bytes::Bytes;
use proptest::prelude::*;

use crate::credentials::AccessKey;
use crate::date::Utc;
use crate::frame::{self, Frame, Header, Value};
use crate::verify::hash::sha256_hex as sha256_of;
use crate::verify::signer::Signer;
use crate::verify::*;

/// Frames of one stream, as AWS's signer wrote them.
fn chain_by_aws(
    events: &[(Vec<u8>, u64)],
    seed: &str,
    start: SystemTime,
) -> Vec<(Frame, SystemTime)> {
    let signer = Signer::example("us-east-1");
    let mut prior = seed.to_owned();
    let mut now = start;
    let mut frames = Vec::new();
    for (payload, gap) in events {
        now += Duration::from_secs(*gap);
        let inner = aws::Message::new(payload.clone());
        let (bytes, signature) = signer.frame(Some(&inner), &prior, now);
        frames.push((frame::parse_whole(&bytes).unwrap(), now));
        prior = signature;
    }
    let (bytes, _) = signer.frame(None, &prior, now);
    frames.push((frame::parse_whole(&bytes).unwrap(), now));
    frames
}

fn chain(seed: &str) -> Chain {
    let skew = Some(Duration::from_mins(5));
    Chain::new(
        AccessKey::example(),
        "us-east-1".to_owned(),
        seed.to_owned(),
        skew,
    )
}

/// The part that is refused and at which event; `None` where the whole stream is in order.
fn follow(seed: &str, frames: &[(Frame, SystemTime)]) -> Option<(Part, Option<u64>)> {
    let mut chain = chain(seed);
    for (frame, now) in frames {
        if let Err(refusal) = chain.open(frame, *now) {
            return Some((refusal.part(), refusal.event()));
        }
    }
    chain
        .finish()
        .err()
        .map(|refusal| (refusal.part(), refusal.event()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn agrees_with_aws_on_chains(
        seed in "[0-9a-f]{64}",
        second in 946_684_800_u64..4_102_444_800,
        events in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), 0_u64..30_000), 0..8),
        wrong in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let start = UNIX_EPOCH + Duration::from_secs(second);
        let mut frames = chain_by_aws(&events, &seed, start);
        prop_assert_eq!(follow(&seed, &frames), None);

        // One bit of one payload or signature: that frame is refused, and no other.
        let at = wrong.index(frames.len());
        let frame = &mut frames[at].0;
        let mut payload = frame.payload.to_vec();
        let signature = frame.headers.iter_mut().find_map(|header| match &mut header.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }).unwrap();
        let bit = bit.index((payload.len() + signature.len()) * 8);
        match payload.get_mut(bit / 8) {
            Some(byte) => *byte ^= 1 << (bit % 8),
            None => signature[bit / 8 - payload.len()] ^= 1 << (bit % 8),
        }
        frame.payload = payload.into();
        prop_assert_eq!(follow(&seed, &frames), Some((Part::EventSignature, Some(at as u64))));
    }
}

/// How a stream is signed by hand; each field has one right value.
#[expect(clippy::struct_excessive_bools, reason = "each is one mistake")]
struct Handmade {
    scope_region: &'static str,
    scope_service: &'static str,
    scope_of_request: bool,
    cut_millis: bool,
    prior_is_seed: bool,
    date_first: bool,
}

const RIGHT: Handmade = Handmade {
    scope_region: "us-east-1",
    scope_service: "bedrock",
    scope_of_request: false,
    cut_millis: false,
    prior_is_seed: false,
    date_first: true,
};

/// Six events around midnight with real milliseconds, as the JS and Python SDKs sign them.
fn chain_by_hand(how: &Handmade, seed: &str) -> Vec<(Frame, SystemTime)> {
    let start = 1_798_761_597_123_i64;
    let mut prior = seed.to_owned();
    let mut frames = Vec::new();
    for event in 0..6 {
        let millis = start + event * 1001;
        let now = UNIX_EPOCH + Duration::from_millis(millis.cast_unsigned());
        let payload = if event == 5 {
            Vec::new()
        } else {
            format!("event {event}").into_bytes()
        };
        let hashed = if how.cut_millis {
            millis / 1000 * 1000
        } else {
            millis
        };
        let mut date_header = b"\x05:date\x08".to_vec();
        date_header.extend(hashed.to_be_bytes());
        let scope_time = if how.scope_of_request { start } else { millis };
        let day = Utc::from_millis(scope_time).scope_date();
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{day}/{}/{}/aws4_request\n{}\n{}\n{}",
            Utc::from_millis(millis).basic(),
            how.scope_region,
            how.scope_service,
            if how.prior_is_seed { seed } else { &prior },
            sha256_of(&date_header),
            sha256_of(&payload),
        );
        let key_time = UNIX_EPOCH + Duration::from_millis(scope_time.cast_unsigned());
        let secret = AccessKey::example().secret;
        let key = generate_signing_key(&secret, key_time, how.scope_region, how.scope_service);
        prior = calculate_signature(key, text.as_bytes());
        let signature = (0..32)
            .map(|at| u8::from_str_radix(&prior[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let date = Header {
            name: ":date".to_owned(),
            value: Value::Timestamp(millis),
        };
        let signature = Header {
            name: ":chunk-signature".to_owned(),
            value: Value::Bytes(signature),
        };
        let headers = if how.date_first {
            vec![date, signature]
        } else {
            vec![signature, date]
        };
        frames.push((
            Frame {
                headers,
                payload: Bytes::from(payload),
            },
            now,
        ));
    }
    frames
}

#[test]
fn milliseconds_midnight_and_both_header_orders_are_right() {
    let seed = "5".repeat(64);
    assert_eq!(follow(&seed, &chain_by_hand(&RIGHT, &seed)), None);
    let other_order = Handmade {
        date_first: false,
        ..RIGHT
    };
    assert_eq!(follow(&seed, &chain_by_hand(&other_order, &seed)), None);
}

#[test]
fn one_wrong_part_of_an_event_is_refused_by_name() {
    let seed = "5".repeat(64);
    let wrong = |how: Handmade| follow(&seed, &chain_by_hand(&how, &seed));
    assert_eq!(
        wrong(Handmade {
            cut_millis: true,
            ..RIGHT
        }),
        Some((Part::DateHeaderHash, Some(0)))
    );
    assert_eq!(
        wrong(Handmade {
            prior_is_seed: true,
            ..RIGHT
        }),
        Some((Part::PriorSignature, Some(1)))
    );
    assert_eq!(
        wrong(Handmade {
            scope_of_request: true,
            ..RIGHT
        }),
        Some((Part::ScopeDate, Some(3)))
    );
    let service = Handmade {
        scope_service: "bedrock-runtime",
        ..RIGHT
    };
    assert_eq!(wrong(service), Some((Part::Service, Some(0))));
    let region = Handmade {
        scope_region: "eu-north-1",
        ..RIGHT
    };
    assert_eq!(wrong(region), Some((Part::EventSignature, Some(0))));
    assert_eq!(
        follow(&"6".repeat(64), &chain_by_hand(&RIGHT, &seed)),
        Some((Part::EventSignature, Some(0)))
    );
}

#[test]
fn the_frames_around_an_event_are_checked() {
    let seed = "5".repeat(64);
    let frames = chain_by_hand(&RIGHT, &seed);
    assert_eq!(follow(&seed, &frames[..5]), Some((Part::EndFrame, Some(5))));

    let mut after_end = frames.clone();
    after_end.push(frames[5].clone());
    assert_eq!(follow(&seed, &after_end), Some((Part::AfterEnd, Some(6))));

    let mut one_lost = frames.clone();
    one_lost.remove(2);
    assert_eq!(
        follow(&seed, &one_lost),
        Some((Part::EventSignature, Some(2)))
    );

    let mut late = frames.clone();
    late[1].1 += Duration::from_secs(301);
    assert_eq!(follow(&seed, &late), Some((Part::EventSkew, Some(1))));

    for change in [
        (|frame: &mut Frame| frame.headers.truncate(1)) as fn(&mut Frame),
        |frame| frame.headers[1] = frame.headers[0].clone(),
        |frame| {
            frame.headers.push(Header {
                name: ":extra".to_owned(),
                value: Value::Timestamp(0),
            });
        },
        |frame| frame.headers[1].value = Value::Bytes(vec![0; 31]),
        |frame| frame.headers[0].value = Value::Text("now".to_owned()),
    ] {
        let mut wrong = frames.clone();
        change(&mut wrong[0].0);
        assert_eq!(follow(&seed, &wrong), Some((Part::EventHeaders, Some(0))));
    }
}
