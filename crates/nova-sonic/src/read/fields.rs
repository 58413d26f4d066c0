//! The members of an event, taken out one by one; what is left over is kept.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::read::event::{EventIds, Extra};
use crate::read::repeats::Interner;
use crate::read::usage::{TokenCount, TokenUsage};

/// The members of one event. A member of an unexpected type stays where it is, and so ends up in `extra`.
pub(super) struct Fields<'i> {
    members: Map<String, Value>,
    interner: &'i mut Interner,
}

impl<'i> Fields<'i> {
    pub(super) const fn new(members: Map<String, Value>, interner: &'i mut Interner) -> Self {
        Self { members, interner }
    }

    pub(super) fn ids(&mut self) -> EventIds {
        EventIds {
            session_id: self.shared("sessionId"),
            prompt_name: self.shared("promptName"),
            completion_id: self.shared("completionId"),
        }
    }

    /// An id that is used again; empty where it is missing.
    pub(super) fn id(&mut self, name: &str) -> Arc<str> {
        self.shared(name).unwrap_or_default()
    }

    fn shared(&mut self, name: &str) -> Option<Arc<str>> {
        let text = self.text(name)?;
        Some(self.interner.get(&text))
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::String(_) => match self.members.remove(name) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        let number = self.members.get(name)?.as_u64()?;
        self.members.remove(name);
        Some(number)
    }

    /// A member as it is.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// A look at a member that stays in `extra`.
    pub(super) fn peek(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// `details.delta` or `details.total`; missing numbers are 0.
    pub(super) fn usage(&self, part: &str) -> Option<TokenUsage> {
        let part = self.members.get("details")?.get(part)?.as_object()?;
        let count = |direction: &str| {
            let tokens = |modality: &str| {
                let number = part.get(direction).and_then(|count| count.get(modality));
                number.and_then(Value::as_u64).unwrap_or(0)
            };
            TokenCount {
                speech: tokens("speechTokens"),
                text: tokens("textTokens"),
            }
        };
        Some(TokenUsage {
            input: count("input"),
            output: count("output"),
        })
    }

    pub(super) fn rest(self) -> Extra {
        self.members
    }
}
