//! Frames of one session's output to typed events, and the verdict at its end.

use bedrock_wire::{AdviceTable, Outcome};
use bytes::Bytes;
use eventstream_codec::{Frame, Inbound, TransportEnd};

use crate::read::advice::SONIC_ADVICE;
use crate::read::chunks::{Chunk, Chunks};
use crate::read::error::ReadError;
use crate::read::event::{ContentKind, ServerEvent, StopReason, UnknownFrame};
use crate::read::json::read_json;
use crate::read::repeats::Repeats;
use crate::read::usage::TokenUsage;

/// Reads one session's output (one leg).
///
/// Tell it by [`closing`](Self::closing) that the writer has closed in order: without that, only the service's own
/// `completionEnd` makes an end complete.
#[derive(Debug)]
pub struct Reader {
    chunks: Chunks,
    received: Received,
    repeats: Repeats,
}

/// What a session's output came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Events handed on.
    pub events: u64,
    /// Bytes of speech.
    pub audio_bytes: u64,
    /// Turns of the model that ended (AUDIO `END_TURN`).
    pub turns: u64,
    /// The last totals that the service named.
    pub usage: Option<TokenUsage>,
    /// Whether `completionEnd` came; it may be absent from a complete session.
    pub completion_ended: bool,
}

impl Reader {
    /// A reader that advises by [`SONIC_ADVICE`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_advice(SONIC_ADVICE)
    }

    /// A reader that advises by another table.
    #[must_use]
    pub fn with_advice(advice: AdviceTable) -> Self {
        Self {
            chunks: Chunks::new(advice),
            received: Received::default(),
            repeats: Repeats::default(),
        }
    }

    /// We have closed in order ([`Writer::close`](crate::Writer::close) went out): a clean end from here on is complete.
    pub const fn closing(&mut self) {
        self.chunks.closing();
    }

    /// What has arrived so far.
    #[must_use]
    pub const fn received(&self) -> &Received {
        &self.received
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Inbound for Reader {
    type Event = ServerEvent;
    type Error = ReadError;
    type Outcome = Outcome<Received, ReadError>;

    fn read(
        &mut self,
        frame: Frame<'_>,
        sink: &mut impl FnMut(ServerEvent),
    ) -> Result<(), ReadError> {
        let (received, repeats) = (&mut self.received, &mut self.repeats);
        let mut counted = |event: ServerEvent| {
            received.count(&event);
            sink(event);
        };
        self.chunks.read(&frame, |chunk| match chunk {
            Chunk::Json([]) => Ok(()),
            Chunk::Json(json) => read_json(json, repeats, &mut counted),
            Chunk::Other(event_type) => {
                counted(ServerEvent::UnknownFrame(UnknownFrame {
                    event_type: event_type.to_owned(),
                    payload: Bytes::copy_from_slice(frame.payload()),
                }));
                Ok(())
            }
        })
    }

    fn finish(
        &mut self,
        end: TransportEnd,
        _sink: &mut impl FnMut(ServerEvent),
    ) -> Outcome<Received, ReadError> {
        let received = self.received.clone();
        self.chunks.finish(end, received.completion_ended, received)
    }
}

impl Received {
    fn count(&mut self, event: &ServerEvent) {
        self.events += 1;
        match event {
            ServerEvent::AudioOutput(audio) => self.audio_bytes += audio.pcm.len() as u64,
            ServerEvent::ContentEnd(end) => {
                // Text delimits nothing; where the type is missing the session's view knows it from the start.
                let audio = end.kind == Some(ContentKind::Audio);
                self.turns += u64::from(audio && end.stop_reason == Some(StopReason::EndTurn));
            }
            ServerEvent::Usage(usage) => self.usage = usage.total.or(self.usage),
            ServerEvent::CompletionEnd(_) => self.completion_ended = true,
            _ => {}
        }
    }
}
