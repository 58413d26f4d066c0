//! Events on their way out: JSON as base64 inside JSON inside a frame, written in place.

use base64_simd::AsOut;
use bytes::BytesMut;
use eventstream_codec::{
    EncodeError, FrameWriter, Header, HeaderBlock, HeaderValue, Limits, Parsed, Seal, Timestamp,
    parse,
};

/// Writes events of type `chunk` as whole inner frames.
///
/// Headers `:message-type`, `:event-type`, `:content-type` in the order of AWS's Rust and Python SDKs, then
/// `{"bytes":"<base64>"}` without spaces. An inner frame is 91 bytes longer than its payload.
#[derive(Clone, Debug)]
pub struct ChunkWriter {
    headers: HeaderBlock,
}

impl ChunkWriter {
    /// Bytes that one chunk may hold, as the service's model has it (`PayloadPart.bytes`, 1,000,000).
    pub const MAX_BYTES: usize = 1_000_000;

    /// A writer with its header block prepared.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "three constant headers; the tests build them"
    )]
    pub fn new() -> Self {
        let header = |name, value| Header {
            name,
            value: HeaderValue::String(value),
        };
        let headers = HeaderBlock::new(&[
            header(":message-type", "event"),
            header(":event-type", "chunk"),
            header(":content-type", "application/json"),
        ])
        .expect("constant headers are valid");
        Self { headers }
    }

    /// Appends one finished frame that holds `json` to `out`, behind whatever stands there (headroom for a signature).
    /// Allocates only where `out` has to grow.
    ///
    /// # Errors
    /// `PayloadTooLong` where the frame would be over 24 MiB; `out` is then as it was.
    pub fn write(&self, json: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        const OPEN: &[u8] = br#"{"bytes":""#;
        const CLOSE: &[u8] = br#""}"#;
        let base64 = base64_simd::STANDARD;
        let mut frame = FrameWriter::begin(out);
        frame.header_block(&self.headers);
        let mut payload = frame.payload();
        payload.put_slice(OPEN);
        let space = payload.put_zeroed(base64.encoded_length(json.len()));
        let _ = base64.encode(json, space.as_out());
        payload.put_slice(CLOSE);
        payload.finish()
    }
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// Seals each of the finished frames in `frames` (several, back to back) and appends them to `wire`.
///
/// For blocks that are written as a unit; a single frame is better written behind its headroom and sealed in place.
/// Bytes at the end of `frames` that are not a whole frame are left out; a [`ChunkWriter`] leaves none.
///
/// # Errors
/// The sealer's, for the first frame that it refuses; `wire` then ends with the frame before it.
pub fn seal_frames<S: Seal>(
    sealer: &mut S,
    now: Timestamp,
    frames: &[u8],
    wire: &mut BytesMut,
) -> Result<(), S::Error> {
    let mut rest = frames;
    while let Ok(Parsed::Frame(frame)) = parse(rest, &Limits::unlimited()) {
        let at = wire.len();
        wire.resize(at + sealer.headroom(), 0);
        wire.extend_from_slice(frame.as_bytes());
        if let Err(error) = sealer.seal(now, wire, at) {
            wire.truncate(at);
            return Err(error);
        }
        rest = rest.get(frame.total_len()..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use eventstream_codec::{Message, Unsigned};

    use super::*;

    #[test]
    fn a_frame_is_as_the_rust_sdk_writes_it() {
        let mut out = BytesMut::from(&b"head"[..]);
        ChunkWriter::new().write(b"{}", &mut out).unwrap();
        let head = out.split_to(4);
        assert_eq!(&head[..], b"head");
        let message = Message::from_bytes(&out.freeze(), &Limits::strict()).unwrap();
        let names: Vec<_> = message.frame().headers().iter().map(|h| h.name).collect();
        assert_eq!(names, [":message-type", ":event-type", ":content-type"]);
        assert_eq!(&message.payload()[..], br#"{"bytes":"e30="}"#);
        assert_eq!(message.as_bytes().len(), message.payload().len() + 91);
    }

    #[test]
    fn too_long_an_event_writes_nothing() {
        let mut out = BytesMut::from(&b"kept"[..]);
        let json = vec![b' '; 19 * 1024 * 1024];
        assert!(ChunkWriter::new().write(&json, &mut out).is_err());
        assert_eq!(&out[..], b"kept");
    }

    #[test]
    fn sealing_goes_frame_by_frame() {
        let (mut frames, mut wire) = (BytesMut::new(), BytesMut::new());
        let writer = ChunkWriter::new();
        for json in [&b"{}"[..], b"[1]", b""] {
            writer.write(json, &mut frames).unwrap();
        }
        seal_frames(&mut Unsigned, Timestamp::default(), &frames, &mut wire).unwrap();
        assert_eq!(frames, wire);
    }
}
