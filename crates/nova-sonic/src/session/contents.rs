//! The content blocks that are open: `contentEnd` names only the id, so what it ends is remembered here.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::read::{ContentKind, Role, Stage};
use crate::session::event::TurnId;

/// An open content block.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) id: Arc<str>,
    pub(super) kind: ContentKind,
    pub(super) role: Role,
    pub(super) stage: Option<Stage>,
    /// The turn it belongs to; a final text finds its turn at its end.
    pub(super) turn: Option<TurnId>,
    pub(super) block: usize,
    /// Final text, gathered until the block ends.
    pub(super) text: String,
    /// The sign of interruption stood in it and has been acted on.
    pub(super) interruption: bool,
}

/// Open blocks of one leg: few as a rule, and never more than a fixed number, whatever the peer sends.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    open: VecDeque<Content>,
}

impl Contents {
    const MOST: usize = 64;

    pub(super) fn get(&self, id: &str) -> Option<&Content> {
        self.open.iter().rev().find(|content| &*content.id == id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Content> {
        self.open
            .iter_mut()
            .rev()
            .find(|content| &*content.id == id)
    }

    /// Opens a block; gives the oldest back where there would be too many.
    pub(super) fn open(&mut self, content: Content) -> Option<Content> {
        self.open.push_back(content);
        if self.open.len() > Self::MOST {
            self.open.pop_front()
        } else {
            None
        }
    }

    pub(super) fn close(&mut self, id: &str) -> Option<Content> {
        let at = self.open.iter().rposition(|content| &*content.id == id)?;
        self.open.remove(at)
    }

    /// Takes out all that is open, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Content> + use<> {
        std::mem::take(&mut self.open).into_iter()
    }
}
