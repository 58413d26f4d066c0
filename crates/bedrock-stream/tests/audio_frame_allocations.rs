//! 32 ms of speech to a signed frame, without an allocation.

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp};
use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};
use nova_sonic::{Dialect, Names, SampleRate, Setup, Writer};

const MIDNIGHT_MS: i64 = 1_798_761_600_000;

#[test]
fn an_audio_frame_costs_no_allocation_in_steady_state() {
    let mut writer = Writer::new(Dialect::V2, Names::new([7; 16]));
    let mut wire = BytesMut::new();
    let setup = Setup {
        system: "You are a friendly assistant.".into(),
        ..Setup::default()
    };
    writer.open(&setup, &mut wire).unwrap();
    writer.open_audio(SampleRate::Hz16000, &mut wire).unwrap();
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let scope = Scope::new("us-east-1", "bedrock");
    let mut signer = EventSigner::new(Signature::from_bytes([7; 32]), &credentials, scope);
    let mut frame = |index: i64| {
        wire.clear();
        wire.resize(signer.headroom(), 0);
        writer.audio(&[1; 1024], &mut wire).unwrap();
        let now = Timestamp::from_millis(MIDNIGHT_MS + (index - 500) * 32);
        signer.seal(now, &mut wire, 0).unwrap();
        wire.len()
    };

    let len = frame(0);
    let counted = allocation_counter::measure(|| {
        for index in 1..1000 {
            assert_eq!(frame(index), len);
        }
    });
    assert_eq!(counted.count_total, 0);
}
