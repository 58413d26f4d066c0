//! The model's side of a voice session.

use bedrock_wire::Outcome;
use eventstream_codec::{Frame, Inbound, Timestamp, TransportEnd};
use h2_duplex::ReceiveHalf;
use nova_sonic::{ReadError, Reader, Received, ServerEvent};

use crate::error::Error;
use crate::link::Link;
use crate::receiver::FrameReceiver;

/// Receives the model's side of a voice session: speech, text, tool calls, usage.
pub struct SonicReceiver<H = crate::ClientReceive> {
    frames: FrameReceiver<H, Tracked>,
    expires_at: Option<Timestamp>,
}

impl<H: ReceiveHalf> SonicReceiver<H> {
    pub(super) fn new(frames: FrameReceiver<H, Tracked>, expires_at: Option<Timestamp>) -> Self {
        Self { frames, expires_at }
    }

    /// Waits until the service has accepted the session. It does so only after it has had input.
    ///
    /// # Errors
    /// What the service refused it with, or how the connection broke.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn ready(&mut self) -> Result<(), Error> {
        self.frames.ready().await
    }

    /// The next event; `None` only when the session is over and complete. What arrived before a failure comes before it.
    ///
    /// # Errors
    /// Why the session ended before it was closed: the service's exception, a broken connection, bytes that are not
    /// frames, an end that came too early. Given once; after it, and after `None`, always `None`.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost, so a timeout around it is harmless.
    pub async fn next(&mut self) -> Result<Option<ServerEvent>, Error> {
        self.frames.next().await
    }

    /// How the session ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<Received, Error>> {
        self.frames.outcome()
    }

    /// The service's id of the call, once it has accepted or refused it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.frames.request_id()
    }

    /// When the credentials that the session was opened with expire; they are kept for its whole life.
    #[must_use]
    pub fn credentials_expire_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

impl<H> std::fmt::Debug for SonicReceiver<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SonicReceiver")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A reader that hears from the sender when the session was closed, and tells it of tool calls.
pub(super) struct Tracked {
    reader: Reader,
    link: Link,
}

impl Tracked {
    pub(super) fn new(reader: Reader, link: Link) -> Self {
        Self { reader, link }
    }
}

impl Inbound for Tracked {
    type Event = ServerEvent;
    type Error = ReadError;
    type Outcome = Outcome<Received, ReadError>;

    fn read(
        &mut self,
        frame: Frame<'_>,
        sink: &mut impl FnMut(ServerEvent),
    ) -> Result<(), ReadError> {
        let link = &self.link;
        self.reader.read(frame, &mut |event| {
            if let ServerEvent::ToolUse(call) = &event {
                link.tool_called(&call.tool_use_id);
            }
            sink(event);
        })
    }

    fn finish(
        &mut self,
        end: TransportEnd,
        sink: &mut impl FnMut(ServerEvent),
    ) -> Outcome<Received, ReadError> {
        if self.link.is_closed() {
            self.reader.closing();
        }
        self.reader.finish(end, sink)
    }
}
