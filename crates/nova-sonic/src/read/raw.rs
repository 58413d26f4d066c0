//! The raw face of reading: each chunk as the JSON that it is.

use bedrock_wire::{AdviceTable, Outcome};
use eventstream_codec::{Frame, Inbound, TransportEnd};
use serde_json::Value;

use crate::read::advice::SONIC_ADVICE;
use crate::read::chunks::{Chunk, Chunks};
use crate::read::error::ReadError;

/// Reads one session's output as JSON, one value a chunk, and understands none of it but its end.
///
/// For programs that know the protocol themselves. Errors and verdict are those of the [`Reader`](crate::Reader). Frames of other
/// types than `chunk` are passed over.
#[derive(Debug)]
pub struct RawReader {
    chunks: Chunks,
    events: u64,
    completion_ended: bool,
}

impl RawReader {
    /// A reader that advises by [`SONIC_ADVICE`].
    #[must_use]
    pub const fn new() -> Self {
        Self::with_advice(SONIC_ADVICE)
    }

    /// A reader that advises by another table.
    #[must_use]
    pub const fn with_advice(advice: AdviceTable) -> Self {
        Self {
            chunks: Chunks::new(advice),
            events: 0,
            completion_ended: false,
        }
    }

    /// We have closed in order: a clean end from here on is complete.
    pub const fn closing(&mut self) {
        self.chunks.closing();
    }
}

impl Default for RawReader {
    fn default() -> Self {
        Self::new()
    }
}

impl Inbound for RawReader {
    type Event = Value;
    type Error = ReadError;
    /// With the number of values.
    type Outcome = Outcome<u64, ReadError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(Value)) -> Result<(), ReadError> {
        let (events, ended) = (&mut self.events, &mut self.completion_ended);
        self.chunks.read(&frame, |chunk| {
            let Chunk::Json(json @ [_, ..]) = chunk else {
                return Ok(());
            };
            let value: Value = serde_json::from_slice(json)
                .map_err(|error| ReadError::Json { at: error.column() })?;
            *events += 1;
            *ended |= value.pointer("/event/completionEnd").is_some();
            sink(value);
            Ok(())
        })
    }

    fn finish(&mut self, end: TransportEnd, _sink: &mut impl FnMut(Value)) -> Self::Outcome {
        self.chunks.finish(end, self.completion_ended, self.events)
    }
}
