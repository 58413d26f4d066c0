//! Recorded ConverseStream bodies (in `../shared/vectors`, not part of this repository): they decode, fold and are
//! written again; cut anywhere or damaged anywhere they never end as complete.

use bytes::{Bytes, BytesMut};
use converse_stream::{Event, Events, Mapper, Reader, Reply, encode_event};
use eventstream_codec::{Inbound, Message, TransportEnd};

use crate::bodies::{Outcome, Recorded, frames};

const DIGESTS: &str = include_str!("../../../../fixtures/converse/recorded.sha256");

fn recorded() -> Vec<Recorded> {
    let all = crate::bodies::recorded(DIGESTS);
    assert!(all.is_empty() || all.len() == 37);
    all
}

fn events(body: &Bytes) -> (Vec<Event>, Outcome) {
    let mut events = Events::new([body.clone()]);
    (events.by_ref().collect(), events.finish())
}

/// The reply as one line of JSON with sorted keys: what `fixtures/converse/digest.py` makes of the same body.
fn canonical(reply: &Reply) -> String {
    let usage = reply.usage().map(|usage| {
        let mut json = serde_json::Map::new();
        let counts = [
            ("inputTokens", usage.input_tokens),
            ("outputTokens", usage.output_tokens),
            ("totalTokens", usage.total_tokens),
            ("cacheReadInputTokens", usage.cache_read_input_tokens),
            ("cacheWriteInputTokens", usage.cache_write_input_tokens),
        ];
        json.extend(
            counts
                .iter()
                .filter_map(|(name, count)| Some(((*name).to_owned(), (*count)?.into()))),
        );
        json.extend(
            usage
                .other
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_value())),
        );
        assert!(usage.cache_details.is_empty(), "none is recorded");
        json
    });
    let message = reply.to_message().ok();
    serde_json::json!({
        "message": message.map(|message| serde_json::to_value(message).unwrap()),
        "stopReason": reply.stop.as_ref().unwrap().reason.as_str(),
        "usage": usage,
    })
    .to_string()
}

#[test]
fn every_body_folds_as_an_independent_reader_folds_it() {
    for case in recorded() {
        let (_, outcome) = events(&case.body);
        assert!(outcome.is_complete(), "{}: {}", case.name, outcome.name());
        let reply = outcome.into_received();
        assert!(
            reply.unknown.is_empty(),
            "{}: {:?}",
            case.name,
            reply.unknown
        );
        assert!(
            reply.blocks.iter().all(|block| block.ended),
            "{}",
            case.name
        );
        case.assert_digest(&canonical(&reply));
    }
}

#[test]
fn every_body_is_written_again_event_by_event() {
    for case in recorded() {
        let (first, outcome) = events(&case.body);
        let mut written = BytesMut::new();
        for event in &first {
            encode_event(event, &mut written).unwrap();
        }
        let written = written.freeze();
        let (second, again) = events(&written);
        assert_eq!(first, second, "{}", case.name);
        assert_eq!(outcome, again, "{}", case.name);

        let (theirs, ours) = (frames(&case.body), frames(&written));
        assert_eq!(theirs.len(), ours.len(), "{}", case.name);
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(
                theirs.frame().headers().as_bytes(),
                ours.frame().headers().as_bytes(),
                "{}",
                case.name
            );
            assert_eq!(
                without_padding(theirs),
                without_padding(ours),
                "{}",
                case.name
            );
        }
    }
}

fn without_padding(message: &Message) -> serde_json::Value {
    let mut json: serde_json::Value = serde_json::from_slice(&message.payload()).unwrap();
    json.as_object_mut().unwrap().remove("p");
    json
}

#[test]
fn a_body_fed_in_pieces_gives_the_same_events() {
    for case in recorded() {
        let whole = events(&case.body);
        for size in [1, 7, 100] {
            let pieces: Vec<_> = case.body.chunks(size).map(Bytes::copy_from_slice).collect();
            let mut fed = Events::new(pieces);
            let list: Vec<_> = fed.by_ref().collect();
            assert_eq!((list, fed.finish()), whole, "{} in {size}", case.name);
        }
    }
}

#[test]
fn a_body_cut_at_any_byte_is_complete_only_on_a_boundary_behind_message_stop() {
    for case in recorded() {
        let is_stop = |message: &Message| {
            message.frame().header(":event-type").unwrap().as_str() == Some("messageStop")
        };
        let (completes, mut mapper) = case.cut_anywhere(Mapper::new, is_stop);
        assert_eq!(completes, 1, "{}: before metadata", case.name);
        let reset = mapper.finish(TransportEnd::Cut, &mut |_| {});
        assert_eq!(reset.name(), "incomplete", "{}", case.name);
        assert!(reset.received().stop.is_some());
    }
}

#[test]
fn a_frame_with_any_bit_flipped_never_ends_complete() {
    let all: Vec<_> = recorded()
        .iter()
        .flat_map(|case| samples(&case.body))
        .collect();
    let sampled: Vec<_> = all
        .iter()
        .step_by((all.len() / 200).max(1))
        .take(200)
        .collect();
    assert!(all.is_empty() || sampled.len() == 200, "{}", sampled.len());
    for Sample {
        before,
        frame,
        after,
    } in sampled
    {
        let outcome = |frame: &[u8]| {
            let mut reader = Reader::new();
            reader.feed([&before[..], frame, after].concat().into());
            reader.finish(TransportEnd::Clean, &mut |_| {})
        };
        assert!(outcome(frame).is_complete(), "as it was");
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let outcome = outcome(&damaged);
            assert_ne!(outcome.name(), "complete", "bit {bit}");
        }
    }
}

/// A frame of a body with the least around it that makes a complete stream.
struct Sample {
    before: Vec<u8>,
    frame: Bytes,
    after: Bytes,
}

fn samples(body: &Bytes) -> Vec<Sample> {
    let frames = frames(body);
    let of_type = |message: &Message, wanted: &str| {
        message.frame().header(":event-type").unwrap().as_str() == Some(wanted)
    };
    let find = |wanted: &str| {
        frames
            .iter()
            .find(|message| of_type(message, wanted))
            .unwrap()
    };
    let (start, stop) = (
        find("messageStart").as_bytes(),
        find("messageStop").as_bytes(),
    );
    let mut block_start = Bytes::new();
    let mut samples = Vec::new();
    for message in &frames {
        let frame = message.as_bytes().clone();
        let (before, after) = if of_type(message, "metadata") {
            ([&start[..], stop].concat(), Bytes::new())
        } else if of_type(message, "messageStop") {
            (start.to_vec(), Bytes::new())
        } else if of_type(message, "messageStart") {
            (Vec::new(), stop.clone())
        } else if of_type(message, "contentBlockStart") {
            block_start = frame.clone();
            (start.to_vec(), stop.clone())
        } else {
            ([&start[..], &block_start].concat(), stop.clone())
        };
        samples.push(Sample {
            before,
            frame,
            after,
        });
    }
    samples
}
