//! The calls that take a whole request: ConverseStream, InvokeModelWithResponseStream and their one-shot relatives.

mod converse;
mod echo;
mod family;
mod invoke;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::answer;
use crate::fault::{FaultKind, Plan};
use crate::ids::Ids;
use crate::operation::Operation;
use crate::scenario::{Outcome, Scenario, Scripted};
use crate::service_error::ServiceError;

/// A request whose signature has been accepted.
#[derive(Debug)]
pub(crate) struct OneWay<'a> {
    pub(crate) operation: Operation,
    pub(crate) model_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) date: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) extras: Extras,
    pub(crate) scenario: Option<&'a Scenario>,
}

/// Blocks of an answer beside the text, because they were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    reasoning: bool,
    redacted_reasoning: bool,
    zero_arg_tool: bool,
}

impl Extras {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            reasoning: plan.has(FaultKind::Reasoning),
            redacted_reasoning: plan.has(FaultKind::RedactedReasoning),
            zero_arg_tool: plan.has(FaultKind::ZeroArgTool),
        }
    }
}

/// A whole answer. Each element of `frames` is one event-stream frame, or the one JSON body.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) head: Response<()>,
    pub(crate) frames: Vec<Bytes>,
    pub(crate) error: Option<ServiceError>,
}

impl OneWay<'_> {
    /// Answers with a plain echo of what the user wrote.
    pub(crate) fn answer(&self, ids: &mut Ids) -> Answered {
        self.try_answer(ids)
            .unwrap_or_else(|error| self.refuse(error))
    }

    /// Answers with an error.
    pub(crate) fn refuse(&self, error: ServiceError) -> Answered {
        let (status, code) = (error.kind.status(), error.kind.name());
        let (head, body) = answer::error(status, code, &error.message, self.request_id, self.date);
        Answered {
            head,
            frames: vec![body],
            error: Some(error),
        }
    }

    fn try_answer(&self, ids: &mut Ids) -> Result<Answered, ServiceError> {
        let body: Value = serde_json::from_slice(self.body)
            .map_err(|_| ServiceError::validation("The request body is not valid JSON."))?;
        if let Some(outcome) = self.scripted() {
            return self.play(outcome, ids);
        }
        match self.operation {
            Operation::ConverseStream => {
                let reply = echo::of_conversation(&body)?;
                Ok(self.stream(converse::events(&reply, self.extras, ids)))
            }
            Operation::Converse => {
                let reply = echo::of_conversation(&body)?;
                Ok(self.whole(&converse::whole(&reply, self.extras)))
            }
            Operation::InvokeModelWithResponseStream => {
                let (family, reply) = invoke::reply(self.model_id, &body)?;
                let chunks = family::chunks(family, &reply, self.extras);
                let frames = chunks.iter().map(|chunk| invoke::chunk(chunk, ids));
                Ok(self.chunks(frames.collect()))
            }
            Operation::InvokeModel => {
                let (family, reply) = invoke::reply(self.model_id, &body)?;
                let mut answered = self.whole(&family.whole(&reply));
                for (name, value) in invoke::counts(&reply) {
                    answer::put(&mut answered.head, name, &value);
                }
                Ok(answered)
            }
            Operation::InvokeModelWithBidirectionalStream => {
                Err(ServiceError::validation("This operation needs HTTP/2."))
            }
        }
    }

    /// What a scenario answers to this request.
    fn scripted(&self) -> Option<&Outcome> {
        let scenario = self.scenario?;
        let answers = match self.operation {
            Operation::Converse | Operation::ConverseStream => &scenario.converse,
            _ => &scenario.invoke,
        };
        let streams = matches!(
            self.operation,
            Operation::ConverseStream | Operation::InvokeModelWithResponseStream
        );
        let body = String::from_utf8_lossy(self.body);
        let fits = |scripted: &&Scripted| {
            let shape = match scripted.answer {
                Outcome::Stream(_) => streams,
                Outcome::Whole(_) => !streams,
                Outcome::Error(_) => true,
            };
            shape && body.contains(&scripted.contains)
        };
        answers.iter().find(fits).map(|scripted| &scripted.answer)
    }

    fn play(&self, outcome: &Outcome, ids: &mut Ids) -> Result<Answered, ServiceError> {
        match outcome {
            Outcome::Error(error) => Err(error.clone()),
            Outcome::Whole(body) => Ok(self.whole(body)),
            Outcome::Stream(events) if self.operation == Operation::ConverseStream => {
                let frame =
                    |(name, members): &(String, Value)| converse::event(name, members.clone(), ids);
                Ok(self.stream(events.iter().map(frame).collect()))
            }
            Outcome::Stream(chunks) => {
                let frame = |(_, chunk): &(String, Value)| invoke::chunk(chunk, ids);
                Ok(self.chunks(chunks.iter().map(frame).collect()))
            }
        }
    }

    /// A stream of a family's chunks.
    fn chunks(&self, frames: Vec<Bytes>) -> Answered {
        let mut answered = self.stream(frames);
        let kind = "x-amzn-bedrock-content-type";
        answer::put(&mut answered.head, kind, "application/json");
        answered
    }

    fn stream(&self, frames: Vec<Bytes>) -> Answered {
        Answered {
            head: answer::head(200, answer::EVENT_STREAM, self.request_id, self.date),
            frames,
            error: None,
        }
    }

    fn whole(&self, body: &Value) -> Answered {
        let mut head = answer::head(200, "application/json", self.request_id, self.date);
        let body = Bytes::from(body.to_string());
        answer::put(&mut head, "content-length", &body.len().to_string());
        Answered {
            head,
            frames: vec![body],
            error: None,
        }
    }
}
