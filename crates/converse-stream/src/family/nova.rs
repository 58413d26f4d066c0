//! Amazon Nova (messages-v1): ConverseStream's events, each under its name in a chunk of its own.

use serde_json::value::RawValue;

use super::adapter::Adapter;
use super::body::{BodyError, object, string};
use super::fields::Fields;
use super::telling::{Telling, malformed};
use crate::assemble::Part;
use crate::error::StreamError;
use crate::event::Event;
use crate::event::metadata::Metadata;
use crate::event::stop::{MessageStop, StopReason};
use crate::json::{Json, Members};
use crate::mapper::block::{BlockPayload, Parts, read_start};
use crate::request::ConverseRequest;

const EVENTS: [&str; 6] = [
    "contentBlockDelta",
    "contentBlockStart",
    "contentBlockStop",
    "messageStart",
    "messageStop",
    "metadata",
];

pub(super) fn fits(chunk: &Fields<'_>) -> bool {
    chunk.find(&EVENTS).is_some()
}

/// Nova ends its block after every token and begins the next under the next index; text goes on here in one block.
#[derive(Clone, Debug, Default)]
pub(super) struct Nova {
    /// The block that was spoken of last, by its index on the wire.
    last: u32,
    run: Option<Run>,
}

/// Text or reasoning that goes on over the wire's blocks.
#[derive(Clone, Copy, Debug)]
struct Run {
    reasoning: bool,
    /// Its block.
    index: u32,
    /// Its last block on the wire.
    wire: u32,
    /// Whether a signature has come: what follows is signed for itself.
    signed: bool,
}

impl Adapter for Nova {
    fn read<S: FnMut(Event)>(
        &mut self,
        mut chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let event = chunk.find(&EVENTS);
        if let Some((event, payload)) = event.and_then(|event| Some((event, chunk.take(event)?))) {
            let rest = self.read_event(event, payload, to)?;
            if !rest.is_empty() {
                to.unknown(event, &rest, true);
            }
        }
        to.rest("chunk", chunk);
        Ok(())
    }
}

impl Nova {
    /// Reads an event and gives back what is not known of it.
    fn read_event<S: FnMut(Event)>(
        &mut self,
        event: &str,
        payload: &RawValue,
        to: &mut Telling<'_, S>,
    ) -> Result<Members, StreamError> {
        let json = payload.get();
        match event {
            "contentBlockDelta" => {
                let block = BlockPayload::read(json, "delta").map_err(malformed)?;
                let index = self.index(block.index);
                let mut parts = Parts::default();
                let rest = match block.union {
                    Some(delta) => parts.read(delta).map_err(malformed)?,
                    None => Members::default(),
                };
                for part in parts {
                    self.part(index, part, to)?;
                }
                Ok(block.rest(index, &rest))
            }
            "contentBlockStart" => {
                let block = BlockPayload::read(json, "start").map_err(malformed)?;
                let index = self.index(block.index);
                let mut start = None;
                let rest = match block.union {
                    Some(union) => read_start(union, &mut start).map_err(malformed)?,
                    None => Members::default(),
                };
                // A start that names no kind is followed by text, which begins or goes on by itself.
                if start.is_some() {
                    self.end_run(to)?;
                    to.block_start(index, start)?;
                }
                Ok(block.rest(index, &rest))
            }
            "contentBlockStop" => {
                let block = BlockPayload::read(json, "").map_err(malformed)?;
                let index = self.index(block.index);
                match self.run {
                    Some(run) if run.wire == index && !run.signed => {}
                    Some(run) if run.wire == index => self.end_run(to)?,
                    _ => to.block_stop(index)?,
                }
                Ok(block.rest(index, &Members::default()))
            }
            "messageStart" => {
                let mut start = Fields::read(json).map_err(malformed)?;
                let role = start.word("role").as_deref().map(Into::into);
                to.start(role.unwrap_or(crate::Role::Assistant))?;
                Ok(start.into_rest())
            }
            "messageStop" => {
                let mut end = Fields::read(json).map_err(malformed)?;
                let reason = end.word("stopReason").unwrap_or_default();
                let mut stop = MessageStop::new(StopReason::from(reason.as_str()));
                stop.additional_fields = end.json("additionalModelResponseFields");
                self.end_run(to)?;
                to.stop(stop)?;
                Ok(end.into_rest())
            }
            _ => {
                to.metadata(Metadata::read(json).map_err(malformed)?);
                Ok(Members::default())
            }
        }
    }

    fn part<S: FnMut(Event)>(
        &mut self,
        wire: u32,
        part: Part,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError> {
        let reasoning = match part {
            Part::Text(_) | Part::Citation(_) => false,
            Part::Reasoning(_) | Part::Signature(_) | Part::Redacted(_) => true,
            _ => {
                self.end_run(to)?;
                return to.part(wire, part);
            }
        };
        let signed = matches!(part, Part::Signature(_) | Part::Redacted(_));
        let index = match self.run {
            Some(run) if run.reasoning == reasoning => run.index,
            _ => {
                self.end_run(to)?;
                wire
            }
        };
        self.run = Some(Run {
            reasoning,
            index,
            wire,
            signed,
        });
        to.part(index, part)
    }

    fn end_run<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<(), StreamError> {
        match self.run.take() {
            Some(run) => to.block_stop(run.index),
            None => Ok(()),
        }
    }

    /// The block that an event is about. One without an index goes on with the block before it.
    fn index(&mut self, index: Option<u32>) -> u32 {
        self.last = index.unwrap_or(self.last);
        self.last
    }
}

/// Nova takes Converse's own members, under a version.
pub(super) fn body(_model: &str, request: &ConverseRequest) -> Result<Members, BodyError> {
    if request.messages.is_empty() {
        return Err(BodyError::NoMessage);
    }
    let json = |json: Result<Json, serde_json::Error>| {
        json.map_err(|_| BodyError::Unsupported("what is no JSON"))
    };
    let mut body = object([("schemaVersion", string("messages-v1"))]);
    if !request.system.is_empty() {
        body.set("system", json(Json::from_serialize(&request.system))?);
    }
    body.set("messages", json(Json::from_serialize(&request.messages))?);
    if let Some(config) = &request.inference_config {
        body.set("inferenceConfig", json(Json::from_serialize(config))?);
    }
    if let Some(tools) = &request.tool_config {
        body.set("toolConfig", json(Json::from_serialize(tools))?);
    }
    Ok(body)
}
