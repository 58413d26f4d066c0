//! `cargo +nightly fuzz run grammar`, in the folder of the loopback.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bedrock_loopback::fuzz::grammar(data));
