//! The frame as this client makes it.

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};
use nova_sonic::{Dialect, Names, SampleRate, Setup, Writer};

use crate::{FRAME_MS, KEY_ID, SECRET, START_MS};

pub(crate) struct Ours {
    writer: Writer,
    signer: EventSigner,
    wire: BytesMut,
    now: i64,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let mut writer = Writer::new(Dialect::V2, Names::new([7; 16]));
        let mut wire = BytesMut::new();
        let setup = Setup {
            system: "You are a friendly assistant.".into(),
            ..Setup::default()
        };
        writer.open(&setup, &mut wire).unwrap();
        writer.open_audio(SampleRate::Hz16000, &mut wire).unwrap();
        let credentials = Credentials::new(KEY_ID, SECRET);
        let scope = Scope::new("us-east-1", "bedrock");
        Self {
            writer,
            signer: EventSigner::new(Signature::from_bytes([7; 32]), &credentials, scope),
            wire,
            now: START_MS,
        }
    }

    /// The signed frame of the next audio event.
    pub(crate) fn frame(&mut self, pcm: &[u8]) -> &[u8] {
        self.now += FRAME_MS;
        self.wire.clear();
        self.wire.resize(self.signer.headroom(), 0);
        self.writer.audio(pcm, &mut self.wire).unwrap();
        let now = Timestamp::from_millis(self.now);
        self.signer.seal(now, &mut self.wire, 0).unwrap();
        &self.wire
    }
}
