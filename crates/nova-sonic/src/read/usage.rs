//! Tokens, by direction and by modality.

use std::ops::{Add, AddAssign, Sub};

use serde::Serialize;

use crate::read::event::{EventIds, Extra};

/// `usageEvent`. Many come in a session, between anything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UsageEvent {
    /// Session, prompt, completion.
    pub ids: EventIds,
    /// Since the event before; `None` where the service left it out.
    pub delta: Option<TokenUsage>,
    /// Of the session (this connection) so far; `None` where the service left it out.
    pub total: Option<TokenUsage>,
    /// `totalInputTokens` of the session so far.
    pub total_input_tokens: Option<u64>,
    /// `totalOutputTokens` of the session so far.
    pub total_output_tokens: Option<u64>,
    /// `totalTokens` of the session so far.
    pub total_tokens: Option<u64>,
    /// Further members.
    pub extra: Extra,
}

/// Tokens in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct TokenUsage {
    /// What the model was given.
    pub input: TokenCount,
    /// What the model made.
    pub output: TokenCount,
}

impl TokenUsage {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input.total().saturating_add(self.output.total())
    }
}

/// Tokens of one direction, by modality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct TokenCount {
    /// Tokens of speech.
    pub speech: u64,
    /// Tokens of text.
    pub text: u64,
}

impl TokenCount {
    /// Both.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.speech.saturating_add(self.text)
    }
}

impl Add for TokenUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            output: self.output + other.output,
        }
    }
}

impl AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for TokenUsage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            input: self.input - other.input,
            output: self.output - other.output,
        }
    }
}

/// Saturating: the numbers are the peer's.
impl Add for TokenCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            speech: self.speech.saturating_add(other.speech),
            text: self.text.saturating_add(other.text),
        }
    }
}

/// Saturating: the numbers are the peer's.
impl Sub for TokenCount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            speech: self.speech.saturating_sub(other.speech),
            text: self.text.saturating_sub(other.text),
        }
    }
}
