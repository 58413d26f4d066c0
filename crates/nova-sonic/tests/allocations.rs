//! Steady audio goes out without an allocation, and comes in with those of what is handed on.

use base64_simd::STANDARD;
use bedrock_wire::ChunkWriter;
use bytes::BytesMut;
use eventstream_codec::{Decoder, Inbound};
use nova_sonic::{Dialect, Names, Reader, SampleRate, ServerEvent, Setup, Writer};

#[test]
fn an_audio_event_costs_no_allocation() {
    let mut writer = Writer::new(Dialect::V2, Names::new([5; 16]));
    let mut out = BytesMut::with_capacity(16 * 1024);
    writer.open(&Setup::default(), &mut out).unwrap();
    writer.open_audio(SampleRate::Hz16000, &mut out).unwrap();
    let pcm = [7; 1024];
    let counted = allocation_counter::measure(|| {
        for _ in 0..100 {
            out.clear();
            writer.audio(&pcm, &mut out).unwrap();
        }
    });
    assert_eq!(counted.count_total, 0, "{} bytes", counted.bytes_total);
}

#[test]
fn an_audio_event_that_comes_costs_one_allocation() {
    let pcm = STANDARD.encode_to_string([7; 1536]);
    let json = format!(
        r#"{{"event":{{"audioOutput":{{"completionId":"c","content":"{pcm}","contentId":"a","promptName":"p","role":"ASSISTANT","sessionId":"s"}}}}}}"#
    );
    let mut wire = BytesMut::new();
    for _ in 0..101 {
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
    }
    let mut decoder = Decoder::new();
    decoder.feed(wire.freeze());
    let mut reader = Reader::new();
    let mut heard = 0;
    let mut next = || {
        let frame = decoder.next_frame().unwrap().unwrap();
        let sink = &mut |event| {
            let ServerEvent::AudioOutput(audio) = event else {
                panic!("another event");
            };
            heard += audio.pcm.len();
        };
        reader.read(frame, sink).unwrap();
    };
    next();
    let counted = allocation_counter::measure(|| (0..100).for_each(|_| next()));
    assert_eq!(heard, 101 * 1536);
    // The PCM, which the caller keeps.
    assert_eq!(counted.count_total, 100, "{} bytes", counted.bytes_total);
}
