//! What a driver is asked to do, and how a conversation ended.

use crate::read::{Received, TokenUsage};
use crate::session::Leg;

/// What the driver does next with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a call for this leg, on a connection of its own, with fresh credentials; then send what
    /// [`Conversation::poll_transmit`](super::Conversation::poll_transmit) gives for it and report what comes back.
    Open(Leg),
    /// Reset the call of this leg, or give its opening up. Nothing more is expected of it.
    Abandon(Leg),
}

/// What [`Conversation::poll_transmit`](super::Conversation::poll_transmit) has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// One unsealed frame stands in the buffer, behind the headroom: seal it in place and send it.
    Frame,
    /// Nothing was written: send the sealed end of the stream and end the request's body.
    End,
}

/// What a conversation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Legs that took audio.
    pub legs: u32,
    /// Tokens of all legs.
    pub usage: TokenUsage,
    /// Milliseconds of the user's audio that were dropped.
    pub dropped_ms: u64,
    /// What the last leg received.
    pub last_leg: Received,
}
