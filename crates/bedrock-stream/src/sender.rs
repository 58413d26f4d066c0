//! The sending half: frames are written, sealed and sent, in that order and as late as possible.

use bytes::BytesMut;
use eventstream_codec::Seal;
use h2_duplex::SendHalf;

use crate::cause::Cause;
use crate::clock::Clock;
use crate::error::Error;

/// Sends frames of one call. Whatever it sends is sealed: signed, or left alone by a sealer that the caller named.
pub(crate) struct FrameSender<H, S> {
    half: H,
    sealer: S,
    clock: Clock,
    buf: BytesMut,
    cause: Cause,
}

impl<H: SendHalf, S: Seal> FrameSender<H, S> {
    pub(crate) fn new(half: H, sealer: S, clock: Clock, cause: Cause) -> Self {
        Self {
            half,
            sealer,
            clock,
            buf: BytesMut::new(),
            cause,
        }
    }

    /// Waits for room, then has `write` append frames and sends them as one piece.
    ///
    /// Signatures are made when the first byte can go, since the service refuses those older than five minutes.
    ///
    /// # Errors
    /// The call's error, or that of `write`, in which case nothing was sent.
    ///
    /// # Cancel safety
    /// A future dropped before `write` has run has sent nothing; dropped later, the rest goes out with the next call.
    pub(crate) async fn send(
        &mut self,
        write: impl FnOnce(&mut FrameBatch<'_, S>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Err(error) = self.half.ready().await {
            return Err(self.cause.of(error).await);
        }
        let mut batch = FrameBatch {
            sealer: &mut self.sealer,
            now: self.clock.now(),
            buf: &mut self.buf,
        };
        write(&mut batch)?;
        self.flush().await
    }

    /// Sends what ends the stream and closes the sending direction.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        if let Err(error) = self.half.ready().await {
            return Err(self.cause.of(error).await);
        }
        self.sealer
            .seal_end(self.clock.now(), &mut self.buf)
            .map_err(Error::seal)?;
        self.flush().await?;
        match self.half.finish().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.cause.of(error).await),
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.buf.is_empty() {
            return Ok(());
        }
        let chunk = self.buf.split().freeze();
        match self.half.send(chunk).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.cause.of(error).await),
        }
    }
}

/// Frames that go out together. Each is sealed as soon as it is written.
pub(crate) struct FrameBatch<'a, S> {
    sealer: &'a mut S,
    now: eventstream_codec::Timestamp,
    buf: &'a mut BytesMut,
}

impl<S: Seal> FrameBatch<'_, S> {
    /// Has `write` append one frame behind the headroom, and seals it. On error the batch is as it was.
    pub(crate) fn frame<E: Into<Error>>(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), Error> {
        let at = self.buf.len();
        self.buf.resize(at + self.sealer.headroom(), 0);
        let written = write(self.buf).map_err(Into::into).and_then(|()| {
            self.sealer
                .seal(self.now, self.buf, at)
                .map_err(Error::seal)
        });
        if written.is_err() {
            self.buf.truncate(at);
        }
        written
    }
}
