//! Frames from the input, written anew.

use std::io::{Read, Write};

use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, encode_frame};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    let (mut decoder, mut output) = (Decoder::new(), BytesMut::new());
    decoder.feed(Bytes::from(input));
    while let Some(frame) = decoder.next_frame().expect("a frame") {
        let headers: Vec<_> = frame.headers().iter().collect();
        encode_frame(&headers, frame.payload(), &mut output).expect("a frame");
    }
    std::io::stdout().write_all(&output).expect("output");
}
