//! One direction of a call on its way into the file: bytes become frames, or one body.

use bytes::{Buf, Bytes, BytesMut};
use eventstream_codec::{Limits, Message, Parsed, parse};
use serde_json::{Map, Value};

use super::keep::Keep;
use super::line;
use super::payload;
use super::scrub::Scrub;

/// What a direction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// Event-stream frames.
    Frames,
    /// A body that is written whole when it ends.
    Body,
    /// Bytes that were said to be frames and are not; written as they come.
    Anything,
}

/// The bytes of one direction that are not written yet.
#[derive(Debug)]
pub(super) struct Track {
    carries: Carries,
    held: BytesMut,
    scrub: Scrub,
}

impl Track {
    pub(super) fn new(carries: Carries, keep: Keep) -> Self {
        Self {
            carries,
            held: BytesMut::new(),
            scrub: Scrub::new(keep),
        }
    }

    /// What `headers` say that the body is.
    pub(super) fn of(headers: &http::HeaderMap) -> Carries {
        let kind = headers.get(http::header::CONTENT_TYPE);
        let is_stream = kind.is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/vnd.amazon.eventstream")
        });
        if is_stream {
            Carries::Frames
        } else {
            Carries::Body
        }
    }

    pub(super) fn carry(&mut self, carries: Carries) {
        self.carries = carries;
    }

    /// Takes bytes in and gives the lines that come of them, as kind and content.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Vec<(&'static str, Value)> {
        self.held.extend_from_slice(chunk);
        let mut lines = Vec::new();
        while self.carries == Carries::Frames {
            match parse(&self.held, &Limits::bounded()) {
                Ok(Parsed::Frame(frame)) => {
                    let len = frame.total_len();
                    match line::of_frame(&frame, &mut self.scrub) {
                        Some(frame) => lines.push(("frame", frame)),
                        None => self.carries = Carries::Anything,
                    }
                    if self.carries == Carries::Frames {
                        self.held.advance(len);
                    }
                }
                Ok(Parsed::Need(_)) => break,
                Err(_) => self.carries = Carries::Anything,
            }
        }
        if self.carries == Carries::Anything {
            lines.extend(self.rest());
        }
        lines
    }

    /// What is left when the direction ends.
    pub(super) fn rest(&mut self) -> Option<(&'static str, Value)> {
        if self.held.is_empty() {
            return None;
        }
        let bytes = self.scrub.payload(&self.held.split());
        let mut body = Map::new();
        payload::write(&bytes, &mut body);
        Some(("body", Value::Object(body)))
    }
}

/// The frame inside a signed one, or the frame itself; `None` for a signed end.
pub(super) fn unwrapped(frame: &Bytes) -> Option<Message> {
    let message = Message::from_bytes(frame, &Limits::bounded()).ok()?;
    if message.frame().signed().is_none() {
        return Some(message);
    }
    Message::from_bytes(&message.payload(), &Limits::bounded()).ok()
}
