//! `cargo +nightly fuzz run headers`, in the folder of the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventstream_codec_fuzz::headers(data));
