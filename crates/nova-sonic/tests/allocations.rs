//! Steady audio goes out without an allocation.

use bytes::BytesMut;
use nova_sonic::{Dialect, Names, SampleRate, Setup, Writer};

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
