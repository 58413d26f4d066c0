//! What the hot paths allocate, counted.
#![expect(clippy::unwrap_used, reason = "tests")]

use allocation_counter::{AllocationInfo, measure};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    Decoder, FrameWriter, Header, HeaderBlock, HeaderValue, Limits, MessageKind, Parsed,
    encode_frame, parse,
};

const HEADERS: [(&str, &str); 3] = [
    (":event-type", "chunk"),
    (":content-type", "application/json"),
    (":message-type", "event"),
];

fn headers() -> Vec<Header<'static>> {
    HEADERS
        .iter()
        .map(|(name, text)| Header {
            name,
            value: HeaderValue::String(text),
        })
        .collect()
}

fn frame(payload: usize) -> Bytes {
    let mut wire = BytesMut::new();
    encode_frame(&headers(), &vec![b'x'; payload], &mut wire).unwrap();
    // A buffer of its own, as one from a socket is.
    Bytes::from(wire.to_vec())
}

fn count(run: impl FnOnce()) -> AllocationInfo {
    measure(run)
}

#[test]
fn the_counter_counts() {
    assert_eq!(count(|| drop(Vec::<u8>::with_capacity(77))).count_total, 1);
}

#[test]
fn a_frame_from_a_slice_costs_none() {
    for limits in [Limits::bounded(), Limits::strict(), Limits::unlimited()] {
        let wire = frame(1536);
        let info = count(|| {
            let Ok(Parsed::Frame(frame)) = parse(&wire, &limits) else {
                return;
            };
            assert!(matches!(
                frame.kind(),
                MessageKind::Event {
                    event_type: "chunk"
                }
            ));
            assert_eq!(frame.headers().iter().count(), 3);
        });
        assert_eq!(info.count_total, 0);
    }
}

#[test]
fn borrowed_frames_within_a_chunk_cost_none() {
    let wire = frame(128);
    let chunk = Bytes::from(wire.repeat(50));
    let mut decoder = Decoder::new();
    let info = count(|| {
        decoder.feed(chunk);
        for _ in 0..50 {
            assert!(decoder.next_frame().unwrap().is_some());
        }
        assert!(decoder.next_frame().unwrap().is_none());
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn an_owned_frame_that_fills_its_chunk_costs_none() {
    let chunk = frame(128);
    let mut decoder = Decoder::new();
    let info = count(|| {
        decoder.feed(chunk);
        assert!(decoder.next_message().unwrap().is_some());
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn owned_frames_within_a_chunk_cost_one_a_chunk() {
    let chunk = Bytes::from(frame(128).repeat(50));
    let mut decoder = Decoder::new();
    let info = count(|| {
        decoder.feed(chunk);
        while decoder.next_message().unwrap().is_some() {}
    });
    // `Bytes` makes a reference count when it is shared for the first time.
    assert_eq!(info.count_total, 1);
}

#[test]
fn a_frame_that_spans_chunks_costs_one_of_its_own_size_and_borrowed_ones_share_it() {
    let wire = frame(70_000);
    for size in [1, 11, 12, 13, 16_384] {
        let chunks = |wire: &Bytes| -> Vec<Bytes> {
            let at = (0..wire.len()).step_by(size);
            at.map(|at| wire.slice(at..wire.len().min(at + size)))
                .collect()
        };
        let (first, second) = (chunks(&wire), chunks(&wire));
        let mut decoder = Decoder::new();
        let mut run = |chunks: Vec<Bytes>| {
            let mut frames = 0;
            let info = count(|| {
                for chunk in chunks {
                    decoder.feed(chunk);
                    frames += usize::from(decoder.next_frame().unwrap().is_some());
                }
            });
            assert_eq!(frames, 1);
            info
        };
        let info = run(first);
        assert_eq!(info.count_total, 1, "chunks of {size}");
        assert_eq!(info.bytes_total, wire.len() as u64, "chunks of {size}");
        assert_eq!(run(second).count_total, 0, "chunks of {size}");

        let mut decoder = Decoder::new();
        let chunks = chunks(&wire);
        let info = count(|| {
            for chunk in chunks {
                decoder.feed(chunk);
                drop(decoder.next_message().unwrap());
            }
        });
        assert_eq!(info.count_total, 1, "owned, chunks of {size}");
    }
}

#[test]
fn twelve_bytes_that_promise_four_gigabytes_cost_at_most_32_mebibytes() {
    let mut prelude = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    let crc = crc32fast::hash(&prelude[..8]);
    prelude[8..].copy_from_slice(&crc.to_be_bytes());
    let mut decoder = Decoder::with_limits(Limits::unlimited());
    let info = count(|| {
        decoder.feed(Bytes::copy_from_slice(&prelude));
        assert!(decoder.next_frame().unwrap().is_none());
    });
    assert!(info.bytes_max <= 32 * 1024 * 1024 + 64, "{info:?}");
}

#[test]
fn chunks_fed_byte_by_byte_without_draining_are_joined_in_few_steps() {
    let wire = frame(70_000);
    let mut decoder = Decoder::new();
    let bytes: Vec<_> = (0..wire.len()).map(|at| wire.slice(at..=at)).collect();
    let info = count(|| bytes.into_iter().for_each(|byte| decoder.feed(byte)));
    assert!(info.count_total < 20, "{info:?}");
    assert!(decoder.next_frame().unwrap().is_some());
}

#[test]
fn encoding_into_a_buffer_with_room_costs_none_and_into_an_empty_one_a_single_one() {
    let headers = headers();
    let block = HeaderBlock::new(&headers).unwrap();
    let mut buf = BytesMut::with_capacity(4096);
    let info = count(|| {
        encode_frame(&headers, &[b'x'; 500], &mut buf).unwrap();
        let mut frame = FrameWriter::begin(&mut buf);
        frame.header_block(&block);
        let mut payload = frame.payload();
        payload.put_slice(&[b'x'; 500]);
        payload.finish().unwrap();
        let frame = FrameWriter::event(&mut buf, "chunk", None).unwrap();
        frame.around(&[b'x'; 500]).unwrap();
    });
    assert_eq!(info.count_total, 0);
    let mut empty = BytesMut::new();
    let info = count(|| encode_frame(&headers, &[b'x'; 500], &mut empty).unwrap());
    assert_eq!(info.count_total, 1);
}
