//! A static library without std that frames and unframes: with a std dependency anywhere below it, the panic handler
//! would stand twice and it would not build.
#![no_std]

use bytes::BytesMut;
use eventstream_codec::{Decoder, FrameWriter};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Encodes an event, decodes it, and gives the length of its payload.
pub extern "C" fn round_trip(byte: u8) -> usize {
    let mut wire = BytesMut::new();
    let written = FrameWriter::event(&mut wire, "chunk", None).and_then(|frame| {
        let mut payload = frame.payload();
        payload.put_slice(&[byte; 100]);
        payload.finish()
    });
    let mut decoder = Decoder::new();
    decoder.feed(wire.freeze());
    match (written, decoder.next_frame()) {
        (Ok(()), Ok(Some(frame))) => frame.payload().len(),
        _ => 0,
    }
}
