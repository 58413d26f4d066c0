//! Frames to chunks of JSON: what the typed and the raw reader have in common, faults and verdict included.

use bedrock_wire::{AdviceTable, Missing, Outcome, ServiceError, read_part_into};
use eventstream_codec::{Frame, MessageKind, TransportEnd};

use crate::read::error::ReadError;

/// Takes chunks out of frames until the first fault, which stays.
#[derive(Debug)]
pub(super) struct Chunks {
    advice: AdviceTable,
    closing: bool,
    error: Option<ReadError>,
    /// The decoded part in hand; kept, so that reading allocates only what it hands on.
    json: Vec<u8>,
}

/// What a frame holds.
pub(super) enum Chunk<'a> {
    /// The JSON of a chunk; empty where the chunk is.
    Json(&'a [u8]),
    /// A frame of another event type; without one, of another message type than AWS's services send.
    Other(&'a str),
}

impl Chunks {
    pub(super) const fn new(advice: AdviceTable) -> Self {
        Self {
            advice,
            closing: false,
            error: None,
            json: Vec::new(),
        }
    }

    pub(super) const fn closing(&mut self) {
        self.closing = true;
    }

    /// Hands the chunk in this frame to `read`. The first error, whoever's, is repeated from then on.
    pub(super) fn read(
        &mut self,
        frame: &Frame<'_>,
        read: impl FnOnce(Chunk<'_>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let result = self.chunk(frame).and_then(read);
        self.error = result.as_ref().err().cloned();
        result
    }

    fn chunk<'a>(&'a mut self, frame: &'a Frame<'_>) -> Result<Chunk<'a>, ReadError> {
        let event_type = match frame.kind() {
            MessageKind::Event { event_type } => event_type,
            _ => match ServiceError::from_frame(frame) {
                Some(error) => return Err(ReadError::Service(error.advised_by(&self.advice))),
                None => "",
            },
        };
        if event_type != "chunk" {
            return Ok(Chunk::Other(event_type));
        }
        self.json.clear();
        read_part_into(frame.payload(), &mut self.json).map_err(ReadError::Part)?;
        Ok(Chunk::Json(&self.json))
    }

    /// Judges the end. It is complete where the transport ended in order after one of the two sides closed.
    pub(super) fn finish<R>(
        &self,
        end: TransportEnd,
        service_closed: bool,
        received: R,
    ) -> Outcome<R, ReadError> {
        if let Some(error) = self.error.clone() {
            return Outcome::Failed { error, received };
        }
        let missing = if end != TransportEnd::Clean {
            Missing::CleanEnd
        } else if self.closing || service_closed {
            return Outcome::Complete(received);
        } else {
            Missing::SessionClose
        };
        Outcome::Incomplete { missing, received }
    }
}
