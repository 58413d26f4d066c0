//! A stream of frames signed by this crate.

use bytes::BytesMut;
use eventstream_codec::{Header, HeaderValue, Seal, Timestamp, encode_frame};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};

pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const START_MS: i64 = 1_798_700_000_000;
pub(crate) const FRAME_MS: i64 = 32;
pub(crate) const HEADERS: [(&str, &str); 3] = [
    (":message-type", "event"),
    (":event-type", "chunk"),
    (":content-type", "application/json"),
];

pub(crate) struct Stream {
    inner: BytesMut,
    wire: BytesMut,
    pub(crate) signer: EventSigner,
    now: i64,
}

impl Stream {
    /// Of frames with payloads of so many bytes.
    pub(crate) fn new(payload: usize) -> Self {
        let headers = HEADERS.map(|(name, value)| Header {
            name,
            value: HeaderValue::String(value),
        });
        let mut inner = BytesMut::new();
        encode_frame(&headers, &vec![b'x'; payload], &mut inner).unwrap();
        let credentials = Credentials::new(KEY_ID, SECRET);
        let scope = Scope::new("us-east-1", "bedrock");
        Self {
            inner,
            wire: BytesMut::new(),
            signer: EventSigner::new(Signature::from_bytes([7; 32]), &credentials, scope),
            now: START_MS,
        }
    }

    /// The next frame of the stream, copied behind the headroom and signed.
    pub(crate) fn seal(&mut self) -> &[u8] {
        self.now += FRAME_MS;
        self.wire.clear();
        self.wire.resize(self.signer.headroom(), 0);
        self.wire.extend_from_slice(&self.inner);
        let now = Timestamp::from_millis(self.now);
        self.signer.seal(now, &mut self.wire, 0).unwrap();
        &self.wire
    }
}
