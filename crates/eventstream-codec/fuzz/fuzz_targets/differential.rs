//! `cargo +nightly fuzz run differential`, in the folder of the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventstream_codec_fuzz::differential(data));
