//! Frames of one session's output to typed events, and the verdict at its end.

use bedrock_wire::{AdviceTable, Missing, Outcome, ServiceError, read_part_into};
use bytes::Bytes;
use eventstream_codec::{Frame, Inbound, MessageKind, TransportEnd};

use crate::read::advice::SONIC_ADVICE;
use crate::read::error::ReadError;
use crate::read::event::{ServerEvent, StopReason, UnknownFrame};
use crate::read::fields::Interner;
use crate::read::json::read_json;
use crate::read::usage::TokenUsage;

/// Reads one session's output (one leg).
///
/// Tell it by [`closing`](Self::closing) that the writer has closed in order: without that, only the service's own
/// `completionEnd` makes an end complete.
#[derive(Debug)]
pub struct Reader {
    advice: AdviceTable,
    closing: bool,
    received: Received,
    error: Option<ReadError>,
    interner: Interner,
    /// The decoded part in hand; kept, so that reading allocates only what it hands on.
    json: Vec<u8>,
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
            advice,
            closing: false,
            received: Received::default(),
            error: None,
            interner: Interner::default(),
            json: Vec::new(),
        }
    }

    /// We have closed in order ([`Writer::close`](crate::Writer::close) went out): a clean end from here on is complete.
    pub const fn closing(&mut self) {
        self.closing = true;
    }

    /// What has arrived so far.
    #[must_use]
    pub const fn received(&self) -> &Received {
        &self.received
    }

    fn read_frame(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut impl FnMut(ServerEvent),
    ) -> Result<(), ReadError> {
        if let Some(error) = ServiceError::from_frame(frame) {
            return Err(ReadError::Service(error.advised_by(&self.advice)));
        }
        let MessageKind::Event { event_type } = frame.kind() else {
            return Err(ReadError::NotAnEvent);
        };
        let received = &mut self.received;
        let mut sink = |event: ServerEvent| {
            received.count(&event);
            sink(event);
        };
        if event_type != "chunk" {
            sink(ServerEvent::UnknownFrame(UnknownFrame {
                event_type: event_type.to_owned(),
                payload: Bytes::copy_from_slice(frame.payload()),
            }));
            return Ok(());
        }
        self.json.clear();
        read_part_into(frame.payload(), &mut self.json).map_err(ReadError::Part)?;
        if self.json.is_empty() {
            return Ok(());
        }
        read_json(&self.json, &mut self.interner, &mut sink)
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
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let result = self.read_frame(&frame, sink);
        if let Err(error) = &result {
            self.error = Some(error.clone());
        }
        result
    }

    fn finish(
        &mut self,
        end: TransportEnd,
        _sink: &mut impl FnMut(ServerEvent),
    ) -> Outcome<Received, ReadError> {
        let received = self.received.clone();
        if let Some(error) = self.error.clone() {
            return Outcome::Failed { error, received };
        }
        let missing = if end != TransportEnd::Clean {
            Missing::CleanEnd
        } else if self.closing || received.completion_ended {
            return Outcome::Complete(received);
        } else {
            Missing::SessionClose
        };
        Outcome::Incomplete { missing, received }
    }
}

impl Received {
    fn count(&mut self, event: &ServerEvent) {
        self.events += 1;
        match event {
            ServerEvent::AudioOutput(audio) => self.audio_bytes += audio.pcm.len() as u64,
            ServerEvent::ContentEnd(end) => {
                // Text delimits nothing; where the type is missing the session's view knows it from the start.
                let audio = end.kind == Some(crate::ContentKind::Audio);
                self.turns += u64::from(audio && end.stop_reason == Some(StopReason::EndTurn));
            }
            ServerEvent::Usage(usage) => self.usage = usage.total.or(self.usage),
            ServerEvent::CompletionEnd(_) => self.completion_ended = true,
            _ => {}
        }
    }
}
