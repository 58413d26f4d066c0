//! What no encoder writes: bytes that only some clients take, and bytes that nobody may take.

use aws_smithy_eventstream::frame::write_headers_to;
use peer_aws_eventstream::{header_json, hex};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::folder::{BY_AWS, BY_HAND, Folder};
use crate::frames::{SONIC_CHUNK, encoded, event, frame, prelude, view};

/// Writes the cases of every error kind.
pub fn write(folder: &Folder) {
    tolerated(folder);
    bad_preludes(folder);
    bad_headers(folder);
    order_of_checks(folder);
    blocks(folder);
}

/// What clients take though the specification forbids it.
fn tolerated(folder: &Folder) {
    let twice = [&[1, b'a', 0][..], &[1, b'a', 1]].concat();
    let headers = json!([
        {"name": "a", "type": 0, "value": true},
        {"name": "a", "type": 1, "value": false},
    ]);
    folder.profiles(
        "duplicate_header",
        &frame(&twice, b""),
        view(headers, b""),
        "DuplicateHeader",
    );
    let nameless = json!([{"name": "", "type": 0, "value": true}]);
    folder.profiles(
        "empty_name",
        &frame(&[0, 0], b"x"),
        view(nameless, b"x"),
        "EmptyHeaderName",
    );
    let value = vec![b'v'; 32_768];
    let block = [&[1, b'a', 7, 0x80, 0x00][..], &value].concat();
    let long = json!([{"name": "a", "type": 7, "value": String::from_utf8(value).expect("ASCII")}]);
    folder.profiles(
        "value_of_32768",
        &frame(&block, b""),
        view(long, b""),
        "HeaderValueTooLong",
    );
    let many: Vec<u8> = (0..1025_u16)
        .flat_map(|i| [&[2][..], &name(i), &[0]].concat())
        .collect();
    let many_json: Vec<Value> = (0..1025_u16)
        .map(|i| json!({"name": String::from_utf8(name(i).to_vec()).expect("ASCII"), "type": 0, "value": true}))
        .collect();
    let bytes = frame(&many, b"");
    folder.bad_message(
        "headers_1025",
        &bytes,
        "TooManyHeaders",
        "one more than the bounded profile takes",
    );
    let case = json!({"kind": "message", "expect": "ok", "profile": "unlimited", "source": BY_HAND,
        "decoded": view(json!(many_json), b"")});
    folder.write("headers_1025_unlimited", Some(&bytes), case);
    let over = 24 * 1024 * 1024 + 1;
    let payload = vec![b'0'; over];
    let whole = frame(b"", &payload);
    let recipe = json!({"prefix_hex": hex(&whole[..12]), "fill_byte_hex": "30", "fill_len": over,
        "suffix_hex": hex(&whole[whole.len() - 4..])});
    let digest = hex(&Sha256::digest(&payload));
    let case = json!({"kind": "message", "expect": "ok", "profile": "unlimited", "recipe": recipe, "source": BY_HAND,
        "decoded": {"headers": [], "payload_len": over, "payload_sha256": digest}});
    folder.write("payload_over_24_mib_unlimited", None, case);
}

/// A name of two characters.
fn name(index: u16) -> [u8; 2] {
    let digit = |n: u16| b'!' + u8::try_from(n).expect("below 90");
    [digit(index / 90), digit(index % 90)]
}

/// Faults that show within the first 12 bytes: the rest of the frame is not even there.
fn bad_preludes(folder: &Folder) {
    let only = |total, headers| prelude(total, headers).to_vec();
    let early = "refused at byte 12: what the length promises never comes";
    for total in [0, 15] {
        folder.bad_message(
            &format!("total_length_{total}"),
            &only(total, 0),
            "TotalLengthTooSmall",
            early,
        );
    }
    folder.bad_message(
        "headers_one_too_long",
        &only(30, 15),
        "HeadersLengthOverrun",
        early,
    );
    folder.bad_message(
        "headers_length_max",
        &only(30, u32::MAX),
        "HeadersLengthOverrun",
        early,
    );
    folder.bad_message(
        "headers_over_128_kib",
        &only(200_000, 131_073),
        "HeadersTooLong",
        early,
    );
    folder.bad_message(
        "payload_over_24_mib",
        &only(25_165_824 + 17, 0),
        "PayloadTooLong",
        early,
    );
    folder.bad_message(
        "total_length_max",
        &only(u32::MAX, 0),
        "PayloadTooLong",
        early,
    );
    let mut crc = only(100, 0);
    crc[11] ^= 1;
    folder.bad_message("prelude_crc", &crc, "PreludeCrcMismatch", early);
    let good = encoded(&event("chunk", SONIC_CHUNK));
    let whole = "a slice that should hold one frame";
    folder.bad_message("cut_in_prelude", &good[..11], "Incomplete", whole);
    folder.bad_message("cut_in_headers", &good[..40], "Incomplete", whole);
    folder.bad_message("cut_in_crc", &good[..good.len() - 1], "Incomplete", whole);
    let mut crc = good;
    *crc.last_mut().expect("a frame") ^= 0x80;
    folder.bad_message(
        "message_crc",
        &crc,
        "MessageCrcMismatch",
        "the last bit of the frame",
    );
}

/// Header blocks that are wrong inside a frame whose CRCs are right.
fn bad_headers(folder: &Folder) {
    for (name, block, error, note) in BAD_BLOCKS {
        folder.bad_message(name, &frame(block, b"payload"), error, note);
    }
}

const BAD_BLOCKS: &[(&str, &[u8], &str, &str)] = &[
    (
        "name_overrun",
        &[3, b'a', b'b'],
        "HeaderNameOverrun",
        "a name of three with two bytes left",
    ),
    (
        "name_not_utf8",
        &[2, 0xc3, 0x28, 0],
        "HeaderNameNotUtf8",
        "a broken two-byte sequence",
    ),
    (
        "type_missing",
        &[1, b'a'],
        "HeaderTypeMissing",
        "the block ends behind the name",
    ),
    (
        "type_10",
        &[1, b'a', 10],
        "UnknownHeaderType",
        "types end at 9",
    ),
    (
        "type_255",
        &[1, b'a', 255],
        "UnknownHeaderType",
        "types end at 9",
    ),
    (
        "byte_overrun",
        &[1, b'a', 2],
        "HeaderValueOverrun",
        "no byte behind the type",
    ),
    (
        "short_overrun",
        &[1, b'a', 3, 0],
        "HeaderValueOverrun",
        "one byte of two",
    ),
    (
        "integer_overrun",
        &[1, b'a', 4, 0, 0, 0],
        "HeaderValueOverrun",
        "three bytes of four",
    ),
    (
        "long_overrun",
        &[1, b'a', 5, 0, 0, 0, 0, 0, 0, 0],
        "HeaderValueOverrun",
        "seven bytes of eight",
    ),
    (
        "length_overrun",
        &[1, b'a', 7, 0],
        "HeaderValueOverrun",
        "half of the value's length",
    ),
    (
        "string_overrun",
        &[1, b'a', 7, 0, 3, b'x', b'y'],
        "HeaderValueOverrun",
        "two bytes of three",
    ),
    (
        "bytes_overrun",
        &[1, b'a', 6, 0xff, 0xff, 0],
        "HeaderValueOverrun",
        "one byte of 65,535: not the payload",
    ),
    (
        "timestamp_overrun",
        &[1, b'a', 8, 0],
        "HeaderValueOverrun",
        "one byte of eight",
    ),
    (
        "uuid_overrun",
        &[1, b'a', 9, 0],
        "HeaderValueOverrun",
        "one byte of sixteen",
    ),
    (
        "string_not_utf8",
        &[1, b'a', 7, 0, 2, 0xff, 0xfe],
        "HeaderStringNotUtf8",
        "no UTF-8 at all",
    ),
    (
        "second_header",
        &[1, b'a', 0, 1, b'b', 11],
        "UnknownHeaderType",
        "the first header is good",
    ),
];

/// Which fault is named when there are two.
fn order_of_checks(folder: &Folder) {
    let mut both = frame(&[1, b'a', 10], b"");
    *both.last_mut().expect("a frame") ^= 1;
    folder.bad_message(
        "order_message_crc_first",
        &both,
        "MessageCrcMismatch",
        "unknown header type, and the message CRC is wrong",
    );
    let mut both = prelude(15, u32::MAX).to_vec();
    both[8] ^= 1;
    folder.bad_message(
        "order_prelude_crc_first",
        &both,
        "PreludeCrcMismatch",
        "absurd lengths, and the prelude CRC is wrong",
    );
    folder.bad_message(
        "order_total_before_headers",
        &prelude(15, u32::MAX),
        "TotalLengthTooSmall",
        "both lengths are absurd",
    );
}

/// Header blocks outside a frame.
fn blocks(folder: &Folder) {
    let headers = event("chunk", b"").headers().to_vec();
    let mut block = Vec::new();
    write_headers_to(&headers, &mut block).expect("good headers");
    let views: Vec<Value> = headers.iter().map(header_json).collect();
    folder.write(
        "headers_of_an_event",
        Some(&block),
        json!({"kind": "headers", "expect": "ok", "source": BY_AWS, "decoded_headers": views}),
    );
    for (name, block, error, note) in BAD_BLOCKS {
        folder.write(&format!("headers_{name}"), Some(block),
            json!({"kind": "headers", "expect": "error", "strict_error": error, "note": note, "source": BY_HAND}));
    }
}
