//! An implementation that is a program: JSON questions on its standard input, one a line, answers on its output.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::implementation::{
    Answer, Chunks, Decoded, DecodedHeaders, Event, Fault, Header, Heard, Implementation, Profile,
    Signed, SigningInput,
};
use super::input::Input;
use crate::failure::Failure;
use crate::workspace;

/// How long a program may take over one question.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running program; it is killed when dropped.
pub(super) struct Program {
    name: String,
    child: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Program {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let name = workspace::show(&command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::new(format!("`{name}` did not start: {e}")))?;
        let (Some(questions), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new(format!("`{name}` has no pipes")));
        };
        let (lines, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            name,
            child,
            questions,
            answers,
        })
    }

    /// What it says of its version.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) fn version(&mut self) -> Result<String, Failure> {
        let answer = self.ask(&json!({"op": "describe"}))?;
        Ok(answer
            .get("version")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned())
    }

    fn ask(&mut self, question: &Value) -> Result<Value, Failure> {
        let failure = |what: String| Failure::new(format!("`{}` {what}", self.name));
        writeln!(self.questions, "{question}")
            .and_then(|()| self.questions.flush())
            .map_err(|e| failure(format!("takes no question: {e}")))?;
        let line = self.answers.recv_timeout(PATIENCE).map_err(|e| {
            failure(match e {
                RecvTimeoutError::Timeout => format!("did not answer within {PATIENCE:?}"),
                RecvTimeoutError::Disconnected => "ended without an answer".to_owned(),
            })
        })?;
        serde_json::from_str(&line).map_err(|e| failure(format!("answered {line:?}: {e}")))
    }

    fn ask_for<T>(
        &mut self,
        question: &Value,
        read: impl FnOnce(&Value) -> Result<T, serde_json::Error>,
    ) -> Result<Answer<T>, Failure> {
        let answer = self.ask(question)?;
        if let Some(reason) = answer.get("unable") {
            return Ok(Answer::Unable(
                reason.as_str().unwrap_or_default().to_owned(),
            ));
        }
        let value = read(&answer)
            .map_err(|e| Failure::new(format!("`{}` answered {answer}: {e}", self.name)))?;
        Ok(Answer::Given(value))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has been asked all there is to ask; what it still does, nobody waits for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Implementation for Program {
    fn decode(
        &mut self,
        profile: Profile,
        input: &Input,
        chunks: Chunks<'_>,
    ) -> Result<Answer<Decoded>, Failure> {
        let question =
            json!({"op": "decode", "profile": profile, "input": input, "chunks": chunks.0});
        self.ask_for(&question, |answer| Decoded::deserialize(answer))
    }

    fn decode_headers(
        &mut self,
        profile: Profile,
        block: &Input,
    ) -> Result<Answer<DecodedHeaders>, Failure> {
        let question = json!({"op": "decode_headers", "profile": profile, "input": block});
        self.ask_for(&question, |answer| DecodedHeaders::deserialize(answer))
    }

    fn encode(
        &mut self,
        headers: &[Header],
        payload: &[u8],
    ) -> Result<Answer<Result<Vec<u8>, Fault>>, Failure> {
        let payload = STANDARD.encode(payload);
        let question = json!({"op": "encode", "headers": headers, "payload_base64": payload});
        self.ask_for(&question, |answer| {
            result(answer, |given| {
                let text = given.get("frame_base64").and_then(Value::as_str);
                STANDARD
                    .decode(text.unwrap_or("no frame"))
                    .map_err(serde::de::Error::custom)
            })
        })
    }

    fn converse(
        &mut self,
        body: &[u8],
        chunks: Chunks<'_>,
        cut: bool,
    ) -> Result<Answer<Heard>, Failure> {
        let end = if cut { "cut" } else { "clean" };
        let input = json!({"base64": STANDARD.encode(body)});
        let question =
            json!({"op": "converse", "input": input, "chunks": chunks.0, "transport_end": end});
        self.ask_for(&question, |answer| Heard::deserialize(answer))
    }

    fn sign(
        &mut self,
        key: &SigningInput,
        events: &[Event],
    ) -> Result<Answer<Result<Signed, Fault>>, Failure> {
        let question = json!({"op": "sign", "key": key, "events": events});
        self.ask_for(&question, |answer| {
            result(answer, |given| Signed::deserialize(given))
        })
    }
}

/// What an answer gives, or its `error`.
fn result<T>(
    answer: &Value,
    read: impl FnOnce(&Value) -> Result<T, serde_json::Error>,
) -> Result<Result<T, Fault>, serde_json::Error> {
    match answer.get("error").filter(|error| !error.is_null()) {
        Some(error) => Fault::deserialize(error).map(Err),
        None => read(answer).map(Ok),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Program::start(command).unwrap()
    }

    #[test]
    fn an_answer_is_read_and_a_refusal_is_one() {
        let mut program = shell(
            r#"read a; echo '{"frames": [], "error": {"message": "no"}}'; read b; echo '{"unable": "why"}'"#,
        );
        let input = Input::Bytes(vec![1]);
        let answer = program
            .decode(Profile::Bounded, &input, Chunks(&[]))
            .unwrap();
        let Answer::Given(decoded) = answer else {
            panic!("an answer")
        };
        assert_eq!(decoded.error.unwrap().message, "no");
        let answer = program
            .decode(Profile::Bounded, &input, Chunks(&[]))
            .unwrap();
        assert!(matches!(answer, Answer::Unable(reason) if reason == "why"));
    }

    #[test]
    fn a_program_that_ends_or_talks_nonsense_is_a_failure() {
        let input = Input::Bytes(vec![]);
        assert!(
            shell("read a")
                .decode(Profile::Bounded, &input, Chunks(&[]))
                .is_err()
        );
        assert!(
            shell("read a; echo hello")
                .decode(Profile::Bounded, &input, Chunks(&[]))
                .is_err()
        );
        assert!(
            shell("read a; echo '{}'")
                .decode(Profile::Bounded, &input, Chunks(&[]))
                .is_err()
        );
    }
}
