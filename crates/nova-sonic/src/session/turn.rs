//! One turn: what it was made of, and how it ended.

use crate::session::event::{Leg, Speaker};

/// A turn of the user or an answer of the model.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) leg: Leg,
    pub(super) origin: Origin,
    /// What the user said or typed.
    pub(super) text: String,
    /// Sentences or so of an answer, each with its planned text, its speech and its final text.
    pub(super) blocks: Vec<Block>,
    /// All speech has arrived, or the answer was interrupted.
    pub(super) ended: bool,
    pub(super) interrupted: bool,
    /// No further final text is expected.
    pub(super) settled: bool,
    /// Samples that the user has heard; `None` where nobody reports it.
    pub(super) played: Option<u64>,
}

/// Whose turn it is, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The user spoke.
    Spoken,
    /// The user typed.
    Typed,
    /// The application told the model to speak (a greeting, a late tool result); no turn of the conversation.
    Instruction,
    /// The application told the model something that it need not answer.
    Note,
    /// The model answered.
    Answer {
        /// There are words of the user between this answer and one that was interrupted before it.
        caused: bool,
    },
}

/// A sentence or so of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) planned: String,
    pub(super) spoken: Option<String>,
    pub(super) has_audio: bool,
    pub(super) samples: u64,
}

impl Block {
    /// Whether new speech may be this block's.
    pub(super) fn awaits_audio(&self) -> bool {
        !self.has_audio || (self.samples == 0 && self.planned.is_empty())
    }

    /// Whether a final text is still expected.
    pub(super) fn is_open(&self) -> bool {
        self.spoken.is_none() && !self.planned.is_empty()
    }
}

impl Turn {
    pub(super) const fn new(leg: Leg, origin: Origin) -> Self {
        Self {
            leg,
            origin,
            text: String::new(),
            blocks: Vec::new(),
            ended: false,
            interrupted: false,
            settled: false,
            played: None,
        }
    }

    pub(super) const fn is_answer(&self) -> bool {
        matches!(self.origin, Origin::Answer { .. })
    }

    pub(super) const fn speaker(&self) -> Speaker {
        if self.is_answer() {
            Speaker::Assistant
        } else {
            Speaker::User
        }
    }

    /// Whether there is something in it that the model answers.
    pub(super) fn is_asking(&self) -> bool {
        self.origin == Origin::Instruction || (!self.text.is_empty() && self.origin != Origin::Note)
    }

    /// Samples of speech that arrived.
    pub(super) fn samples(&self) -> u64 {
        self.blocks.iter().map(|block| block.samples).sum()
    }

    /// Whether the user hears this answer now, or is about to.
    pub(super) fn is_sounding(&self) -> bool {
        let unplayed = self.played.is_some_and(|played| played < self.samples());
        !self.interrupted && !self.blocks.is_empty() && (!self.ended || unplayed)
    }

    /// Adds text to the user's turn.
    pub(super) fn add_text(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text.trim());
    }
}
