//! `cargo +nightly fuzz run decode`, in the folder of the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventstream_codec_fuzz::decode(data));
