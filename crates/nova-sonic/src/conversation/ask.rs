//! What the model owes an answer to: kept until the answer is heard, so that no leg takes it along.

use std::time::Instant;

use crate::session::TurnId;

/// Something that went to a leg and has had no answer.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) what: Asked,
    pub(super) since: Instant,
    /// An answer to it has begun, but nothing of it has been heard.
    pub(super) begun: bool,
}

/// What was asked, with all that is needed to ask it again.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// The user spoke, or speaks.
    Speech(Speech),
    /// The user typed.
    Typed { turn: TurnId, text: String },
    /// The application told the model to speak.
    Instruction { text: String },
    /// A tool's result, in the form for a leg that did not call the tool.
    Result { text: String },
}

/// A turn that the user speaks.
#[derive(Clone, Debug)]
pub(super) struct Speech {
    pub(super) turn: TurnId,
    /// Where it begins on the tape; `None` where the service did not say that it does.
    pub(super) from: Option<u64>,
    /// Where it ends on the tape, and when that was told.
    pub(super) ended: Option<(u64, Instant)>,
    /// What the service heard.
    pub(super) text: String,
}

impl Ask {
    pub(super) const fn new(what: Asked, since: Instant) -> Self {
        Self {
            what,
            since,
            begun: false,
        }
    }

    pub(super) const fn speech(&self) -> Option<&Speech> {
        match &self.what {
            Asked::Speech(speech) => Some(speech),
            _ => None,
        }
    }

    /// Whether the user has said all of it, as far as is known.
    pub(super) fn is_whole(&self) -> bool {
        self.speech()
            .is_none_or(|speech| speech.ended.is_some() || !speech.text.is_empty())
    }

    /// Speech that ended and came to nothing: noise.
    pub(super) fn is_noise(&self) -> Option<Instant> {
        let speech = self.speech().filter(|speech| speech.text.is_empty())?;
        speech.ended.map(|(_, told)| told)
    }
}
