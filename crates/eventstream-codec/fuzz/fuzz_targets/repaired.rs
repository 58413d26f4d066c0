//! `cargo +nightly fuzz run repaired`, in the folder of the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventstream_codec_fuzz::repaired(data));
