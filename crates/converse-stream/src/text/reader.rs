//! Frames to text, and the verdict of the family's adapter.

use bedrock_wire::{Outcome, read_part_into};
use eventstream_codec::{Frame, Inbound, MessageKind, TransportEnd};
use serde_json::Value;

use super::extract::Extract;
use crate::error::StreamError;
use crate::family::InvokeMapper;

/// Reads the frames of one InvokeModelWithResponseStream response into pieces of text.
///
/// The family's adapter reads along: its mark decides whether the text is complete, and its errors, the model's and the
/// service's, end it. Where no family is known, to the extractor or by the chunks, a clean end of the transport is enough.
#[derive(Clone, Debug)]
pub struct TextReader<X> {
    extract: X,
    mapper: InvokeMapper,
    /// All text so far.
    text: String,
    /// The bytes of the chunk that is read; kept for its memory.
    chunk: Vec<u8>,
}

impl<X: Extract> TextReader<X> {
    /// A reader of one response.
    #[must_use]
    pub fn new(extract: X) -> Self {
        // The ids that the bytes are for name tool calls, and none are handed out here.
        let mapper = InvokeMapper::new([0; 16]);
        let mapper = match extract.family() {
            Some(family) => mapper.with_family(family),
            None => mapper,
        };
        Self {
            extract,
            mapper,
            text: String::new(),
            chunk: Vec::new(),
        }
    }

    /// All text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn read_part(&mut self, payload: &[u8], sink: &mut impl FnMut(String)) {
        self.chunk.clear();
        if read_part_into(payload, &mut self.chunk).is_err() {
            return;
        }
        let json = serde_json::from_slice::<Value>(&self.chunk);
        if let Some(piece) = json.ok().and_then(|json| self.extract.text(&json)) {
            self.text.push_str(&piece);
            sink(piece);
        }
    }
}

impl<X: Extract> Inbound for TextReader<X> {
    /// A piece of text, which may be empty.
    type Event = String;
    type Error = StreamError;
    /// All of the text.
    type Outcome = Outcome<String, StreamError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(String)) -> Result<(), StreamError> {
        let is_chunk = matches!(
            frame.kind(),
            MessageKind::Event {
                event_type: "chunk"
            }
        );
        if is_chunk && self.mapper.failure().is_none() {
            self.read_part(frame.payload(), sink);
        }
        // What is wrong with a chunk the adapter says.
        self.mapper.read(frame, &mut |_| {})
    }

    fn finish(&mut self, end: TransportEnd, _sink: &mut impl FnMut(String)) -> Self::Outcome {
        let is_known = self.mapper.family().is_some();
        let text = core::mem::take(&mut self.text);
        match self.mapper.finish(end, &mut |_| {}) {
            Outcome::Incomplete { .. } if !is_known && end == TransportEnd::Clean => {
                Outcome::Complete(text)
            }
            outcome => outcome.map(|_| text),
        }
    }
}
