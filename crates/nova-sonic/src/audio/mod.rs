//! What stands between a microphone, a telephone line or a file and the service's audio: 16-bit little-endian mono PCM.
//!
//! No codecs but G.711, no echo cancellation: where loudspeaker and microphone share a room, put one in front, or the model
//! interrupts itself.

mod frames;
mod g711;
mod pcm16;
#[cfg(feature = "resample")]
mod resample;

pub use frames::{FRAME_MS, Framer};
pub use g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
pub use pcm16::{from_f32, level_db, samples, silence, to_bytes, to_f32};
#[cfg(feature = "resample")]
pub use resample::{ResampleError, Resampler};
