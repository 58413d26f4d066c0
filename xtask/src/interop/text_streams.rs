//! The wrappers of npm `ai` 3 beside our text streams, on the same bodies: what the callbacks are told, and every byte.

use std::fs;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_wire::ChunkWriter;
use bytes::{Bytes, BytesMut};
use converse_stream::text::{Extract, TextCallbacks, TextFormat, TextStream, Wrapper};
use eventstream_codec::FrameWriter;
use futures_core::Stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::finding::{Finding, Verdict};
use crate::failure::Failure;
use crate::peers::{self, Peer};
use crate::workspace;

/// The peer's name.
pub(super) const NAME: &str = "ai";

/// The wrapper, and the folder of `fixtures/invoke` that has bodies for it.
const WRAPPERS: &[(&str, &str)] = &[
    ("AWSBedrockAnthropicStream", "anthropic-text"),
    ("AWSBedrockAnthropicMessagesStream", "anthropic-messages"),
    ("AWSBedrockCohereStream", "cohere-command"),
    ("AWSBedrockLlama2Stream", "llama"),
    ("AWSBedrockStream", "titan"),
];

/// Bodies on which the wrapper does otherwise, and why (docs/text-streams.md).
const KNOWN: &[(&str, &str, &str)] = &[
    ("AWSBedrockAnthropicStream", "cut", CUT),
    ("AWSBedrockAnthropicMessagesStream", "cut", CUT),
    ("AWSBedrockAnthropicMessagesStream", "error_event", ERROR),
    ("AWSBedrockCohereStream", "at_once", AT_ONCE),
    ("AWSBedrockCohereStream", "cut", CUT),
    ("AWSBedrockCohereStream", "model_error", ERROR),
    ("AWSBedrockCohereStream", "two_answers_cut", CUT),
    ("AWSBedrockLlama2Stream", "cut", CUT),
    ("AWSBedrockStream", "cut", CUT),
    ("AWSBedrockStream", "masked_cut", CUT),
];

const CUT: &str = "takes a cut text for a whole one";
const ERROR: &str = "passes over the model's own error";
const AT_ONCE: &str = "finds no text where one chunk holds all of it";

/// What came of a body.
#[derive(Debug, Default, Deserialize, PartialEq)]
struct Heard {
    /// Callbacks in their order, each with its text.
    told: Vec<String>,
    written: String,
    failed: bool,
}

struct Question {
    wrapper: &'static str,
    case: String,
    body: Bytes,
}

/// Runs both on every body.
///
/// # Errors
/// When the peer cannot be installed or asked.
pub(super) fn run() -> Result<Vec<Finding>, Failure> {
    let peer = peers::node("text-streams.mjs")?;
    peers::refuse_in_ci(NAME, &peer)?;
    let mut command = match peer {
        Peer::Ready(command) => command,
        Peer::Missing(what) => {
            let skipped = |wrapper: &str| finding(wrapper, Verdict::Skipped(what.clone()));
            return Ok(WRAPPERS
                .iter()
                .map(|(wrapper, _)| skipped(wrapper))
                .collect());
        }
    };
    let questions = questions()?;
    let asked = questions.iter().map(|question| {
        json!({"wrapper": question.wrapper, "input": {"base64": STANDARD.encode(&question.body)}})
    });
    let path = peers::folder().join("text-streams.json");
    let text = Value::Array(asked.collect()).to_string();
    fs::write(&path, text).map_err(|e| Failure::at(&path, "write", e))?;
    let printed = workspace::capture(command.arg(&path))?;
    let answers = printed.lines().map(|line| {
        serde_json::from_str(line).map_err(|e| Failure::new(format!("{NAME} said {line:?}: {e}")))
    });
    let answers: Vec<Heard> = answers.collect::<Result<_, _>>()?;
    if answers.len() != questions.len() {
        return Err(Failure::new(format!(
            "{NAME} gave {} answers",
            answers.len()
        )));
    }
    Ok(compare(&questions, &answers))
}

fn compare(questions: &[Question], answers: &[Heard]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (wrapper, _) in WRAPPERS {
        let (mut equal, mut other) = (0, Vec::new());
        for (question, theirs) in questions.iter().zip(answers) {
            if question.wrapper != *wrapper {
                continue;
            }
            let ours = hear(question);
            let known = KNOWN
                .iter()
                .find(|(of, case, _)| of == wrapper && *case == question.case);
            let verdict = match (ours == *theirs, known) {
                (true, None) => {
                    equal += 1;
                    continue;
                }
                (true, Some(_)) => Verdict::Failed("known to differ, but it does not".to_owned()),
                (false, Some((_, _, why))) => Verdict::Known((*why).to_owned()),
                (false, None) => Verdict::Failed(format!("{theirs:?}, ours {ours:?}")),
            };
            other.push(finding(&format!("{wrapper}: {}", question.case), verdict));
        }
        let verdict = match equal {
            0 => Verdict::Failed("no body on which both agree".to_owned()),
            n => Verdict::Passed(format!("{n} bodies: callbacks and bytes as ours")),
        };
        findings.push(finding(wrapper, verdict));
        findings.append(&mut other);
    }
    findings
}

fn finding(check: &str, verdict: Verdict) -> Finding {
    Finding {
        peer: NAME,
        check: check.to_owned(),
        verdict,
    }
}

/// The cases of the families.
fn questions() -> Result<Vec<Question>, Failure> {
    let mut questions = Vec::new();
    for (wrapper, family) in WRAPPERS {
        let path = workspace::root().join(format!("fixtures/invoke/{family}/cases.json"));
        let text = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
        let file: Value = serde_json::from_str(&text).map_err(|e| Failure::at(&path, "read", e))?;
        let cases = file.get("cases").and_then(Value::as_array);
        for case in cases.into_iter().flatten() {
            let name = case.get("name").and_then(Value::as_str).unwrap_or_default();
            let chunks = case.get("chunks").and_then(Value::as_array);
            let chunks = chunks.map(Vec::as_slice).unwrap_or_default();
            questions.push(Question {
                wrapper,
                case: name.to_owned(),
                body: body(chunks, case.get("exception"))?,
            });
        }
    }
    Ok(questions)
}

fn body(chunks: &[Value], exception: Option<&Value>) -> Result<Bytes, Failure> {
    let failed = |e: &dyn std::error::Error| Failure::new(format!("a body: {e}"));
    let (mut wire, writer) = (BytesMut::new(), ChunkWriter::new());
    for chunk in chunks {
        let json = chunk.to_string();
        writer
            .write(json.as_bytes(), &mut wire)
            .map_err(|e| failed(&e))?;
    }
    if let Some(exception) = exception {
        let kind = exception
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let frame = FrameWriter::exception(&mut wire, kind, Some("application/json"));
        let mut payload = frame.map_err(|e| failed(&e))?.payload();
        payload.put_slice(exception.to_string().as_bytes());
        payload.finish().map_err(|e| failed(&e))?;
    }
    Ok(wire.freeze())
}

fn hear(question: &Question) -> Heard {
    let body = question.body.clone();
    match question.wrapper {
        "AWSBedrockAnthropicStream" => hear_with(body, Wrapper::Anthropic),
        "AWSBedrockAnthropicMessagesStream" => hear_with(body, Wrapper::AnthropicMessages),
        "AWSBedrockCohereStream" => hear_with(body, Wrapper::Cohere),
        "AWSBedrockLlama2Stream" => hear_with(body, Wrapper::Llama2),
        _ => hear_with(body, |chunk: &Value| {
            Some(chunk.get("outputText")?.as_str()?.to_owned())
        }),
    }
}

fn hear_with(body: Bytes, extract: impl Extract + Unpin) -> Heard {
    let mut diary = Diary::default();
    let (mut written, mut failed) = (Vec::new(), false);
    {
        let stream = TextStream::new(Whole(Some(body)), extract)
            .with_callbacks(&mut diary)
            .with_format(TextFormat::DataStream);
        let mut stream = pin!(stream);
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(piece)) = stream.as_mut().poll_next(&mut context) {
            match piece {
                Ok(piece) => written.extend_from_slice(&piece),
                Err(_) => failed = true,
            }
        }
    }
    Heard {
        told: diary.0,
        written: String::from_utf8_lossy(&written).into_owned(),
        failed,
    }
}

/// A body that is at hand.
struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[derive(Default)]
struct Diary(Vec<String>);

impl TextCallbacks for Diary {
    fn on_start(&mut self) {
        self.0.push("start".to_owned());
    }

    fn on_token(&mut self, token: &str) {
        self.0.push(format!("token {token}"));
    }

    fn on_text(&mut self, text: &str) {
        self.0.push(format!("text {text}"));
    }

    fn on_completion(&mut self, completion: &str) {
        self.0.push(format!("completion {completion}"));
    }

    fn on_final(&mut self, completion: &str) {
        self.0.push(format!("final {completion}"));
    }
}
