//! The payloads of events about a block.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::assemble::Part;
use crate::event::metadata::{open, set};
use crate::event::{BlockStart, ImagePart};
use crate::json::Members;
use crate::payload::{self, Malformed, leftover, try_leftover};
use crate::request::media::{MediaError, S3Location};

/// The payload of an event about a block: its index, the union that it carries, and what is not known.
pub(crate) struct BlockPayload<'a> {
    pub(crate) index: Option<u32>,
    union_name: &'static str,
    pub(crate) union: Option<&'a RawValue>,
    rest: Members,
}

impl<'a> BlockPayload<'a> {
    pub(crate) fn read(json: &'a str, union_name: &'static str) -> Result<Self, Malformed> {
        let (mut index, mut union) = (None, None);
        let rest = try_leftover(json, |name, value| {
            match name {
                "p" => {}
                "contentBlockIndex" => index = Some(payload::index(value)?),
                _ if name == union_name => union = Some(value),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Self {
            index,
            union_name,
            union,
            rest,
        })
    }

    /// What is not known, of the event and of its union, with the index of the block.
    pub(crate) fn rest(self, index: u32, union: &Members) -> Members {
        let mut rest = self.rest;
        if !union.is_empty() {
            rest.set(self.union_name, union.to_json());
        }
        if !rest.is_empty() {
            rest.set("contentBlockIndex", Value::from(index).into());
        }
        rest
    }
}

/// What a delta holds: one part by the service's model, as many as come. Only a second one needs the list.
#[derive(Default)]
pub(crate) struct Parts {
    first: Option<Part>,
    more: Vec<Part>,
}

impl Parts {
    /// Reads a delta and gives back what is not known of it.
    pub(crate) fn read(&mut self, delta: &RawValue) -> Result<Members, Malformed> {
        let mut nested = Members::default();
        let mut rest = try_leftover(delta.get(), |name, value| {
            let unknown = match name {
                "text" => {
                    self.push(Part::Text(payload::text(value)?));
                    return Ok(true);
                }
                "citation" => {
                    let citation = serde_json::from_str(value.get())
                        .map_err(|_| Malformed::new("a citation"))?;
                    self.push(Part::Citation(Box::new(citation)));
                    return Ok(true);
                }
                "toolResult" => {
                    payload::elements(value, |element| {
                        let content = serde_json::from_str(element.get())
                            .map_err(|_| Malformed::new("a part of a tool's answer"))?;
                        self.push(Part::ToolResult(Box::new(content)));
                        Ok(())
                    })?;
                    return Ok(true);
                }
                "toolUse" => try_leftover(value.get(), |name, value| {
                    if name == "input" {
                        self.push(Part::ToolInput(payload::text(value)?));
                    }
                    Ok(name == "input")
                })?,
                "reasoningContent" => try_leftover(value.get(), |name, value| {
                    self.push(match name {
                        "text" => Part::Reasoning(payload::text(value)?),
                        "signature" => Part::Signature(payload::text(value)?),
                        "redactedContent" => Part::Redacted(payload::base64(value)?),
                        _ => return Ok(false),
                    });
                    Ok(true)
                })?,
                "image" => self.read_image(value)?,
                _ => return Ok(false),
            };
            if !unknown.is_empty() {
                nested.set(name, unknown.to_json());
            }
            Ok(true)
        })?;
        rest.merge(nested);
        Ok(rest)
    }

    fn read_image(&mut self, image: &RawValue) -> Result<Members, Malformed> {
        let mut source_rest = Members::default();
        let mut rest = try_leftover(image.get(), |name, value| {
            match name {
                "source" => {
                    source_rest = try_leftover(value.get(), |name, value| {
                        self.push(Part::Image(match name {
                            "bytes" => ImagePart::Bytes(payload::base64(value)?),
                            "s3Location" => ImagePart::S3(
                                serde_json::from_str::<S3Location>(value.get())
                                    .map_err(|_| Malformed::new("a place in S3"))?,
                            ),
                            _ => return Ok(false),
                        }));
                        Ok(true)
                    })?;
                }
                "error" => {
                    let error = serde_json::from_str::<MediaError>(value.get())
                        .map_err(|_| Malformed::new("an image error"))?;
                    self.push(Part::Image(ImagePart::Error(error)));
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if !source_rest.is_empty() {
            rest.set("source", source_rest.to_json());
        }
        Ok(rest)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn push(&mut self, part: Part) {
        if self.first.is_none() {
            self.first = Some(part);
        } else {
            self.more.push(part);
        }
    }
}

impl IntoIterator for Parts {
    type Item = Part;
    type IntoIter = core::iter::Chain<std::option::IntoIter<Part>, std::vec::IntoIter<Part>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more)
    }
}

/// Reads a start's union and gives back what is not known of it; an unknown kind is a kind too.
pub(crate) fn read_start(
    union: &RawValue,
    start: &mut Option<BlockStart>,
) -> Result<Members, Malformed> {
    let mut nested = Members::default();
    let mut rest = try_leftover(union.get(), |name, value| {
        let unknown = match name {
            "toolUse" => {
                let (mut id, mut tool, mut kind) = (None, None, None);
                let unknown = leftover(value.get(), |name, value| match name {
                    "toolUseId" => set(&mut id, payload::text(value).ok()),
                    "name" => set(&mut tool, payload::text(value).ok()),
                    "type" => set(&mut kind, open(value)),
                    _ => false,
                })?;
                *start = Some(BlockStart::ToolUse {
                    id: id.ok_or(Malformed::new("a tool call with `toolUseId`"))?,
                    name: tool.ok_or(Malformed::new("a tool call with `name`"))?,
                    kind,
                });
                unknown
            }
            "toolResult" => {
                let (mut id, mut kind, mut status) = (None, None, None);
                let unknown = leftover(value.get(), |name, value| match name {
                    "toolUseId" => set(&mut id, payload::text(value).ok()),
                    "type" => set(&mut kind, payload::text(value).ok()),
                    "status" => set(&mut status, open(value)),
                    _ => false,
                })?;
                *start = Some(BlockStart::ToolResult {
                    tool_use_id: id.ok_or(Malformed::new("a tool's answer with `toolUseId`"))?,
                    kind,
                    status,
                });
                unknown
            }
            "image" => {
                let mut format = None;
                let unknown = leftover(value.get(), |name, value| {
                    name == "format" && set(&mut format, open(value))
                })?;
                *start = Some(BlockStart::Image { format });
                unknown
            }
            _ => {
                if start.is_none() {
                    *start = Some(BlockStart::Unknown {
                        name: name.to_owned(),
                    });
                }
                return Ok(false);
            }
        };
        if !unknown.is_empty() {
            nested.set(name, unknown.to_json());
        }
        Ok(true)
    })?;
    rest.merge(nested);
    Ok(rest)
}
