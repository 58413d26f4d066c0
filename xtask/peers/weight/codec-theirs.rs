//! Frames from the input, written anew.

use std::io::{Read, Write};

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use bytes::Bytes;

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    let (mut decoder, mut output) = (MessageFrameDecoder::new(), Vec::new());
    let mut input = Bytes::from(input);
    while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut input).expect("a frame") {
        write_message_to(&message, &mut output).expect("a frame");
    }
    std::io::stdout().write_all(&output).expect("output");
}
