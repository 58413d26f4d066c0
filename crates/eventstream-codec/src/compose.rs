//! The two traits through which crates compose around frames: [`Seal`] outwards, [`Inbound`] inwards.

use core::convert::Infallible;
use core::error::Error;

use bytes::BytesMut;

use crate::frame::Frame;
use crate::header::Timestamp;

/// Makes finished frames ready for the wire: signs them, or leaves them as they are.
///
/// The caller leaves [`headroom`](Self::headroom) bytes free, writes one frame behind them, and has it sealed in place.
///
/// ```
/// use bytes::BytesMut;
/// use eventstream_codec::{Seal, Timestamp, Unsigned, encode_frame};
///
/// fn send<S: Seal>(sealer: &mut S, now: Timestamp, out: &mut BytesMut) -> Result<(), S::Error> {
///     let at = out.len();
///     out.resize(at + sealer.headroom(), 0);
///     encode_frame(&[], b"payload", out).expect("a short payload");
///     sealer.seal(now, out, at)
/// }
/// # let mut out = BytesMut::new();
/// # send(&mut Unsigned, Timestamp::default(), &mut out).unwrap();
/// # assert_eq!(out.len(), 23);
/// ```
pub trait Seal {
    /// Why a frame could not be sealed.
    type Error: Error + Send + Sync + 'static;

    /// Bytes to leave free in front of the frame.
    fn headroom(&self) -> usize;

    /// Seals the frame that stands at `at + headroom()` and reaches to the end of `buf`. The result begins at `at`.
    ///
    /// # Errors
    /// Where there is no frame behind the headroom, or the result would be too long. `buf` is then as it was.
    fn seal(&mut self, now: Timestamp, buf: &mut BytesMut, at: usize) -> Result<(), Self::Error>;

    /// Appends what ends the stream on the wire: a signed frame without payload, or nothing.
    ///
    /// # Errors
    /// Where the end has been sealed before. `buf` is then as it was.
    fn seal_end(&mut self, now: Timestamp, buf: &mut BytesMut) -> Result<(), Self::Error>;
}

/// Frames go out as they are. There is no silent fall-back to this: the caller names it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsigned;

impl Seal for Unsigned {
    type Error = Infallible;

    fn headroom(&self) -> usize {
        0
    }

    fn seal(&mut self, _now: Timestamp, _buf: &mut BytesMut, _at: usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn seal_end(&mut self, _now: Timestamp, _buf: &mut BytesMut) -> Result<(), Infallible> {
        Ok(())
    }
}

/// How the bytes under a stream of frames ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportEnd {
    /// In order (`END_STREAM`, the end of a file) and on a frame boundary.
    Clean,
    /// Any other way: reset, connection lost, cut inside a frame, bytes that are not frames.
    Cut,
}

/// Turns the frames of one stream into typed events and, at its end, a verdict.
pub trait Inbound {
    /// What the frames mean.
    type Event;
    /// Why a frame could not be understood, or what the service reported in it. It ends the stream.
    type Error: Error + Send + Sync + 'static;
    /// What [`finish`](Self::finish) says of the whole stream.
    type Outcome;

    /// Reads one frame and hands any number of events to `sink`, in order.
    ///
    /// # Errors
    /// Where the frame is an exception or cannot be understood. What came before stands; events of the same frame that
    /// were handed out before the fault stand too.
    fn read(
        &mut self,
        frame: Frame<'_>,
        sink: &mut impl FnMut(Self::Event),
    ) -> Result<(), Self::Error>;

    /// Says how the transport ended, hands the last events to `sink` and judges the stream.
    fn finish(&mut self, end: TransportEnd, sink: &mut impl FnMut(Self::Event)) -> Self::Outcome;
}
