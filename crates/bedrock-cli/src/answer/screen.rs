//! What people and machines see: the answer on stdout, all else on stderr; or JSON lines on stdout.

use std::io::Write as _;

use bedrock_stream::Error;
use converse_stream::{Event, Reply, Usage};
use serde_json::{Value, json};

/// Shows answers as they come.
pub(crate) struct Screen {
    json: bool,
    verbose: bool,
    thoughts: bool,
    /// Where the last line still lacks its end.
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Text, on stdout.
    Text,
    /// A thought, on stderr.
    Thought,
}

/// How an answer ended.
pub(super) struct Ending {
    outcome: &'static str,
    error: Option<String>,
    request_id: Option<String>,
    attempts: Option<u32>,
    reply: Value,
    usage: Option<Usage>,
    stop: Option<String>,
}

impl Screen {
    pub(crate) fn new(json: bool, verbose: bool, thoughts: bool) -> Self {
        Self {
            json,
            verbose,
            thoughts: thoughts || verbose,
            open: None,
        }
    }

    /// Shows one event.
    pub(super) fn show(&mut self, event: &Event) {
        if self.json {
            return line(&serde_json::to_value(event).unwrap_or_default());
        }
        match event {
            Event::Text { text, .. } => {
                self.text(text);
            }
            Event::Reasoning { text, .. } if self.thoughts => {
                self.begin(Open::Thought);
                eprint!("{text}");
                self.open = (!text.ends_with('\n')).then_some(Open::Thought);
            }
            Event::ToolCall { call, .. } => {
                let by = if call.is_hosted() { "service" } else { "model" };
                self.say(&format!("{by} calls {}({})", call.name, call.input.text()));
            }
            Event::BlockStop { .. } => self.begin(Open::Text),
            Event::Unknown(unknown) if self.verbose => {
                self.say(&format!("({} is not known)", unknown.event_type));
            }
            _ => {}
        }
    }

    /// Shows how the answer ended.
    pub(super) fn ended(&mut self, ending: &Ending) {
        if self.json {
            line(&json!({
                "outcome": ending.outcome,
                "error": ending.error,
                "request_id": ending.request_id,
                "attempts": ending.attempts,
                "reply": ending.reply,
            }));
        }
        self.close();
        if let Some(error) = &ending.error {
            eprintln!("bedrock: {error}");
        }
        if self.verbose && !self.json {
            epilogue(ending);
        }
    }

    /// A line for people.
    pub(super) fn say(&mut self, text: &str) {
        self.close();
        eprintln!("{text}");
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.begin(Open::Text);
        let mut out = std::io::stdout().lock();
        // A reader that is gone is no reason to fail: the exit code still tells of the answer.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.open = (!text.ends_with('\n')).then_some(Open::Text);
    }

    /// Ends the line of the other kind, where one is open.
    fn begin(&mut self, kind: Open) {
        if self.open.is_some_and(|open| open != kind) {
            self.close();
        }
    }

    fn close(&mut self) {
        match self.open.take() {
            Some(Open::Text) => {
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out).and_then(|()| out.flush());
            }
            Some(Open::Thought) => eprintln!(),
            None => {}
        }
    }
}

impl Ending {
    pub(super) fn complete(reply: &Reply) -> Self {
        Self::new("complete", None, reply)
    }

    pub(super) fn incomplete(missing: String, reply: &Reply) -> Self {
        Self::new("incomplete", Some(missing), reply)
    }

    pub(super) fn interrupted(reply: &Reply, request_id: Option<&str>) -> Self {
        let mut ending = Self::new("incomplete", Some("interrupted".to_owned()), reply);
        ending.request_id = ending.request_id.or(request_id.map(str::to_owned));
        ending
    }

    pub(super) fn failed(error: &Error, reply: &Reply) -> Self {
        let mut ending = Self::new("failed", Some(error.to_string()), reply);
        ending.request_id = ending.request_id.or(error.request_id().map(str::to_owned));
        ending.attempts = error.attempts();
        ending
    }

    fn new(outcome: &'static str, error: Option<String>, reply: &Reply) -> Self {
        Self {
            outcome,
            error,
            request_id: reply.request_id.clone(),
            attempts: None,
            reply: serde_json::to_value(reply).unwrap_or_default(),
            usage: reply.usage().cloned(),
            stop: reply.stop.as_ref().map(|stop| stop.reason.to_string()),
        }
    }
}

/// Why it stopped, what it cost, and its id.
fn epilogue(ending: &Ending) {
    if let Some(stop) = &ending.stop {
        eprintln!("(stopped: {stop})");
    }
    if let Some(usage) = &ending.usage {
        let count = |tokens: Option<u64>| tokens.map_or("?".to_owned(), |n| n.to_string());
        eprintln!(
            "(tokens: {} in, {} out)",
            count(usage.input_tokens),
            count(usage.output_tokens)
        );
    }
    if let Some(id) = &ending.request_id {
        eprintln!("(request {id})");
    }
}

fn line(object: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{object}").and_then(|()| out.flush());
}
