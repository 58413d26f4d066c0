//! InvokeModelWithResponseStream's frames to events.

use bedrock_wire::{Outcome, PartError, ServiceError, read_part_into};
use bytes::Bytes;
use eventstream_codec::{Frame, Inbound, MessageKind, TransportEnd};

use super::fields::Fields;
use super::siblings::Siblings;
use super::telling::{Draft, Telling, malformed};
use super::{Family, Reader};
use crate::error::StreamError;
use crate::event::{Event, Unknown};
use crate::payload::Malformed;
use crate::reply::Reply;

/// What stands in for a family's mark of the end while the family is not known.
const NO_FAMILY: &str = "the end of a known family's stream";

/// Reads the frames of one InvokeModelWithResponseStream response.
///
/// Which family's chunks they are the caller says, or the model's id, or else the first chunk that looks like one. Where the id
/// and the chunks disagree (Claude 2 speaks two formats), the chunks are right.
///
/// ```
/// use converse_stream::Event;
/// use converse_stream::family::InvokeMapper;
/// use eventstream_codec::{Inbound, TransportEnd};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Tool calls without an id on the wire get one that begins with these bytes: take random ones.
/// let mut mapper = InvokeMapper::new([0; 16]).with_model_id("meta.llama3-8b-instruct-v1:0");
/// for chunk in [
///     r#"{"generation":"Lima","prompt_token_count":9,"generation_token_count":1,"stop_reason":null}"#,
///     r#"{"generation":"","prompt_token_count":null,"generation_token_count":2,"stop_reason":"stop"}"#,
/// ] {
///     mapper.read_chunk(chunk.as_bytes(), &mut |event| {
///         if let Event::Text { text, .. } = event {
///             print!("{text}");
///         }
///     })?;
/// }
/// let outcome = mapper.finish(TransportEnd::Clean, &mut |_| {});
/// assert!(outcome.is_complete());
/// let reply = outcome.received();
/// assert_eq!(reply.text(), "Lima");
/// assert_eq!(reply.usage().unwrap().output_tokens, Some(2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct InvokeMapper {
    hint: Hint,
    family: Option<(Family, Reader)>,
    draft: Draft,
    /// The bytes of the chunk that is read; kept for its memory.
    chunk: Vec<u8>,
    failed: Option<StreamError>,
}

/// What is known of the family before the first chunk.
#[derive(Clone, Copy, Debug)]
enum Hint {
    Nothing,
    /// By the model's id: the chunks may say otherwise.
    Id(Family),
    /// By the caller's word.
    Word(Family),
}

impl InvokeMapper {
    /// A mapper for one response. Tool calls of families whose wire has no ids get ids that begin with `random`; where
    /// these bytes are random, no id comes twice.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self {
            hint: Hint::Nothing,
            family: None,
            draft: Draft::new(random),
            chunk: Vec::new(),
            failed: None,
        }
    }

    /// The same for a model by its id or ARN. One that names no family changes nothing.
    #[must_use]
    pub fn with_model_id(mut self, id: &str) -> Self {
        if let (Hint::Nothing | Hint::Id(_), Some(family)) = (self.hint, Family::of_model(id)) {
            self.hint = Hint::Id(family);
        }
        self
    }

    /// The same for a family, whatever the chunks look like.
    #[must_use]
    pub fn with_family(mut self, family: Family) -> Self {
        self.hint = Hint::Word(family);
        self
    }

    /// The same with the request id of the response (`x-amzn-requestid`), for the reply and the service's errors.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.draft.message.set_request_id(id.into());
        self
    }

    /// The family; `None` while no chunk has said it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        match (&self.family, self.hint) {
            (Some((family, _)), _) => Some(*family),
            (None, Hint::Word(family)) => Some(family),
            _ => None,
        }
    }

    /// What has been said so far.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        self.draft.message.reply()
    }

    /// Says that the stream has failed outside the frames that were read: the bytes are damaged, for example. The first
    /// failure stands.
    pub fn fail(&mut self, error: impl Into<StreamError>) {
        self.failed.get_or_insert_with(|| error.into());
    }

    /// Why the stream has failed, if it has.
    #[must_use]
    pub const fn failure(&self) -> Option<&StreamError> {
        self.failed.as_ref()
    }

    /// Reads one chunk: the model's own JSON, out of its frame and its base64, as AWS's SDKs hand it out.
    ///
    /// # Errors
    /// Where it is not as its family has it, or is the model's own error; from then on always the same.
    pub fn read_chunk(
        &mut self,
        chunk: &[u8],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let read = match core::str::from_utf8(chunk) {
            Ok(json) => self.read_json(json.trim(), sink),
            Err(_) => Err(malformed(Malformed::new("UTF-8"))),
        };
        self.keep_failure(read)
    }

    fn read_json(&mut self, json: &str, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        if matches!(json, "\"[DONE]\"" | "[DONE]") {
            return self.read_done(json, sink);
        }
        let mut chunk = Fields::read(json).map_err(malformed)?;
        let siblings = Siblings::take(&mut chunk);
        self.decide(&chunk);
        let mut to = Telling {
            draft: &mut self.draft,
            sink,
            intervened: siblings.intervened(),
        };
        match &mut self.family {
            Some((_, reader)) => reader.read(chunk, &mut to)?,
            None if chunk.is_empty() => {}
            None => to.unknown("chunk", &chunk.into_rest(), false),
        }
        siblings.tell(&mut to)?;
        if to.has_stopped() {
            to.flush();
        }
        Ok(())
    }

    fn read_done(&mut self, json: &str, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        if let (None, Hint::Word(family) | Hint::Id(family)) = (&self.family, self.hint) {
            self.family = Some((family, Reader::of(family)));
        }
        let mut to = Telling {
            draft: &mut self.draft,
            sink,
            intervened: false,
        };
        let known = match &mut self.family {
            Some((_, reader)) => reader.done(&mut to)?,
            None => false,
        };
        if !known {
            to.unknown_payload("chunk", Bytes::from(json.to_owned()), false);
        }
        if to.has_stopped() {
            to.flush();
        }
        Ok(())
    }

    /// Settles the family, by the first chunk that can.
    fn decide(&mut self, chunk: &Fields<'_>) {
        if self.family.is_some() {
            return;
        }
        let family = match self.hint {
            Hint::Word(family) => Some(family),
            Hint::Id(family) if family.fits(chunk) => Some(family),
            _ => Family::of_chunk(chunk),
        };
        self.family = family.map(|family| (family, Reader::of(family)));
    }

    fn read_part(
        &mut self,
        payload: &[u8],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), StreamError> {
        let mut chunk = core::mem::take(&mut self.chunk);
        chunk.clear();
        let read = match read_part_into(payload, &mut chunk) {
            Ok(()) => self.read_chunk(&chunk, sink),
            Err(error) => Err(part_error(&error)),
        };
        self.chunk = chunk;
        read
    }

    fn with_id(&self, error: ServiceError) -> ServiceError {
        match &self.reply().request_id {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }

    fn keep_failure(&mut self, read: Result<(), StreamError>) -> Result<(), StreamError> {
        read.map_err(|error| {
            let error = match error {
                StreamError::Service(error) => self.with_id(error).into(),
                other => other,
            };
            self.failed.get_or_insert(error).clone()
        })
    }
}

impl Inbound for InvokeMapper {
    type Event = Event;
    type Error = StreamError;
    type Outcome = Outcome<Reply, StreamError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(Event)) -> Result<(), StreamError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let payload = frame.payload();
        let event_type = match frame.kind() {
            MessageKind::Event {
                event_type: "chunk",
            } => {
                let read = self.read_part(payload, sink);
                return self.keep_failure(read);
            }
            MessageKind::Event { event_type } => event_type,
            _ => match ServiceError::from_frame(&frame) {
                Some(error) => return self.keep_failure(Err(error.into())),
                None => "",
            },
        };
        let unknown = Unknown {
            event_type: event_type.into(),
            payload: Bytes::copy_from_slice(payload),
            partial: false,
        };
        self.draft.message.unknown(unknown, sink);
        Ok(())
    }

    /// To be called once. Hands on what was held back, counts for example; what was cut is not closed.
    fn finish(&mut self, end: TransportEnd, sink: &mut impl FnMut(Event)) -> Self::Outcome {
        let mut to = Telling {
            draft: &mut self.draft,
            sink,
            intervened: false,
        };
        let mut mark = NO_FAMILY;
        if let Some((family, reader)) = &mut self.family {
            mark = family.mark();
            if !to.has_stopped() {
                // Only a part out of order fails here, and the message has not ended.
                let _ = reader.cut(&mut to);
            }
        }
        to.flush();
        self.draft.message.finish(end, self.failed.clone(), mark)
    }
}

fn part_error(error: &PartError) -> StreamError {
    let (expected, column) = match error {
        PartError::Json { at } => ("a JSON object with a string `bytes`", Some(*at)),
        _ => ("base64 in `bytes`", None),
    };
    StreamError::Payload {
        event: "chunk",
        expected,
        column,
    }
}
