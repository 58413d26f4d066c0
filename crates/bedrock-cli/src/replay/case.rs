//! `--case`: the frames of a recording as conformance cases.

use std::fs;
use std::path::Path;

use bedrock_stream::recording::{Direction, RecordedCall, Transcript, What};
use bytes::Bytes;
use eventstream_codec::{Limits, Message, PRELUDE_LEN};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::frames::json::of_frame;

/// Writes `NAME-call-DIRECTION.json` and `.bin` for each direction of each call that carried frames.
///
/// # Errors
/// Where there are no frames, or a file cannot be written.
pub(super) fn write(transcript: &Transcript, file: &Path, folder: &Path) -> Result<Exit, String> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut written = 0;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for call in transcript.calls() {
        for direction in [Direction::Up, Direction::Down] {
            let frames = frames(call, direction);
            if frames.is_empty() {
                continue;
            }
            let (number, way) = (call.number(), direction.as_str());
            let stem = format!("{name}-{number}-{way}");
            let bytes: Vec<u8> = frames.concat();
            let case = json!({
                "kind": "stream",
                "expect": "ok",
                "bin": format!("{stem}.bin"),
                "len": bytes.len(),
                "source": format!("the recording {name}, call {number} ({}), {way}; signatures are zeros", call.operation()),
                "decoded": decoded(&frames)?,
            });
            let text = format!("{case:#}\n");
            for (ending, content) in [("json", text.as_bytes()), ("bin", &bytes)] {
                let path = folder.join(format!("{stem}.{ending}"));
                fs::write(&path, content)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
            }
            eprintln!("{}: {} frames", folder.join(stem).display(), frames.len());
            written += 1;
        }
    }
    if written == 0 {
        return Err(format!("{}: no frames were recorded", file.display()));
    }
    Ok(Exit::Complete)
}

fn frames(call: &RecordedCall, direction: Direction) -> Vec<Bytes> {
    let of_direction = call.entries().iter().filter(|e| e.direction == direction);
    let frames = of_direction.filter_map(|entry| match &entry.what {
        What::Frame(bytes) => Some(bytes.clone()),
        _ => None,
    });
    frames.collect()
}

fn decoded(frames: &[Bytes]) -> Result<Vec<Value>, String> {
    let mut offset = 0;
    let mut decoded = Vec::with_capacity(frames.len());
    for (index, bytes) in (0..).zip(frames) {
        decoded.push(one(bytes, index, offset)?);
        offset += bytes.len() as u64;
    }
    Ok(decoded)
}

/// A frame, and in `nested` the one inside a signed one.
fn one(bytes: &Bytes, index: u64, offset: u64) -> Result<Value, String> {
    let read = |bytes: &Bytes| {
        Message::from_bytes(bytes, &Limits::bounded()).map_err(|error| error.to_string())
    };
    let message = read(bytes)?;
    let frame = message.frame();
    let mut json = of_frame(&frame, index, offset);
    if frame.signed().is_some() && !frame.payload().is_empty() {
        let inner = read(&message.payload())?;
        let at = offset + (PRELUDE_LEN + frame.headers().as_bytes().len()) as u64;
        let nested = of_frame(&inner.frame(), index, at);
        if let Some(members) = json.as_object_mut() {
            members.insert("nested".to_owned(), nested);
        }
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use eventstream_codec::{Header, HeaderValue, encode_frame};

    use super::*;

    #[test]
    fn a_case_has_what_its_format_asks_for() {
        let mut wire = BytesMut::new();
        let header = Header {
            name: ":event-type",
            value: HeaderValue::String("chunk"),
        };
        encode_frame(&[header], b"{}", &mut wire).unwrap();
        let frame = wire.freeze();
        let decoded = decoded(&[frame.clone(), frame.clone()]).unwrap();
        assert_eq!(decoded[1]["offset"], frame.len());
        assert_eq!(decoded[1]["headers"][0]["value"], "chunk");
        assert_eq!(decoded[1]["payload_base64"], "e30=");
    }
}
