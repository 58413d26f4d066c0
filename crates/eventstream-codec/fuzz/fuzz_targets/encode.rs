//! `cargo +nightly fuzz run encode`, in the folder of the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventstream_codec_fuzz::encode(data));
