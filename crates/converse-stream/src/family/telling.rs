//! What every family tells, in its own words: parts of a message, its end, what it cost.

use bytes::Bytes;
use serde_json::Value;

use super::fields::Fields;
use super::lanes::Lanes;
use super::minted::MintedIds;
use crate::assemble::{Assembler, Part};
use crate::error::StreamError;
use crate::event::metadata::Metadata;
use crate::event::stop::MessageStop;
use crate::event::usage::Usage;
use crate::event::{BlockStart, Event, Unknown};
use crate::json::{Json, Members};
use crate::payload::Malformed;
use crate::request::message::Role;
use crate::request::tool::ToolUseType;

/// A message under construction.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) message: Assembler,
    /// What was told beside the message and has not been said yet.
    metadata: Metadata,
    lanes: Lanes,
    ids: MintedIds,
}

impl Draft {
    pub(super) fn new(random: [u8; 16]) -> Self {
        Self {
            message: Assembler::default(),
            metadata: Metadata::default(),
            lanes: Lanes::default(),
            ids: MintedIds::new(random),
        }
    }
}

/// A draft, and who hears of it. Families whose wire numbers its blocks use the calls with an index; the others say which
/// lane a part is of (one of several answers at once, mostly 0), and blocks are numbered as they come.
pub(super) struct Telling<'a, S> {
    pub(super) draft: &'a mut Draft,
    pub(super) sink: &'a mut S,
    /// Whether a guardrail stepped in, by what stands beside the family's members of this chunk.
    pub(super) intervened: bool,
}

impl<S: FnMut(Event)> Telling<'_, S> {
    /// The message begins, unless it has.
    pub(super) fn start(&mut self, role: Role) -> Result<(), StreamError> {
        if self.draft.message.reply().role.is_some() {
            return Ok(());
        }
        self.draft.message.message_start(role, self.sink)
    }

    pub(super) fn part(&mut self, index: u32, part: Part) -> Result<(), StreamError> {
        self.start(Role::Assistant)?;
        self.draft.message.part(index, part, self.sink)
    }

    pub(super) fn block_start(
        &mut self,
        index: u32,
        start: Option<BlockStart>,
    ) -> Result<(), StreamError> {
        self.start(Role::Assistant)?;
        self.draft.message.block_start(index, start, self.sink)
    }

    pub(super) fn block_stop(&mut self, index: u32) -> Result<(), StreamError> {
        self.draft.message.block_stop(index, self.sink)
    }

    /// Text; where a lane has none yet, an empty one says nothing.
    pub(super) fn text(&mut self, lane: u32, text: String) -> Result<(), StreamError> {
        self.lane_part(lane, Kind::Text, text)
    }

    /// Reasoning; where a lane has none yet, an empty one says nothing.
    pub(super) fn reasoning(&mut self, lane: u32, text: String) -> Result<(), StreamError> {
        self.lane_part(lane, Kind::Reasoning, text)
    }

    fn lane_part(&mut self, lane: u32, kind: Kind, text: String) -> Result<(), StreamError> {
        let index = match self.draft.lanes.open(lane) {
            Some((open, index)) if open == kind => index,
            _ if text.is_empty() => return self.start(Role::Assistant),
            other => {
                if let Some((_, index)) = other {
                    self.block_stop(index)?;
                }
                self.draft.lanes.begin(lane, kind)
            }
        };
        self.part(
            index,
            match kind {
                Kind::Text => Part::Text(text),
                Kind::Reasoning => Part::Reasoning(text),
            },
        )
    }

    /// A tool call of a lane, with an id made for it where the wire gives none. The call that the wire counts as `number` is
    /// what later input with that number belongs to.
    pub(super) fn call_start(
        &mut self,
        lane: u32,
        number: u32,
        id: Option<String>,
        name: String,
    ) -> Result<u32, StreamError> {
        if let Some((_, index)) = self.draft.lanes.end(lane) {
            self.block_stop(index)?;
        }
        let id = id
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| self.draft.ids.next_id());
        let index = self.draft.lanes.begin_call(lane, number, &id);
        let start = BlockStart::ToolUse {
            id,
            name,
            kind: None,
        };
        self.block_start(index, Some(start))?;
        Ok(index)
    }

    /// The block and the id of the call that the wire counts as `number`.
    pub(super) fn call(&self, lane: u32, number: u32) -> Option<(u32, &str)> {
        self.draft.lanes.call(lane, number)
    }

    pub(super) fn tool_input(&mut self, index: u32, json: String) -> Result<(), StreamError> {
        self.part(index, Part::ToolInput(json))
    }

    /// A call that comes whole, of a family whose wire numbers its blocks.
    pub(super) fn numbered_call(
        &mut self,
        index: u32,
        id: Option<String>,
        name: String,
        kind: Option<ToolUseType>,
    ) -> Result<(), StreamError> {
        let id = id.unwrap_or_else(|| self.draft.ids.next_id());
        self.block_start(index, Some(BlockStart::ToolUse { id, name, kind }))
    }

    /// The family's mark of the end has come.
    pub(super) fn stop(&mut self, stop: MessageStop) -> Result<(), StreamError> {
        self.start(Role::Assistant)?;
        self.draft.message.message_stop(stop, self.sink)
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.draft.message.reply().stop.is_some()
    }

    /// Whether anything but an empty text has been told.
    pub(super) fn has_blocks(&self) -> bool {
        !self.draft.message.reply().blocks.is_empty()
    }

    /// Counts so far: what they have replaces what had been told, sums are not made.
    pub(super) fn usage(&mut self, usage: Usage) {
        if usage != Usage::default() {
            self.metadata(Metadata::with_usage(usage));
        }
    }

    pub(super) fn metadata(&mut self, metadata: Metadata) {
        self.draft.metadata.merge(metadata);
    }

    /// The counts that have been told so far.
    pub(super) fn counted(&self) -> Usage {
        let mut usage = self.draft.message.reply().usage().cloned();
        if let Some(pending) = self.draft.metadata.usage.clone() {
            usage.get_or_insert_default().merge(pending);
        }
        usage.unwrap_or_default()
    }

    /// What describes the reply and is no part of it: its id, its model. Kept in the metadata under its name.
    pub(super) fn describe(&mut self, name: &str, value: Option<Json>) {
        if let Some(value) = value {
            self.draft.metadata.other.set(name, value);
        }
    }

    /// Takes descriptions of these names, each where it is.
    pub(super) fn describe_all(&mut self, fields: &mut Fields<'_>, names: &[&str]) {
        for name in names {
            self.describe(name, fields.json(name));
        }
    }

    /// Hands on what was not taken of an event that was understood otherwise.
    pub(super) fn rest(&mut self, event_type: &str, rest: Fields<'_>) {
        if !rest.is_empty() {
            self.unknown(event_type, &rest.into_rest(), true);
        }
    }

    pub(super) fn unknown(&mut self, event_type: &str, payload: &Members, partial: bool) {
        let payload = Bytes::from(payload.to_json().as_str().to_owned());
        self.unknown_payload(event_type, payload, partial);
    }

    pub(super) fn unknown_payload(&mut self, event_type: &str, payload: Bytes, partial: bool) {
        let unknown = Unknown {
            event_type: event_type.into(),
            payload,
            partial,
        };
        self.draft.message.unknown(unknown, self.sink);
    }

    /// Says what was told beside the message. It waits for the message's end, so that counts come once.
    pub(super) fn flush(&mut self) {
        let metadata = core::mem::take(&mut self.draft.metadata);
        if metadata != Metadata::default() {
            self.draft.message.metadata(metadata, self.sink);
        }
    }
}

/// What a block is that a lane goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Reasoning,
}

/// The error for a chunk that is not as its family has it.
pub(super) fn malformed(fault: Malformed) -> StreamError {
    StreamError::Payload {
        event: "chunk",
        expected: fault.what,
        column: fault.column,
    }
}

/// JSON of a string.
pub(super) fn string(text: &str) -> Json {
    Value::from(text).into()
}
