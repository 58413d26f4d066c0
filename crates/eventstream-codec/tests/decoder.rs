//! The decoder beside the straight road: chunks piled up, damage, salvage, input that is no frames at all.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::{Bytes, BytesMut};
use eventstream_codec::{DecodeErrorKind, Decoder, Limits, Lookalike, encode_frame};

fn frames(payloads: &[&[u8]]) -> Bytes {
    let mut wire = BytesMut::new();
    for payload in payloads {
        encode_frame(&[], payload, &mut wire).unwrap();
    }
    wire.freeze()
}

fn payloads(decoder: &mut Decoder, owned: bool) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if owned {
        while let Some(message) = decoder.next_message().unwrap() {
            found.push(message.payload().to_vec());
        }
    } else {
        while let Some(frame) = decoder.next_frame().unwrap() {
            found.push(frame.payload().to_vec());
        }
    }
    found
}

#[test]
fn chunks_fed_without_draining_lose_nothing() {
    let wire = frames(&[b"one", b"two", b"three", &[4; 100]]);
    for chunk in 1..=wire.len() {
        for owned in [false, true] {
            let mut decoder = Decoder::new();
            for at in (0..wire.len()).step_by(chunk) {
                decoder.feed(wire.slice(at..wire.len().min(at + chunk)));
            }
            assert_eq!(decoder.buffered(), wire.len());
            assert_eq!(payloads(&mut decoder, owned).len(), 4, "chunk {chunk}");
            assert_eq!(decoder.finish(), Ok(()));
        }
    }
}

#[test]
fn borrowed_and_owned_frames_may_take_turns() {
    let wire = frames(&[b"one", b"two", b"three", b"four", b"five"]);
    for chunk in 1..=wire.len() {
        let mut decoder = Decoder::new();
        let mut found = Vec::new();
        for piece in wire.chunks(chunk) {
            decoder.feed(Bytes::copy_from_slice(piece));
            loop {
                if found.len() % 2 == 0 {
                    let Some(frame) = decoder.next_frame().unwrap() else {
                        break;
                    };
                    found.push(frame.payload().to_vec());
                } else {
                    let Some(message) = decoder.next_message().unwrap() else {
                        break;
                    };
                    found.push(message.payload().to_vec());
                }
            }
        }
        decoder.finish().unwrap();
        assert_eq!(found, [&b"one"[..], b"two", b"three", b"four", b"five"]);
        assert_eq!((decoder.frames(), decoder.offset()), (5, wire.len() as u64));
    }
}

#[test]
fn a_lent_frame_is_no_part_of_what_is_buffered() {
    let wire = frames(&[b"payload"]);
    let mut decoder = Decoder::new();
    decoder.feed(wire.slice(..5));
    assert_eq!(decoder.next_frame().unwrap(), None);
    assert!(decoder.is_mid_frame());
    decoder.feed(wire.slice(5..));
    assert!(decoder.next_frame().unwrap().is_some());
    assert!(!decoder.is_mid_frame());
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn resynchronising_reports_a_bad_frame_once_and_goes_on_behind_it() {
    let good = frames(&[b"one", b"two", b"three"]);
    let mut bad = good.to_vec();
    bad[19 + 13] ^= 1; // in the second payload
    for chunk in 1..=bad.len() {
        let mut decoder = Decoder::new().resynchronising();
        let mut found = Vec::new();
        let mut errors = Vec::new();
        for piece in bad.chunks(chunk) {
            decoder.feed(Bytes::copy_from_slice(piece));
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => found.push(frame.payload().to_vec()),
                    Ok(None) => break,
                    Err(error) => errors.push(error),
                }
            }
        }
        assert_eq!(found, [&b"one"[..], b"three"], "chunk {chunk}");
        assert_eq!(errors.len(), 1);
        assert_eq!((errors[0].frame_index(), errors[0].offset()), (1, 19 + 15));
        assert_eq!(decoder.finish(), Ok(()));
        assert_eq!((decoder.frames(), decoder.offset()), (3, bad.len() as u64));
    }
}

#[test]
fn a_bad_prelude_is_final_even_when_resynchronising() {
    let mut bad = frames(&[b"one", b"two"]).to_vec();
    bad[19] ^= 1;
    let mut decoder = Decoder::new().resynchronising();
    decoder.feed(bad.into());
    assert!(decoder.next_frame().unwrap().is_some());
    let error = decoder.next_frame().unwrap_err();
    assert_eq!(error.kind().name(), "PreludeCrcMismatch");
    assert_eq!((error.frame_index(), error.offset()), (1, 27));
    assert_eq!(decoder.next_frame().unwrap_err(), error);
}

#[test]
fn a_body_that_is_not_frames_is_named_and_not_shown() {
    let body = br#"{"message":"The security token included in the request is invalid."}"#;
    for chunk in 1..=body.len() {
        let mut decoder = Decoder::new();
        let mut outcome = Ok(());
        for piece in body.chunks(chunk) {
            decoder.feed(Bytes::copy_from_slice(piece));
            outcome = decoder.next_frame().map(|frame| assert!(frame.is_none()));
            if outcome.is_err() {
                break;
            }
        }
        let error = outcome.unwrap_err();
        assert_eq!(error.lookalike(), Some(Lookalike::Json));
        assert_eq!(error.first_bytes(), br#"{"message":""#);
        let (display, debug) = (error.to_string(), format!("{error:?}"));
        assert!(
            display.ends_with("looks like JSON, not like frames"),
            "{display}"
        );
        assert!(!display.contains("message\"") && !debug.contains("message\""));
        assert!(!debug.contains("123, 34"), "{debug}");
    }
    let mut short = Decoder::new();
    short.feed(Bytes::from_static(b"{}"));
    assert!(short.next_frame().unwrap().is_none());
    assert_eq!(
        short.finish().unwrap_err().lookalike(),
        Some(Lookalike::Json)
    );
}

#[test]
fn an_error_says_what_was_wanted_and_what_was_there() {
    let wire = frames(&[b"payload"]);
    let mut decoder = Decoder::new();
    decoder.feed(wire.slice(..12));
    assert!(decoder.next_frame().unwrap().is_none());
    let error = decoder.finish().unwrap_err();
    let kind = DecodeErrorKind::IncompleteAtEof {
        needed: 23,
        had: 12,
    };
    assert_eq!(error.kind(), &kind);
    assert_eq!(error.first_bytes(), &wire[..12]);
}

#[test]
fn many_headers_stay_cheap_to_check_for_duplicates_and_the_repeated_one_is_found() {
    let block = |names: &[String]| {
        let mut block = Vec::new();
        for name in names {
            block.push(u8::try_from(name.len()).unwrap());
            block.extend_from_slice(name.as_bytes());
            block.push(0);
        }
        block
    };
    let limits = Limits::strict().with_max_headers(usize::MAX);
    for count in [2_usize, 31, 32, 33, 40_000] {
        let mut names: Vec<_> = (0..count).map(|i| format!("{i:08}")).collect();
        assert!(eventstream_codec::Headers::parse(&block(&names), &limits).is_ok());
        names[count - 1] = names[0].clone();
        let error = eventstream_codec::Headers::parse(&block(&names), &limits).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::DuplicateHeader);
        assert_eq!(error.offset(), (count as u64 - 1) * 10);
    }
}
