//! Two bodies of known shape: an answer in text, and a tool call with a long input.

use bytes::Bytes;
use converse_stream::{MessageStop, Metadata, Role, StopReason, Usage, Writer};

/// A body and how many deltas it has.
pub(crate) struct Body {
    pub(crate) name: &'static str,
    pub(crate) bytes: Bytes,
    pub(crate) deltas: usize,
}

/// An answer of 500 text deltas of 1 to 12 bytes, as models write them; every tenth has a line break, escaped on the wire.
pub(crate) fn answer() -> Body {
    let words = [
        "The", " answer", " is", ",", " of", " course", ": forty", "-two", ".", "\n\nAnd",
    ];
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    let deltas = 500;
    for word in words.iter().cycle().take(deltas) {
        writer.text(*word).unwrap();
    }
    Body {
        name: "an answer of 500 text deltas",
        bytes: end(writer, StopReason::EndTurn),
        deltas,
    }
}

/// A tool call whose 64 KiB of input come in fragments of 16 bytes.
pub(crate) fn tool_input() -> Body {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    let call = writer
        .tool_use("tooluse_0123456789abcdef", "write_file")
        .unwrap();
    let line = r#"the quick brown fox said \"jumps\" over it.\n"#;
    let input = format!(r#"{{"text":"{}"}}"#, line.repeat(64 * 1024 / line.len()));
    let fragments: Vec<_> = input.as_bytes().chunks(16).collect();
    for fragment in &fragments {
        writer
            .tool_input(&call, std::str::from_utf8(fragment).unwrap())
            .unwrap();
    }
    Body {
        name: "64 KiB of tool input in fragments of 16 bytes",
        bytes: end(writer, StopReason::ToolUse),
        deltas: fragments.len(),
    }
}

fn end(writer: Writer, reason: StopReason) -> Bytes {
    let stopped = writer.stop(MessageStop::new(reason)).unwrap();
    let metadata = Metadata::with_usage(Usage::new(1000, 500));
    pad(&stopped.metadata(&metadata).unwrap().finish())
}

/// The same frames with the padding member that the service adds, 32 characters of it.
fn pad(body: &Bytes) -> Bytes {
    let mut padded = bytes::BytesMut::new();
    let mut decoder = eventstream_codec::Decoder::new();
    decoder.feed(body.clone());
    while let Some(frame) = decoder.next_frame().unwrap() {
        let headers: Vec<_> = frame.headers().iter().collect();
        let json = std::str::from_utf8(frame.payload()).unwrap();
        let json = json.strip_suffix('}').unwrap();
        let payload = format!(r#"{json},"p":"abcdefghijklmnopqrstuvwxyzABCDEF"}}"#);
        eventstream_codec::encode_frame(&headers, payload.as_bytes(), &mut padded).unwrap();
    }
    padded.freeze()
}
