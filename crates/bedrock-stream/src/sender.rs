//! The sending half: frames are written, sealed and sent, in that order and as late as possible.

use bedrock_wire::seal_frames;
use bytes::{Bytes, BytesMut};
use eventstream_codec::Seal;
use h2_duplex::SendHalf;
use nova_sonic::Transmit;

use crate::clock::Clock;
use crate::error::Error;
use crate::link::Link;

/// Sends the frames of one call. Whatever it sends is sealed: signed, or left alone by a sealer that the caller named.
///
/// Each method waits for room in the flow-control window before it writes and seals, since the service refuses
/// signatures that are older than five minutes.
pub(crate) struct FrameSender<H, S> {
    half: H,
    sealer: S,
    clock: Clock,
    /// Kept from frame to frame of speech; given up with frames that come seldom, since a session may then lie idle.
    wire: BytesMut,
    /// The length of the last frame that went alone, in bytes.
    last: usize,
    end_sealed: bool,
    link: Link,
}

impl<H: SendHalf, S: Seal> FrameSender<H, S> {
    pub(crate) fn new(half: H, sealer: S, clock: Clock, link: Link) -> Self {
        Self {
            half,
            sealer,
            clock,
            wire: BytesMut::new(),
            last: 0,
            end_sealed: false,
            link,
        }
    }

    /// Has `write` append exactly one frame, and sends it. It is sealed where it was written.
    ///
    /// # Cancel safety
    /// A future dropped before `write` has run has sent nothing; dropped later, the rest goes out with the next call.
    pub(crate) async fn send_frame<E: Into<Error>>(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), Error> {
        self.ready().await?;
        let at = self.wire.len();
        // As long as the last, as frames of speech are: room is made once.
        self.wire.reserve(self.last);
        self.wire.resize(at + self.sealer.headroom(), 0);
        let sealed = write(&mut self.wire).map_err(Into::into).and_then(|()| {
            self.sealer
                .seal(self.clock.now(), &mut self.wire, at)
                .map_err(Error::seal)
        });
        if sealed.is_err() {
            self.wire.truncate(at);
        }
        sealed?;
        self.last = self.wire.len() - at;
        self.flush().await
    }

    /// Has `write` append any number of frames, and sends them as one piece.
    ///
    /// # Cancel safety
    /// As [`send_frame`](Self::send_frame).
    pub(crate) async fn send_frames<E: Into<Error>>(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), Error> {
        self.ready().await?;
        let mut frames = BytesMut::new();
        write(&mut frames).map_err(Into::into)?;
        let at = self.wire.len();
        let now = self.clock.now();
        if let Err(error) = seal_frames(&mut self.sealer, now, &frames, &mut self.wire) {
            self.wire.truncate(at);
            return Err(Error::seal(error));
        }
        drop(frames);
        let chunk = std::mem::take(&mut self.wire).freeze();
        self.send(chunk).await
    }

    /// Has `next` append one frame behind so much headroom, or say that the input ends; then sends the frame or the end.
    /// Gives what `next` gave.
    ///
    /// # Cancel safety
    /// As [`send_frame`](Self::send_frame).
    pub(crate) async fn transmit(
        &mut self,
        next: impl FnOnce(usize, &mut BytesMut) -> Option<Transmit>,
    ) -> Result<Option<Transmit>, Error> {
        self.ready().await?;
        let at = self.wire.len();
        let transmit = next(self.sealer.headroom(), &mut self.wire);
        match transmit {
            None => {}
            Some(Transmit::End) => self.finish().await?,
            Some(Transmit::Frame) => {
                let now = self.clock.now();
                if let Err(error) = self.sealer.seal(now, &mut self.wire, at) {
                    self.wire.truncate(at);
                    return Err(Error::seal(error));
                }
                self.flush().await?;
            }
        }
        Ok(transmit)
    }

    /// Sends what ends the stream and closes the sending direction.
    ///
    /// # Cancel safety
    /// Cancel safe: may be called again until it is done.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        if !self.end_sealed {
            self.ready().await?;
            self.sealer
                .seal_end(self.clock.now(), &mut self.wire)
                .map_err(Error::seal)?;
            self.end_sealed = true;
        }
        self.flush().await?;
        match self.half.finish().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.link.cause_of(error).await),
        }
    }

    async fn ready(&mut self) -> Result<(), Error> {
        match self.half.ready().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.link.cause_of(error).await),
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let chunk = self.wire.split().freeze();
        self.send(chunk).await
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        match self.half.send(chunk).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.link.cause_of(error).await),
        }
    }
}
