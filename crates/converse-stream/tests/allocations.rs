//! A delta costs one allocation: the text that the caller gets.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../benches/speed/bodies.rs"]
mod bodies;

use allocation_counter::measure;
use bodies::Body;
use converse_stream::{Mapper, Reader};
use eventstream_codec::{Decoder, Inbound, TransportEnd};

/// What a stream costs beside its deltas: the reply's growth (a doubling each), starts, stops, metadata.
const REST: u64 = 64;

#[test]
fn a_text_delta_costs_one_allocation() {
    for body in [bodies::answer(), bodies::tool_input()] {
        let Body {
            name,
            bytes,
            deltas,
        } = body;
        let most = deltas as u64 + REST;

        let mut decoder = Decoder::new();
        decoder.feed(bytes.clone());
        let mapped = measure(|| {
            let mut mapper = Mapper::new();
            while let Some(frame) = decoder.next_frame().unwrap() {
                mapper.read(frame, &mut drop).unwrap();
            }
            assert!(mapper.finish(TransportEnd::Clean, &mut drop).is_complete());
        });
        assert!(
            mapped.count_total <= most,
            "{name}: {} of {most}",
            mapped.count_total
        );
        assert!(
            mapped.count_total >= deltas as u64,
            "{name}: the text is owned"
        );

        let mut reader = Reader::new();
        let pulled = measure(|| {
            reader.feed(bytes.clone());
            while reader.next_event().unwrap().is_some() {}
        });
        assert!(
            pulled.count_total <= most,
            "{name}: {} of {most}",
            pulled.count_total
        );
    }
}
