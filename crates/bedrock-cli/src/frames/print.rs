//! One frame, or one fault, on standard output.

use std::io::{self, Write};

use eventstream_codec::{
    DecodeError, Frame, HeaderValue, Limits, Message, MessageKind, PRELUDE_LEN,
};
use serde_json::{Value, json};

use crate::frames::json;
use crate::frames::payload::{self, Printable, Style};

/// How frames are printed.
pub(super) struct Printer {
    pub(super) json: bool,
    pub(super) unwrap: bool,
    pub(super) decode_bytes: bool,
    pub(super) payload: Style,
    pub(super) limits: Limits,
}

/// What is wrong with the input, and where.
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) offset: u64,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn of(error: &DecodeError) -> Self {
        Self {
            kind: error.kind().name(),
            offset: error.offset(),
            message: error.to_string(),
        }
    }

    /// A fault in the frame inside the frame at `index`, whose payload begins at `offset`.
    pub(super) fn inside(error: &DecodeError, index: u64, offset: u64) -> Self {
        Self {
            kind: error.kind().name(),
            offset: offset + error.offset(),
            message: format!("inside signed frame {index}: {error}"),
        }
    }
}

impl Printer {
    /// Prints a frame and, under `--unwrap`, the one inside it.
    ///
    /// # Errors
    /// The outer one where printing fails; the inner one where a signed frame holds something that is no frame.
    pub(super) fn frame(
        &self,
        message: &Message,
        index: u64,
        offset: u64,
        out: &mut impl Write,
    ) -> io::Result<Result<(), Fault>> {
        let frame = message.frame();
        let payload_at = offset + (PRELUDE_LEN + frame.headers().as_bytes().len()) as u64;
        // The end of a signed stream is a signed frame without a frame inside.
        let wraps = self.unwrap && frame.signed().is_some() && !frame.payload().is_empty();
        let inner = wraps.then(|| Message::from_bytes(&message.payload(), &self.limits));
        let (inner, fault) = match inner.transpose() {
            Ok(inner) => (inner, Ok(())),
            Err(error) => (None, Err(Fault::inside(&error, index, payload_at))),
        };
        let inner = inner.as_ref().map(|inner| (inner.frame(), payload_at));
        if self.json {
            self.frame_as_json(&frame, index, offset, inner, out)?;
        } else {
            self.frame_as_text(&frame, index, offset, inner, out)?;
        }
        Ok(fault)
    }

    /// Prints what is wrong: with `--json` the last line of standard output, else a line on standard error.
    pub(super) fn fault(&self, fault: &Fault, out: &mut impl Write) -> io::Result<()> {
        let Fault {
            kind,
            offset,
            message,
        } = fault;
        if self.json {
            let error = json!({"kind": kind, "offset": offset, "message": message});
            return writeln!(out, "{}", json!({ "error": error }));
        }
        out.flush()?;
        eprintln!("bedrock: {kind}: {message}");
        Ok(())
    }

    fn frame_as_json(
        &self,
        frame: &Frame<'_>,
        index: u64,
        offset: u64,
        inner: Option<(Frame<'_>, u64)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut object = json::of_frame(frame, index, offset);
        self.add_carried(&mut object, frame);
        if let Some((inner, at)) = inner {
            let mut nested = json::of_frame(&inner, index, at);
            self.add_carried(&mut nested, &inner);
            add(&mut object, "nested", nested);
        }
        writeln!(out, "{object}")
    }

    /// Adds what a `bytes` member carries, as JSON where it is JSON, else as text.
    fn add_carried(&self, object: &mut Value, frame: &Frame<'_>) {
        if !self.decode_bytes {
            return;
        }
        if let Some(carried) = payload::carried_bytes(frame.payload()) {
            if let Ok(json) = serde_json::from_slice(&carried) {
                add(object, "bytes_json", json);
            } else if let Ok(text) = String::from_utf8(carried) {
                add(object, "bytes_text", text.into());
            }
        }
    }

    fn frame_as_text(
        &self,
        frame: &Frame<'_>,
        index: u64,
        offset: u64,
        inner: Option<(Frame<'_>, u64)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (len, what) = (frame.total_len(), what(frame));
        writeln!(out, "frame {index} at byte {offset}, {len} bytes: {what}")?;
        match inner {
            None => self.parts_as_text(frame, "  ", out),
            Some((inner, _)) => {
                write_headers(frame, "  ", out)?;
                let (len, what) = (inner.total_len(), self::what(&inner));
                writeln!(out, "  inside, {len} bytes: {what}")?;
                self.parts_as_text(&inner, "    ", out)
            }
        }
    }

    fn parts_as_text(
        &self,
        frame: &Frame<'_>,
        indent: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        write_headers(frame, indent, out)?;
        let deeper = format!("{indent}  ");
        writeln!(out, "{indent}payload, {} bytes", frame.payload().len())?;
        payload::write(out, frame.payload(), self.payload, &deeper)?;
        if self.decode_bytes
            && let Some(carried) = payload::carried_bytes(frame.payload())
        {
            writeln!(out, "{indent}in `bytes`, {} bytes", carried.len())?;
            payload::write(out, &carried, self.payload, &deeper)?;
        }
        Ok(())
    }
}

fn add(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

/// What a frame is, in a few words.
fn what(frame: &Frame<'_>) -> String {
    match frame.kind() {
        MessageKind::Event { event_type } => format!("event {}", Printable(event_type)),
        MessageKind::Exception { exception_type } => {
            format!("exception {}", Printable(exception_type))
        }
        MessageKind::Error { code, message } => {
            format!("error {}: {}", Printable(code), Printable(message))
        }
        _ if frame.signed().is_some() && frame.payload().is_empty() => {
            "the signed end of the stream".to_owned()
        }
        _ if frame.signed().is_some() => "signed".to_owned(),
        _ => "no message type".to_owned(),
    }
}

fn write_headers(frame: &Frame<'_>, indent: &str, out: &mut impl Write) -> io::Result<()> {
    for header in frame.headers() {
        write!(out, "{indent}{}: ", Printable(header.name))?;
        match header.value {
            HeaderValue::Bool(v) => writeln!(out, "{v}"),
            HeaderValue::Byte(v) => writeln!(out, "{v} (byte)"),
            HeaderValue::Int16(v) => writeln!(out, "{v} (int16)"),
            HeaderValue::Int32(v) => writeln!(out, "{v} (int32)"),
            HeaderValue::Int64(v) => writeln!(out, "{v} (int64)"),
            HeaderValue::Bytes(v) => {
                v.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
                writeln!(out, " ({} bytes)", v.len())
            }
            HeaderValue::String(v) => writeln!(out, "{}", Printable(v)),
            HeaderValue::Timestamp(v) => writeln!(out, "{} (ms since 1970)", v.as_millis()),
            HeaderValue::Uuid(v) => writeln!(out, "{}", json::uuid_text(v)),
        }?;
    }
    Ok(())
}
