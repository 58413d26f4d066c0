//! A script of bytes: answers that are given as they stand, whatever the client says. Signatures are checked all the same.

mod duplex;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::Response;

pub(crate) use duplex::play;

use crate::call::Answer;
use crate::fault::{Control, Item};
use crate::operation::Operation;

/// What is answered, byte by byte. A call gets the next answer to its operation; after the last the first comes again.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The calls, in order.
    pub calls: Vec<ScriptedCall>,
}

/// The answer to one call.
#[derive(Debug, Clone)]
pub struct ScriptedCall {
    /// The last part of the request's path, `converse-stream` for example.
    pub operation: String,
    /// What is sent, in order: the head first.
    pub steps: Vec<ScriptStep>,
}

/// One step of an answer.
#[derive(Debug, Clone)]
pub struct ScriptStep {
    /// When it is due at the earliest, from the request head.
    pub after: Duration,
    /// How many events other than `audioInput`, the end of the request among them, the client must have sent before. A client
    /// that takes longer than ten seconds is not waited for.
    pub marks: usize,
    /// What is sent.
    pub what: ScriptedPart,
}

/// What a step sends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ScriptedPart {
    /// The response head.
    Head(Response<()>),
    /// Bytes of the body.
    Bytes(Bytes),
    /// `END_STREAM`.
    End,
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// The end of the connection, without a word.
    Cut,
}

impl ScriptedPart {
    fn into_item(self) -> Option<Item> {
        Some(match self {
            Self::Head(_) => return None,
            Self::Bytes(bytes) => Item::Bytes(bytes),
            Self::End => Item::End,
            Self::Reset(code) => Item::Reset(Reason::from(code)),
            Self::Cut => Item::Control(Control::Cut),
        })
    }
}

impl ScriptedCall {
    /// The answer to a request that has come whole; none where the script has no head for it.
    pub(crate) fn answer(self) -> Option<Answer> {
        let (mut head, mut items) = (None, Vec::new());
        let mut now = Duration::ZERO;
        for step in self.steps {
            let wait = step.after.saturating_sub(now);
            if !wait.is_zero() {
                items.push(Item::Wait(wait));
                now = step.after;
            }
            match step.what {
                ScriptedPart::Head(response) => head = Some(response),
                what => items.extend(what.into_item()),
            }
        }
        head.map(|head| (head, items))
    }
}

/// A script and how far each operation has come in it.
#[derive(Debug)]
pub(crate) struct Stage {
    script: Script,
    played: Mutex<Vec<Operation>>,
}

impl Stage {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            played: Mutex::default(),
        }
    }

    /// The next call of `operation`, with its number in the script.
    pub(crate) fn next(&self, operation: Operation) -> Option<(usize, ScriptedCall)> {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let before = played.iter().filter(|one| **one == operation).count();
        let calls = self.script.calls.iter().enumerate();
        let of_operation = calls.filter(|(_, call)| call.operation == operation.path());
        let count = of_operation.clone().count();
        let (number, call) = of_operation.cycle().nth(before.checked_rem(count)?)?;
        played.push(operation);
        Some((number, call.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_in_their_order_and_then_again() {
        let call = |operation: &str| ScriptedCall {
            operation: operation.to_owned(),
            steps: Vec::new(),
        };
        let stage = Stage::new(Script {
            calls: ["converse", "converse-stream", "converse"].map(call).into(),
        });
        let next = |operation| stage.next(operation).map(|(number, _)| number);
        let converse = [0; 5].map(|_| next(Operation::Converse).unwrap());
        assert_eq!(converse, [0, 2, 0, 2, 0]);
        assert_eq!(next(Operation::ConverseStream), Some(1));
        assert_eq!(next(Operation::InvokeModel), None);
    }
}
