//! Event-stream frames: how they are cut into pieces changes nothing, and no more is held than was promised.

use eventstream_codec::{Limits, Parsed, parse};

use crate::frame::{Frame, FrameError, FrameReader, parse_whole};

/// The longest frame that the reader of this target takes, in bytes.
const LIMIT: usize = 4096;

/// The first byte is the size of the pieces; the rest is read as it is, and once more as a frame whose lengths and CRCs
/// were made right, so that the headers are reached.
pub fn frames(data: &[u8]) {
    let Some((&piece, wire)) = data.split_first() else {
        return;
    };
    let piece = usize::from(piece).max(1);
    for wire in [wire, &repaired(wire)] {
        let (frames, end) = read(wire, piece);
        let whole = read(wire, LIMIT);
        assert_eq!((&frames, &end), (&whole.0, &whole.1));
        for frame in &frames {
            // The inner frame of a signed one.
            let _ = parse_whole(&frame.payload);
        }
        if let (Ok(()), [first, ..]) = (&end, frames.as_slice()) {
            agree(first, wire);
        }
    }
}

/// Frames up to the first error, or to the end.
fn read(wire: &[u8], piece: usize) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut reader = FrameReader::new(LIMIT);
    let mut frames = Vec::new();
    for bytes in wire.chunks(piece) {
        reader.feed(bytes);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
        if let Err(FrameError::Cut { have }) = reader.finish() {
            assert!(have < LIMIT, "{have} bytes are held");
        }
    }
    (frames, reader.finish())
}

/// What this reader takes, the codec takes as well, and finds the same in it.
fn agree(frame: &Frame, wire: &[u8]) {
    let Ok(Parsed::Frame(other)) = parse(wire, &Limits::unlimited()) else {
        unreachable!("the codec refuses a frame that was taken");
    };
    assert_eq!(frame.payload, other.payload());
    let names: Vec<_> = frame.headers.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(
        names,
        other.headers().iter().map(|h| h.name).collect::<Vec<_>>()
    );
}

/// A frame of these bytes: two for the length of the header block, the block, the payload.
fn repaired(data: &[u8]) -> Vec<u8> {
    let Some(([high, low], rest)) = data.split_first_chunk::<2>() else {
        return Vec::new();
    };
    let rest = rest.get(..LIMIT).unwrap_or(rest);
    let headers = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let mut frame = Vec::with_capacity(rest.len() + 16);
    for len in [rest.len() + 16, headers] {
        frame.extend(u32::try_from(len).unwrap_or_default().to_be_bytes());
    }
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(rest);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}
