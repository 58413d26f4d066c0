//! A recording as it is read: the calls, and what each of them carried.

use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use serde_json::Value;

use super::VERSION;
use super::error::ReadError;
use super::headers;
use super::keep::Keep;
use super::line::{self, Direction, End};
use super::payload;

/// A recording that was read.
#[derive(Clone, Debug)]
pub struct Transcript {
    keep: Keep,
    calls: Vec<RecordedCall>,
    is_closed: bool,
}

impl Transcript {
    /// Reads a recording.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::parse(&std::fs::read(path)?)
    }

    /// Reads the bytes of a recording. Lines and members that this version does not know are passed over; a last line that
    /// is not whole is taken for a cut.
    ///
    /// # Errors
    /// Where it is no recording, of a version that is not known, or has a bad line before the last.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = (1..).zip(text.split_inclusive('\n'));
        let head = lines.next().map_or("", |(_, head)| head);
        let head: Value = serde_json::from_str(head).map_err(|_| ReadError::NoRecording)?;
        let version = head.get("recording").and_then(Value::as_u64);
        match version.ok_or(ReadError::NoRecording)? {
            0..=VERSION => {}
            newer => return Err(ReadError::Version(newer)),
        }
        let keeps = |what| head.pointer(what) == Some(&Value::Bool(true));
        let mut transcript = Self {
            keep: Keep::NOTHING
                .audio(keeps("/kept/audio"))
                .text(keeps("/kept/text")),
            calls: Vec::new(),
            is_closed: false,
        };
        for (number, text) in lines {
            let Ok(line) = serde_json::from_str::<Value>(text) else {
                if !text.ends_with('\n') {
                    return Ok(transcript);
                }
                return Err(ReadError::line(number, "this is not JSON"));
            };
            transcript
                .take(&line)
                .map_err(|why| ReadError::line(number, why))?;
        }
        Ok(transcript)
    }

    /// Whether bytes are those of a recording, by how they begin.
    #[must_use]
    pub fn is_recording(beginning: &[u8]) -> bool {
        beginning.starts_with(b"{\"recording\":")
    }

    /// The calls in the order in which they were opened.
    #[must_use]
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    /// What of the conversation was kept.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Whether the recording was ended by its recorder. Else the file was cut, or the program that wrote it was.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn take(&mut self, line: &Value) -> Result<(), String> {
        if line.get("closed") == Some(&Value::Bool(true)) {
            self.is_closed = true;
            return Ok(());
        }
        let Some(number) = line.get("call").and_then(Value::as_u64) else {
            return Ok(());
        };
        let direction = Direction::read(line).ok_or("`dir` is neither `up` nor `down`")?;
        let ms = line.get("ms").and_then(Value::as_f64);
        let ms = ms.filter(|ms| (0.0..1e12).contains(ms)).ok_or("no `ms`")?;
        let at = Duration::from_secs_f64(ms / 1000.0);
        let what = if let Some(head) = line.get("head") {
            match direction {
                Direction::Up => return self.begin(number, at, head),
                Direction::Down => answer(head)?,
            }
        } else if let Some(frame) = line.get("frame") {
            What::Frame(line::frame_from(frame)?)
        } else if let Some(body) = line.get("body") {
            What::Body(payload::read(body)?.into())
        } else if let Some(end) = line.get("end") {
            What::End(End::from_json(end).ok_or("an `end` that is not known")?)
        } else {
            return Ok(());
        };
        let call = self.calls.iter_mut().find(|call| call.number == number);
        let call = call.ok_or_else(|| format!("call {number} was not opened"))?;
        call.entries.push(Entry {
            at: at.saturating_sub(call.opened_at),
            direction,
            what,
        });
        Ok(())
    }

    fn begin(&mut self, number: u64, at: Duration, head: &Value) -> Result<(), String> {
        let text = |member| head.get(member).and_then(Value::as_str);
        let mut request = http::Request::new(());
        *request.method_mut() = text("method")
            .and_then(|method| method.parse().ok())
            .ok_or("no `method`")?;
        *request.uri_mut() = text("path")
            .and_then(|path| path.parse().ok())
            .ok_or("no `path`")?;
        *request.headers_mut() = head
            .get("headers")
            .and_then(headers::from_json)
            .ok_or("no `headers`")?;
        if self.calls.iter().any(|call| call.number == number) {
            return Err(format!("call {number} is opened a second time"));
        }
        self.calls.push(RecordedCall {
            number,
            opened_at: at,
            request,
            entries: Vec::new(),
        });
        Ok(())
    }
}

fn answer(head: &Value) -> Result<What, String> {
    let status = head.get("status").and_then(Value::as_u64);
    let status = status
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = http::Response::new(());
    *response.status_mut() = status.ok_or("no `status`")?;
    *response.headers_mut() = head
        .get("headers")
        .and_then(headers::from_json)
        .ok_or("no `headers`")?;
    Ok(What::Head(response))
}

/// A recorded call.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    number: u64,
    opened_at: Duration,
    request: http::Request<()>,
    entries: Vec<Entry>,
}

impl RecordedCall {
    /// The same call as it went another time.
    pub(super) fn again(&self, request: http::Request<()>, entries: Vec<Entry>) -> Self {
        Self {
            number: self.number,
            opened_at: Duration::ZERO,
            request,
            entries,
        }
    }

    /// Its number in the recording, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it was opened, from the beginning of the recording.
    #[must_use]
    pub fn opened_at(&self) -> Duration {
        self.opened_at
    }

    /// The request head: method, path, and headers of which those that may be secret read `-`.
    #[must_use]
    pub fn request(&self) -> &http::Request<()> {
        &self.request
    }

    /// The operation by the last part of the path, `converse-stream` for example.
    #[must_use]
    pub fn operation(&self) -> &str {
        operation(self.request.uri())
    }

    /// All that came after the request head, in its order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The response head; `None` where none came.
    #[must_use]
    pub fn response(&self) -> Option<&http::Response<()>> {
        self.entries.iter().find_map(|entry| match &entry.what {
            What::Head(head) => Some(head),
            _ => None,
        })
    }

    /// All bytes of a direction. Signatures in them are zeros.
    #[must_use]
    pub fn bytes(&self, direction: Direction) -> Bytes {
        let mut bytes = BytesMut::new();
        for entry in self.entries.iter().filter(|e| e.direction == direction) {
            if let What::Frame(more) | What::Body(more) = &entry.what {
                bytes.extend_from_slice(more);
            }
        }
        bytes.freeze()
    }

    /// How a direction ended; `None` where the recording was cut before.
    #[must_use]
    pub fn end(&self, direction: Direction) -> Option<&End> {
        let mut of_direction = self.entries.iter().filter(|e| e.direction == direction);
        of_direction.find_map(|entry| match &entry.what {
            What::End(end) => Some(end),
            _ => None,
        })
    }
}

/// The last part of a path.
pub(super) fn operation(uri: &http::Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// Something that a call carried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// When, from the opening of the call.
    pub at: Duration,
    /// Which way.
    pub direction: Direction,
    /// What.
    pub what: What,
}

/// What a call carried.
#[derive(Clone)]
#[non_exhaustive]
pub enum What {
    /// The response head.
    Head(http::Response<()>),
    /// One event-stream frame; the signature in it is zeros.
    Frame(Bytes),
    /// Bytes that are not frames: a request's or an error's body.
    Body(Bytes),
    /// The direction's end.
    End(End),
}

/// Shows no bytes: they may be speech.
impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Head(head) => write!(f, "Head({})", head.status()),
            Self::Frame(bytes) => write!(f, "Frame({} bytes)", bytes.len()),
            Self::Body(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Self::End(end) => write!(f, "End({end:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"recording\":1,\"kept\":{\"audio\":true}}\n";
    const OPENED: &str = "{\"call\":1,\"ms\":2.5,\"dir\":\"up\",\"head\":{\"method\":\"POST\",\"path\":\"/model/a/converse\",\"headers\":[]}}\n";

    #[test]
    fn what_is_no_recording_is_refused() {
        for text in ["", "\n", "{}\n", "PK\x03\x04"] {
            let error = Transcript::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ReadError::NoRecording), "{error}");
        }
        let error = Transcript::parse(b"{\"recording\":2}\n").unwrap_err();
        assert!(matches!(error, ReadError::Version(2)), "{error}");
        let bad = format!("{HEAD}{OPENED}nonsense\n{{\"closed\":true}}\n");
        let error = Transcript::parse(bad.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ReadError::Line { number: 3, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_was_cut_anywhere_reads_and_says_so() {
        let body = "{\"call\":1,\"ms\":3,\"dir\":\"up\",\"body\":{\"text\":\"{}\"}}\n";
        let all = format!("{HEAD}{OPENED}{body}{{\"closed\":true}}\n");
        assert!(Transcript::parse(all.as_bytes()).unwrap().is_closed());
        for cut in HEAD.len()..all.len() - 1 {
            let read = Transcript::parse(all.get(..cut).unwrap().as_bytes()).unwrap();
            let is_whole = cut == all.len() - 1;
            assert_eq!(read.is_closed(), is_whole, "cut at {cut}");
            let calls = usize::from(cut >= HEAD.len() + OPENED.len() - 1);
            assert_eq!(read.calls().len(), calls, "cut at {cut}");
        }
    }

    #[test]
    fn what_a_later_version_may_add_is_passed_over() {
        let text = format!(
            "{HEAD}{{\"note\":1}}\n{OPENED}{{\"call\":1,\"ms\":3,\"dir\":\"down\",\"later\":{{}}}}\n"
        );
        let read = Transcript::parse(text.as_bytes()).unwrap();
        assert_eq!(read.keep(), Keep::NOTHING.audio(true));
        let call = &read.calls()[0];
        assert_eq!((call.operation(), call.entries().len()), ("converse", 0));
        assert_eq!(call.opened_at(), Duration::from_micros(2500));
    }
}
