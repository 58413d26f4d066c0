//! The same frames through aws-smithy-eventstream and bare crc32fast.

use std::hint::black_box;

use aws_smithy_eventstream::frame::{
    DecodedFrame, MessageFrameDecoder, read_message_from, write_message_to,
};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes_utils::SegmentedBuf;

use crate::ours::{Frames, TEXTS};

pub(crate) fn message(frames: &Frames) -> Message {
    let message = Message::new(frames.payload.clone());
    TEXTS.iter().fold(message, |message, (name, text)| {
        message.add_header(Header::new(*name, HeaderValue::String((*text).into())))
    })
}

pub(crate) fn read(frames: &Frames) {
    black_box(read_message_from(black_box(&frames.frame).clone()).unwrap());
}

pub(crate) fn chunked(frames: &Frames) {
    let mut decoder = MessageFrameDecoder::new();
    let mut buffer = SegmentedBuf::new();
    let mut count = 0;
    for chunk in &frames.chunks {
        buffer.push(chunk.clone());
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut buffer).unwrap() {
            black_box(message);
            count += 1;
        }
    }
    assert_eq!(count, frames.count);
}

pub(crate) fn encode(message: &Message, buf: &mut Vec<u8>) {
    buf.clear();
    write_message_to(black_box(message), buf).unwrap();
    black_box(buf);
}

pub(crate) fn crc(frames: &Frames) {
    black_box(crc32fast::hash(black_box(&frames.frame)));
}

pub(crate) fn crc_chunked(frames: &Frames) {
    for chunk in &frames.chunks {
        black_box(crc32fast::hash(black_box(chunk)));
    }
}

/// The least that a decoder does that owns what it gives out: one copy into new memory, one CRC.
pub(crate) fn copy_and_crc_chunked(frames: &Frames) {
    for chunk in &frames.chunks {
        let copy = black_box(chunk).to_vec();
        black_box(crc32fast::hash(black_box(&copy)));
    }
}
