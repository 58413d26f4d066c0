//! What the application is told of a conversation.

use serde::{Serialize, Serializer};

use crate::conversation::fault::LegFault;
use crate::session::{Leg, SessionEvent, TurnId};

/// A conversation as it happens, over however many legs.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum ConversationEvent {
    /// The first leg was accepted and takes audio.
    Ready,
    /// A new leg is being prepared beside the one that is in use.
    Renewing {
        /// Why.
        reason: RenewalReason,
    },
    /// A new leg has taken over.
    Renewed {
        /// The leg.
        leg: Leg,
        /// Milliseconds in which no leg could take the user's audio; it was kept for the new one meanwhile.
        gap_ms: u64,
        /// Milliseconds of the user's audio that were sent to the leg before as well.
        replayed_ms: u64,
        /// Bytes of the history that were left out for its limits.
        history_dropped: usize,
    },
    /// The next leg could not be prepared; the one in use goes on.
    RenewalFailed {
        /// Why.
        #[serde(serialize_with = "text")]
        fault: LegFault,
        /// Whether it is tried again before the leg in use ends.
        will_retry: bool,
    },
    /// The leg in use was lost, and the next is on its way.
    Recovering {
        /// Why it was lost.
        #[serde(serialize_with = "text")]
        fault: LegFault,
        /// The how-manieth leg in a row without a whole answer this was.
        attempt: u32,
        /// Milliseconds until the next is opened.
        wait_ms: u64,
    },
    /// The user's open turn is heard again by the new leg: its text so far does not count.
    TurnReplayed {
        /// The turn; it keeps its number.
        turn: TurnId,
    },
    /// An answer broke off with its leg; what of it was not spoken will not come.
    TurnCut {
        /// The answer.
        turn: TurnId,
    },
    /// Audio of the user was dropped, oldest first, because the transport or the service was too slow.
    AudioDropped {
        /// Milliseconds.
        ms: u64,
        /// Milliseconds in the whole conversation.
        total_ms: u64,
    },
    /// A tool had no result in time; the model was told so.
    ToolTimedOut {
        /// The call.
        tool_use_id: String,
    },
    /// Nothing came back for what went in.
    Unhealthy {
        /// What is wrong.
        symptom: Symptom,
    },
    /// Speech, text, tool calls, usage. `Started` comes once, whatever the number of legs.
    #[serde(untagged)]
    Session(SessionEvent),
}

impl From<SessionEvent> for ConversationEvent {
    fn from(event: SessionEvent) -> Self {
        Self::Session(event)
    }
}

/// Why a leg is replaced by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RenewalReason {
    /// The connection's time is nearly up (8 minutes).
    Limit,
    /// The credentials expire.
    Credentials,
    /// The user was silent for so long that the service would end the session.
    Silence,
    /// The peer closes the connection soon (HTTP/2 `GOAWAY`).
    GoingAway,
    /// The service does not react.
    Unhealthy,
    /// The application asked for it.
    Requested,
    /// The leg was lost.
    Lost,
}

/// What is wrong with a leg that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Symptom {
    /// Loud audio goes in, nothing comes out.
    Deaf,
    /// A turn of the user, or a tool result, gets no answer.
    Mute,
    /// The transport takes nothing more.
    Stalled,
}

fn text<S: Serializer>(fault: &LegFault, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(fault)
}
