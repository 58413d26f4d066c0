//! Bedrock-like frames, and every way of this crate to read and write them.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    Decoder, FrameWriter, Header, HeaderBlock, HeaderValue, Limits, Message, MessageKind, Parsed,
    encode_frame, parse,
};

/// Bytes of a chunk: an HTTP/2 DATA frame of default size.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Headers of each frame: those of Bedrock.
pub(crate) const TEXTS: [(&str, &str); 3] = [
    (":event-type", "contentBlockDelta"),
    (":content-type", "application/json"),
    (":message-type", "event"),
];

pub(crate) struct Frames {
    headers: Vec<Header<'static>>,
    pub(crate) payload: Bytes,
    pub(crate) frame: Bytes,
    /// Many frames in a row, cut into chunks.
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) count: usize,
}

impl Frames {
    pub(crate) fn new(payload_len: usize) -> Self {
        let payload: Bytes = (b' '..b'z').cycle().take(payload_len).collect();
        let headers: Vec<_> = TEXTS
            .iter()
            .map(|(name, text)| Header {
                name,
                value: HeaderValue::String(text),
            })
            .collect();
        let mut frame = BytesMut::new();
        encode_frame(&headers, &payload, &mut frame).unwrap();
        let count = (512 * 1024 / frame.len()).max(4);
        let stream = Bytes::from(frame.repeat(count));
        let chunks = stream.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
        Self {
            headers,
            payload,
            frame: frame.freeze(),
            chunks,
            count,
        }
    }

    pub(crate) fn parse(&self) {
        let limits = Limits::default();
        let _ = black_box(parse(black_box(&self.frame), &limits).unwrap());
    }

    pub(crate) fn read(&self) {
        let limits = Limits::default();
        let Parsed::Frame(frame) = parse(black_box(&self.frame), &limits).unwrap() else {
            unreachable!("the frame is whole")
        };
        for header in frame.headers() {
            black_box(header);
        }
        assert!(matches!(black_box(frame.kind()), MessageKind::Event { .. }));
        black_box(frame.payload());
    }

    pub(crate) fn own(&self) {
        black_box(Message::from_bytes(black_box(&self.frame), &Limits::default()).unwrap());
    }

    pub(crate) fn decode(&self) {
        let mut decoder = Decoder::new();
        let mut count = 0;
        for chunk in &self.chunks {
            decoder.feed(chunk.clone());
            while let Some(frame) = decoder.next_frame().unwrap() {
                black_box(frame);
                count += 1;
            }
        }
        assert_eq!(count, self.count);
    }

    pub(crate) fn decode_owned(&self) {
        let mut decoder = Decoder::new();
        let mut count = 0;
        for chunk in &self.chunks {
            decoder.feed(chunk.clone());
            while let Some(message) = decoder.next_message().unwrap() {
                black_box(message);
                count += 1;
            }
        }
        assert_eq!(count, self.count);
    }

    pub(crate) fn encode(&self, buf: &mut BytesMut) {
        buf.clear();
        encode_frame(black_box(&self.headers), &self.payload, buf).unwrap();
        black_box(buf);
    }

    pub(crate) fn header_block(&self) -> HeaderBlock {
        HeaderBlock::new(&self.headers).unwrap()
    }

    pub(crate) fn encode_block(&self, block: &HeaderBlock, buf: &mut BytesMut) {
        buf.clear();
        let mut frame = FrameWriter::begin(buf);
        frame.header_block(black_box(block));
        let mut payload = frame.payload();
        payload.put_slice(&self.payload);
        payload.finish().unwrap();
        black_box(buf);
    }

    pub(crate) fn around(&self, head: &mut BytesMut) {
        head.clear();
        let mut frame = FrameWriter::begin(head);
        for header in black_box(&self.headers) {
            frame.header(header.name, header.value).unwrap();
        }
        black_box(frame.around(&self.payload).unwrap());
        black_box(head);
    }
}
