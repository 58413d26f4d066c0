//! Where a client differs from the one that was recorded.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bytes::{Buf, BytesMut};
use eventstream_codec::{Frame, Limits, MessageKind, Parsed, parse};
use serde_json::Value;

use super::keep::Keep;
use super::line::{Direction, End};
use super::scrub::Scrub;
use super::track::unwrapped;
use super::transcript::{RecordedCall, What};

/// Members whose values the client makes up: they must be used in the same way, and need not be the same.
const MADE_UP: &[&str] = &["promptName", "contentName"];
/// Differences of one event that are told.
const TOLD: usize = 3;

/// Compares what a client sends with what a recorded one sent: the events and their order, the texts in them, and how
/// often it counts up to [`marks`](Self::marks). Audio is not compared, nor how it is cut into events.
#[derive(Debug)]
pub struct Comparison {
    recorded: VecDeque<Event>,
    body: Option<Event>,
    /// The made-up values of the recording, and those of the client.
    names: BTreeMap<String, String>,
    scrub: Scrub,
    carries_frames: bool,
    held: BytesMut,
    events: usize,
    marks: usize,
    /// The order differs: what follows is not compared.
    is_lost: bool,
    deviations: Vec<Deviation>,
}

impl Comparison {
    /// Compares with the client of `call`, of whose words `keep` was kept.
    #[must_use]
    pub fn with(call: &RecordedCall, keep: Keep) -> Self {
        let mut recorded = VecDeque::new();
        let mut carries_frames = false;
        for entry in call.entries() {
            match &entry.what {
                What::Frame(frame) if entry.direction == Direction::Up => {
                    carries_frames = true;
                    recorded.extend(Event::of(frame).filter(|event| !event.is_audio()));
                }
                _ => {}
            }
        }
        let bytes = call.bytes(Direction::Up);
        Self {
            recorded,
            body: (!carries_frames).then(|| Event::of_body(&bytes)),
            names: BTreeMap::new(),
            scrub: Scrub::new(keep),
            carries_frames,
            held: BytesMut::new(),
            events: 0,
            marks: 0,
            is_lost: false,
            deviations: Vec::new(),
        }
    }

    /// The client has sent these bytes.
    pub fn sent(&mut self, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
        while self.carries_frames {
            let (len, event) = match parse(&self.held, &Limits::bounded()) {
                Ok(Parsed::Frame(frame)) => {
                    let event = Event::scrubbed(&frame, &mut self.scrub);
                    (frame.total_len(), event)
                }
                Ok(Parsed::Need(_)) => return,
                Err(error) => {
                    self.lose(format!("no frame: {error}"));
                    self.held.clear();
                    return;
                }
            };
            self.held.advance(len);
            match event {
                Some(event) if event.is_audio() => {}
                Some(event) => self.take(&event),
                None => {}
            }
        }
    }

    /// The client has ended its request.
    pub fn ended(&mut self) {
        self.marks += 1;
        if let Some(recorded) = self.body.take() {
            let body = self.scrub.payload(&self.held.split());
            let event = Event::of_body(&body);
            self.events += 1;
            self.compare(&recorded, &event);
        }
        if let (false, Some(next)) = (self.is_lost, self.recorded.front()) {
            let what = format!(
                "the client ended, where the recording goes on with {} more, {} first",
                self.recorded.len(),
                next.name
            );
            self.events += 1;
            self.lose(what);
        }
    }

    /// Events other than audio, and the end, that the client has sent. A recorded answer is due when as many have come as had
    /// when it was recorded.
    #[must_use]
    pub fn marks(&self) -> usize {
        self.marks
    }

    /// Where the client differed so far.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Adds what whoever plays the recording has seen.
    pub(super) fn note(&mut self, what: String) {
        self.deviations.push(Deviation {
            event: self.events,
            what,
        });
    }

    fn take(&mut self, event: &Event) {
        self.marks += 1;
        self.events += 1;
        if self.is_lost {
            return;
        }
        match self.recorded.pop_front() {
            Some(recorded) if recorded.name == event.name => self.compare(&recorded, event),
            Some(recorded) => self.lose(format!(
                "{}, where the recording has {}; the events after it are not compared",
                event.name, recorded.name
            )),
            None => self.lose(format!("{}, where the recording has ended", event.name)),
        }
    }

    fn lose(&mut self, what: String) {
        if !self.is_lost {
            self.is_lost = true;
            self.note(what);
        }
    }

    fn compare(&mut self, recorded: &Event, event: &Event) {
        let mut differences = Vec::new();
        let mut path = vec![event.name.clone()];
        differ(
            &recorded.content,
            &event.content,
            &mut path,
            &mut self.names,
            &mut differences,
        );
        let more = differences.len().saturating_sub(TOLD);
        differences.truncate(TOLD);
        if more > 0 {
            differences.push(format!("{more} more differences"));
        }
        for what in differences {
            self.note(what);
        }
    }
}

/// How many marks (see [`Comparison::marks`]) an entry counts; the service's are counted in the same way.
pub(super) fn marks_of(what: &What) -> usize {
    match what {
        What::Frame(frame) => usize::from(Event::of(frame).is_some_and(|event| !event.is_audio())),
        What::End(End::Clean) => 1,
        _ => 0,
    }
}

/// Something in which a client differs from the recorded one. Tells no text of either.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// The client's event, counted from 1 without audio; for a request with one body, that.
    pub event: usize,
    /// What is different.
    pub what: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {}", self.event, self.what)
    }
}

/// An event of a client.
#[derive(Debug)]
struct Event {
    name: String,
    content: Value,
}

impl Event {
    /// Of a frame, signed or not; `None` for the signed end.
    fn of(frame: &bytes::Bytes) -> Option<Self> {
        let message = unwrapped(frame)?;
        let payload = message.frame().payload().to_vec();
        Some(Self::new(&message.frame(), &payload))
    }

    fn scrubbed(frame: &Frame<'_>, scrub: &mut Scrub) -> Option<Self> {
        let message = unwrapped(&bytes::Bytes::copy_from_slice(frame.as_bytes()))?;
        let payload = scrub.payload(message.frame().payload());
        Some(Self::new(&message.frame(), &payload))
    }

    /// `{"event":{"<name>":{…}}}` in a `chunk`, or whatever the frame says that it is.
    fn new(frame: &Frame<'_>, payload: &[u8]) -> Self {
        let carried = bedrock_wire::read_part(payload).ok();
        let carried = carried.filter(|carried| !carried.is_empty());
        let content: Value =
            serde_json::from_slice(carried.as_deref().unwrap_or(payload)).unwrap_or(Value::Null);
        let event = content.get("event").and_then(Value::as_object);
        if let Some((name, content)) = event.and_then(|event| event.iter().next()) {
            return Self {
                name: name.clone(),
                content: content.clone(),
            };
        }
        let name = match frame.kind() {
            MessageKind::Event { event_type } => event_type.to_owned(),
            MessageKind::Exception { exception_type } => exception_type.to_owned(),
            _ => "a frame without a type".to_owned(),
        };
        Self { name, content }
    }

    fn of_body(body: &[u8]) -> Self {
        Self {
            name: "the request".to_owned(),
            content: serde_json::from_slice(body).unwrap_or(Value::Null),
        }
    }

    fn is_audio(&self) -> bool {
        matches!(self.name.as_str(), "audioInput" | "audioOutput")
    }
}

/// Collects in what two values differ, by the path of members.
fn differ(
    recorded: &Value,
    value: &Value,
    path: &mut Vec<String>,
    names: &mut BTreeMap<String, String>,
    differences: &mut Vec<String>,
) {
    match (recorded, value) {
        (Value::Object(recorded), Value::Object(value)) => {
            for (name, inner) in recorded {
                path.push(name.clone());
                match value.get(name) {
                    Some(other) => differ(inner, other, path, names, differences),
                    None => differences.push(format!("{} is missing", path.join("."))),
                }
                path.pop();
            }
            for name in value.keys().filter(|name| !recorded.contains_key(*name)) {
                differences.push(format!("{}.{name} is new", path.join(".")));
            }
        }
        (Value::Array(recorded), Value::Array(value)) if recorded.len() == value.len() => {
            for (at, (one, other)) in recorded.iter().zip(value).enumerate() {
                path.push(at.to_string());
                differ(one, other, path, names, differences);
                path.pop();
            }
        }
        (Value::String(one), Value::String(other))
            if path
                .last()
                .is_some_and(|name| MADE_UP.contains(&name.as_str())) =>
        {
            let known = names.entry(one.clone()).or_insert_with(|| other.clone());
            if known != other {
                differences.push(format!("{} is that of another block", path.join(".")));
            }
        }
        (one, other) if one != other => {
            differences.push(format!("{} is different", path.join(".")));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use eventstream_codec::{Header, HeaderValue, encode_frame};
    use serde_json::json;

    use super::*;
    use crate::recording::{Recording, Transcript};

    fn frame(event: &Value) -> Bytes {
        let header = |name, value| Header {
            name,
            value: HeaderValue::String(value),
        };
        let headers = [
            header(":message-type", "event"),
            header(":event-type", "chunk"),
        ];
        let mut payload = BytesMut::new();
        let carried = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, event.to_string());
        payload.extend_from_slice(json!({ "bytes": carried }).to_string().as_bytes());
        let mut wire = BytesMut::new();
        encode_frame(&headers, &payload, &mut wire).unwrap();
        wire.freeze()
    }

    fn session(prompt: &str, words: &str) -> Vec<Value> {
        let event = |name: &str, content: Value| json!({"event": {name: content}});
        vec![
            event("promptStart", json!({"promptName": prompt})),
            event("textInput", json!({"promptName": prompt, "content": words})),
            event(
                "audioInput",
                json!({"promptName": prompt, "content": "AAAA"}),
            ),
            event("promptEnd", json!({"promptName": prompt})),
        ]
    }

    fn recorded(keep: Keep, events: &[Value]) -> Transcript {
        let file = std::env::temp_dir().join(format!(
            "comparison-{}-{:?}.jsonl",
            std::process::id(),
            std::thread::current().id()
        ));
        let head = http::Request::post("https://h/model/m/invoke-with-bidirectional-stream")
            .header("content-type", "application/vnd.amazon.eventstream")
            .body(())
            .unwrap();
        let call = Recording::create(&file, keep).unwrap().call(&head);
        for event in events {
            call.sent(&frame(event));
        }
        call.sent_all(&End::Clean);
        drop(call);
        let transcript = Transcript::from_file(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        transcript
    }

    fn compared(keep: Keep, live: &[Value]) -> Vec<String> {
        let transcript = recorded(keep, &session("p-1", "hello there"));
        let mut comparison = Comparison::with(&transcript.calls()[0], keep);
        for event in live {
            comparison.sent(&frame(event));
        }
        comparison.ended();
        comparison
            .deviations()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn other_names_and_other_audio_are_the_same_session() {
        for keep in [Keep::NOTHING, Keep::EVERYTHING] {
            let mut live = session("another", "hello there");
            live.insert(2, live[2].clone());
            assert_eq!(compared(keep, &live), Vec::<String>::new());
        }
    }

    #[test]
    fn the_first_difference_is_named_and_no_text_is_told() {
        let words = compared(Keep::EVERYTHING, &session("p", "hello sesame"));
        assert_eq!(words, ["event 2: textInput.content is different"]);

        let mut mixed = session("p", "hello there");
        mixed[3] = json!({"event": {"promptEnd": {"promptName": "q"}}});
        let mixed = compared(Keep::EVERYTHING, &mixed);
        assert_eq!(
            mixed,
            ["event 3: promptEnd.promptName is that of another block"]
        );

        let short = compared(Keep::NOTHING, &session("p", "hello there")[..1]);
        assert_eq!(
            short,
            ["event 2: the client ended, where the recording goes on with 2 more, textInput first"]
        );

        let mut other = session("p", "hello there");
        other.remove(1);
        let other = compared(Keep::NOTHING, &other);
        assert_eq!(
            other,
            [
                "event 2: promptEnd, where the recording has textInput; the events after it are not compared"
            ]
        );
    }
}
