//! What AWS's encoder writes: single frames, streams of them, and streams that end too early.

use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

use crate::folder::{BY_AWS, BY_HAND, Folder};
use crate::frames::{CONVERSE_DELTA, SONIC_CHUNK, decoded, encoded, event, exception};

/// Writes the good messages and the streams.
pub fn write(folder: &Folder) {
    messages(folder);
    streams(folder);
}

fn messages(folder: &Folder) {
    let header = |name: &str, value| Header::new(name.to_owned(), value);
    let every_type = Message::new(&b"payload"[..])
        .add_header(header("true", HeaderValue::Bool(true)))
        .add_header(header("false", HeaderValue::Bool(false)))
        .add_header(header("byte", HeaderValue::Byte(i8::MIN)))
        .add_header(header("short", HeaderValue::Int16(i16::MIN)))
        .add_header(header("integer", HeaderValue::Int32(i32::MIN)))
        .add_header(header("long", HeaderValue::Int64(i64::MIN)))
        .add_header(header(
            "bytes",
            HeaderValue::ByteArray(vec![0, 0xff, 0x80].into()),
        ))
        .add_header(header(
            "string",
            HeaderValue::String("Grüße 🦀".to_owned().into()),
        ))
        .add_header(header(
            "timestamp",
            HeaderValue::Timestamp(DateTime::from_millis(-1)),
        ))
        .add_header(header(
            "uuid",
            HeaderValue::Uuid(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        ));
    folder.message("every_type", &every_type);
    let largest = Message::new(&b""[..])
        .add_header(header("byte", HeaderValue::Byte(i8::MAX)))
        .add_header(header("short", HeaderValue::Int16(i16::MAX)))
        .add_header(header("integer", HeaderValue::Int32(i32::MAX)))
        .add_header(header("long", HeaderValue::Int64(i64::MAX)))
        .add_header(header(
            "timestamp",
            HeaderValue::Timestamp(DateTime::from_millis(253_402_300_799_999)),
        ));
    folder.message("largest_numbers", &largest);
    let empty = Message::new(&b"x"[..])
        .add_header(header("bytes", HeaderValue::ByteArray(vec![].into())))
        .add_header(header("string", HeaderValue::String(String::new().into())));
    folder.message("empty_values", &empty);
    folder.message("empty_frame", &Message::new(&b""[..]));
    let long = Message::new(&b"x"[..])
        .add_header(header(&"n".repeat(255), HeaderValue::Bool(true)))
        .add_header(header(
            "value",
            HeaderValue::ByteArray(vec![7; 32_767].into()),
        ));
    folder.message("longest_name_and_value", &long);
    folder.message(
        "converse_delta",
        &event("contentBlockDelta", CONVERSE_DELTA),
    );
    folder.message("sonic_chunk", &event("chunk", SONIC_CHUNK));
    folder.message("exception", &exception());
    let big = event("chunk", &vec![b'A'; 17_000]);
    folder.message("payload_of_17_kb", &big);
}

fn streams(folder: &Folder) {
    let messages = [
        event("messageStart", br#"{"role":"assistant"}"#),
        event("contentBlockDelta", CONVERSE_DELTA),
        Message::new(&b""[..]),
        exception(),
    ];
    let bytes: Vec<u8> = messages.iter().flat_map(encoded).collect();
    let views: Vec<Value> = messages.iter().map(|m| decoded(m, &encoded(m))).collect();
    let case = json!({"kind": "stream", "expect": "ok", "source": BY_AWS, "decoded": views, "chunks": [5, 100, 1]});
    folder.write("stream_of_four", Some(&bytes), case);
    let bad = |name: &str, bytes: &[u8], error: &str, before: usize, note: &str| {
        let case = json!({"kind": "stream", "expect": "error", "strict_error": error, "note": note, "source": BY_HAND,
            "decoded_before_error": views[..before]});
        folder.write(name, Some(bytes), case);
    };
    bad(
        "stream_cut_in_crc",
        &bytes[..bytes.len() - 1],
        "IncompleteAtEof",
        3,
        "the last byte is missing",
    );
    let two = encoded(&messages[0]).len() + encoded(&messages[1]).len();
    bad(
        "stream_cut_in_prelude",
        &bytes[..two + 3],
        "IncompleteAtEof",
        2,
        "three bytes of the third frame",
    );
    let html = [&bytes[..two], b"<html><body>502 Bad Gateway</body></html>"].concat();
    bad(
        "stream_then_html",
        &html,
        "PreludeCrcMismatch",
        2,
        "a proxy's error page in the middle of a stream",
    );
    let mut flipped = bytes.clone();
    flipped[two - 10] ^= 4;
    bad(
        "stream_with_damage",
        &flipped,
        "MessageCrcMismatch",
        1,
        "one bit of the second frame's payload",
    );
    let many: Vec<Message> = (0..64_u8)
        .map(|n| event("chunk", &vec![n; usize::from(n)]))
        .collect();
    let bytes: Vec<u8> = many.iter().flat_map(encoded).collect();
    let views: Vec<Value> = many.iter().map(|m| decoded(m, &encoded(m))).collect();
    folder.write(
        "stream_of_64",
        Some(&bytes),
        json!({"kind": "stream", "expect": "ok", "source": BY_AWS, "decoded": views}),
    );
    folder.write(
        "stream_of_nothing",
        Some(b""),
        json!({"kind": "stream", "expect": "ok", "source": BY_HAND, "decoded": []}),
    );
}
