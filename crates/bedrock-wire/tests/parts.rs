//! Parts round the wire, and whatever else a peer might send.

use bedrock_wire::{ChunkWriter, ServiceError, read_part, read_part_into};
use bytes::BytesMut;
use eventstream_codec::{Decoder, Header, HeaderValue, encode_frame};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(json in proptest::collection::vec(any::<u8>(), 0..3000), headroom in 0usize..100) {
        let mut wire = BytesMut::zeroed(headroom);
        prop_assert!(ChunkWriter::new().write(&json, &mut wire).is_ok());
        prop_assert!(wire.split_to(headroom).iter().all(|byte| *byte == 0), "the headroom is the caller's");
        let mut decoder = Decoder::new();
        decoder.feed(wire.freeze());
        let message = decoder.next_message().ok().flatten();
        let payload = message.map(|message| message.payload()).unwrap_or_default();
        prop_assert_eq!(read_part(&payload), Ok(json));
        prop_assert!(decoder.finish().is_ok());
    }

    #[test]
    fn no_payload_breaks_the_reader(payload in "[{}\"bytes:p,=A-Za-z0-9\\\\ ]{0,60}") {
        let mut out = b"kept".to_vec();
        let read = read_part_into(payload.as_bytes(), &mut out);
        prop_assert_eq!(out.get(..4), Some(&b"kept"[..]));
        prop_assert!(read.is_ok() || out.len() == 4);
    }

    #[test]
    fn every_exception_is_an_error_of_one_line(
        code in "(\\PC|\\n|\u{7}){0,20}", payload in "\\PC{0,60}", status in any::<u16>(), control in any::<bool>(),
    ) {
        let headers = [
            Header { name: ":message-type", value: HeaderValue::String("exception") },
            Header { name: ":exception-type", value: HeaderValue::String(&code) },
        ];
        let message = if control { format!("{payload}\n\u{7}") } else { payload.clone() };
        let body = serde_json::json!({"message": message, "originalStatusCode": status}).to_string();
        for body in [body.as_bytes(), payload.as_bytes()] {
            let mut wire = BytesMut::new();
            prop_assert!(encode_frame(&headers, body, &mut wire).is_ok());
            let mut decoder = Decoder::new();
            decoder.feed(wire.freeze());
            let error = decoder.next_frame().ok().flatten().and_then(|frame| ServiceError::from_frame(&frame));
            let line = error.map(|error| error.to_string()).unwrap_or_default();
            prop_assert!(line.contains("advice: "));
            prop_assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
}
