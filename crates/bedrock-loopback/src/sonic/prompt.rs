//! What a prompt holds while it is open: its content blocks, its audio container, its tool calls.

use std::collections::{HashMap, HashSet};

use super::event::{ContentKind, Place, Role, invalid};
use crate::service_error::ServiceError;

/// One prompt.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    pub(super) name: String,
    pub(super) open: HashMap<String, Block>,
    pub(super) used_names: HashSet<String>,
    pub(super) name_bytes: usize,
    pub(super) system: bool,
    pub(super) audio: AudioContainer,
    pub(super) audio_bytes: u64,
    pub(super) first_history: bool,
    pub(super) history_bytes: usize,
    pub(super) tool_uses: HashMap<String, ToolUse>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum AudioContainer {
    #[default]
    None,
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolUse {
    Asked,
    Answered,
}

/// An open content block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: ContentKind,
    pub(super) role: Role,
    pub(super) interactive: bool,
    pub(super) tool_use_id: String,
    pub(super) text: String,
    pub(super) pieces: u64,
}

impl Block {
    pub(super) fn new(kind: ContentKind, role: Role, interactive: bool) -> Self {
        Self {
            kind,
            role,
            interactive,
            tool_use_id: String::new(),
            text: String::new(),
            pieces: 0,
        }
    }

    pub(super) fn counts_as_history(&self) -> bool {
        !self.interactive && matches!(self.role, Role::User | Role::Assistant)
    }

    pub(super) fn add(&mut self, text: &str, limit: usize) -> Result<(), ServiceError> {
        if self.text.len() + text.len() > limit {
            return Err(invalid());
        }
        self.text.push_str(text);
        self.pieces += 1;
        Ok(())
    }
}

/// The open block at `place`, of `kind`.
pub(super) fn find<'b>(
    open: &'b mut HashMap<String, Block>,
    prompt_name: &str,
    place: &Place,
    kind: ContentKind,
) -> Result<&'b mut Block, ServiceError> {
    if place.prompt_name != prompt_name {
        return Err(invalid());
    }
    let block = open.get_mut(&place.content_name);
    block.filter(|block| block.kind == kind).ok_or_else(invalid)
}
