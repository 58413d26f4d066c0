//! The input as a signed frame.

use std::io::{Read, Write};

use bytes::{BufMut, BytesMut};
use eventstream_codec::{Header, HeaderValue, Seal, Timestamp, encode_frame};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    let credentials = Credentials::new("AKIDEXAMPLE", "example");
    let scope = Scope::new("us-east-1", "bedrock");
    let mut signer = EventSigner::new(Signature::from_bytes([7; 32]), &credentials, scope);
    let mut wire = BytesMut::new();
    wire.put_bytes(0, signer.headroom());
    let kind = Header {
        name: ":message-type",
        value: HeaderValue::String("event"),
    };
    encode_frame(&[kind], &input, &mut wire).expect("a frame");
    let now = Timestamp::from_millis(1_798_700_000_000);
    signer.seal(now, &mut wire, 0).expect("a signed frame");
    std::io::stdout().write_all(&wire).expect("output");
}
