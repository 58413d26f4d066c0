//! `--as`: what the frames say, event by event, and how the stream ended.

mod messages;
mod sonic;
mod verdict;

use std::io::{self, Read, Write as _};

use bedrock_wire::{Outcome, ServiceError};
use clap::ValueEnum;
use converse_stream::Mapper;
use converse_stream::family::{Family, InvokeMapper};
use eventstream_codec::{
    DecodeErrorKind, FrameReader, Inbound, Limits, Message, PRELUDE_LEN, ReadError, TransportEnd,
};
use serde_json::Value;

use super::print::Fault;
use super::{Failure, Output};
use crate::exit::Exit;
use messages::Messages;
use verdict::Verdict;

/// What the frames are an answer of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Protocol {
    /// `ConverseStream`
    Converse,
    /// `InvokeModelWithResponseStream`, in the chunks of any model family
    Invoke,
    /// Nova Sonic over `InvokeModelWithBidirectionalStream`
    Sonic,
}

/// How events are printed.
pub(super) struct Teller {
    /// One object a line instead of text for people.
    pub(super) json: bool,
    /// What is inside signed frames is read instead of them.
    pub(super) unwrap: bool,
    pub(super) limits: Limits,
    /// Whose chunks they are; otherwise they say it themselves.
    pub(super) family: Option<Family>,
}

/// How one protocol's events, errors and verdicts are shown.
trait View {
    type Reader: Inbound<Outcome = Outcome<Self::Received, <Self::Reader as Inbound>::Error>>;
    /// What the reader has kept of the stream.
    type Received;
    /// The member of the last object that holds what was received.
    const RECEIVED: &'static str;

    fn event_as_json(event: &Event<Self>) -> Value;
    /// One line without its end.
    fn event_as_text(event: &Event<Self>) -> String;
    fn received_as_json(received: &Self::Received) -> Value;
    /// The error that the service reported, where it is one.
    fn service_error(error: &Error<Self>) -> Option<&ServiceError>;
}

type Event<V> = <<V as View>::Reader as Inbound>::Event;
type Error<V> = <<V as View>::Reader as Inbound>::Error;

impl Protocol {
    /// Prints the events of all frames, then the verdict.
    ///
    /// # Errors
    /// Where the input cannot be read or the output not written.
    pub(super) fn tell(
        self,
        teller: &Teller,
        frames: FrameReader<Box<dyn Read>>,
        out: &mut Output,
    ) -> Result<Exit, Failure> {
        match self {
            Self::Converse => teller.tell::<Messages<_>>(Mapper::new(), frames, out),
            Self::Invoke => {
                // The ids that a family's wire lacks need not be unique here: the same file reads the same.
                let mapper = InvokeMapper::new([0; 16]);
                let mapper = match teller.family {
                    Some(family) => mapper.with_family(family),
                    None => mapper,
                };
                teller.tell::<Messages<_>>(mapper, frames, out)
            }
            Self::Sonic => teller.tell::<sonic::Sonic>(nova_sonic::Reader::new(), frames, out),
        }
    }
}

/// How the frames ended.
enum End {
    /// Behind a whole frame, inside one, or with what the reader refused.
    Transport(TransportEnd),
    /// They are no frames.
    Fault(Fault),
}

impl Teller {
    fn tell<V: View>(
        &self,
        mut reader: V::Reader,
        mut frames: FrameReader<Box<dyn Read>>,
        out: &mut Output,
    ) -> Result<Exit, Failure> {
        let end = loop {
            let (index, offset) = (frames.decoder().frames(), frames.decoder().offset());
            let message = match frames.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break End::Transport(TransportEnd::Clean),
                Err(ReadError::Decode(error)) => {
                    break match error.kind() {
                        DecodeErrorKind::IncompleteAtEof { .. } => {
                            End::Transport(TransportEnd::Cut)
                        }
                        _ => End::Fault(Fault::of(&error)),
                    };
                }
                Err(ReadError::Io(error)) => {
                    out.flush()?;
                    return Err(Failure::Input(error));
                }
                Err(other) => {
                    out.flush()?;
                    return Err(Failure::Input(io::Error::other(other)));
                }
            };
            let message = match self.unwrapped(message, index, offset) {
                Ok(Some(message)) => message,
                Ok(None) => continue,
                Err(fault) => break End::Fault(fault),
            };
            let mut shown = Ok(());
            let read = reader.read(message.frame(), &mut |event| {
                if shown.is_ok() {
                    shown = self.event::<V>(&event, out);
                }
            });
            shown?;
            out.frame_done()?;
            if read.is_err() {
                // The reader keeps its error for the verdict.
                break End::Transport(TransportEnd::Cut);
            }
        };
        self.end::<V>(reader, end, out)
    }

    /// The frame to read: under `--unwrap` the one inside a signed frame, `None` for a signed end.
    fn unwrapped(
        &self,
        message: Message,
        index: u64,
        offset: u64,
    ) -> Result<Option<Message>, Fault> {
        if !self.unwrap || message.frame().signed().is_none() {
            return Ok(Some(message));
        }
        let payload = message.payload();
        if payload.is_empty() {
            return Ok(None);
        }
        let payload_at = offset + (PRELUDE_LEN + message.frame().headers().as_bytes().len()) as u64;
        Message::from_bytes(&payload, &self.limits)
            .map(Some)
            .map_err(|error| Fault::inside(&error, index, payload_at))
    }

    fn event<V: View>(&self, event: &Event<V>, out: &mut Output) -> io::Result<()> {
        if self.json {
            writeln!(out, "{}", V::event_as_json(event))
        } else {
            writeln!(out, "{}", V::event_as_text(event))
        }
    }

    fn end<V: View>(
        &self,
        mut reader: V::Reader,
        end: End,
        out: &mut Output,
    ) -> Result<Exit, Failure> {
        let transport = match &end {
            End::Transport(end) => *end,
            End::Fault(_) => TransportEnd::Cut,
        };
        let mut shown = Ok(());
        let outcome = reader.finish(transport, &mut |event| {
            if shown.is_ok() {
                shown = self.event::<V>(&event, out);
            }
        });
        shown?;
        let (received, verdict) = match (outcome, end) {
            (outcome, End::Fault(fault)) => (outcome.into_received(), Verdict::damaged(&fault)),
            (Outcome::Complete(received), _) => (received, Verdict::Complete),
            (Outcome::Incomplete { missing, received }, _) => {
                (received, Verdict::Incomplete(missing))
            }
            (Outcome::Failed { error, received }, _) => {
                let verdict = Verdict::failed(&error, V::service_error(&error));
                (received, verdict)
            }
        };
        if self.json {
            let mut last = verdict.as_json();
            last.insert(V::RECEIVED.to_owned(), V::received_as_json(&received));
            let last = Value::Object(last);
            writeln!(out, "{last}")?;
        } else {
            writeln!(out, "{}", verdict.name())?;
        }
        out.flush()?;
        if let (false, Some(why)) = (self.json, verdict.why()) {
            eprintln!("bedrock: {why}");
        }
        Ok(verdict.exit())
    }
}
