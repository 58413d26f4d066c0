//! What the operator is told: numbers and reasons, nothing that anybody said.

use bedrock_stream::{Error, VoiceMetrics};
use serde::Serialize;

/// Something that happened to a session or a client. It holds no text, no audio and no token of anybody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A session has begun.
    Started {
        /// Its number, from 1.
        session: u64,
    },
    /// Its client is gone; it waits for it.
    Detached {
        /// Its number.
        session: u64,
        /// Why.
        why: Departure,
    },
    /// Its client has come back.
    Resumed {
        /// Its number.
        session: u64,
    },
    /// A session is over.
    Ended {
        /// Its number.
        session: u64,
        /// Why.
        reason: EndReason,
        /// What the service or the transport said, where it failed.
        error: Option<Error>,
        /// Its figures.
        metrics: Box<VoiceMetrics>,
    },
    /// A client was turned away.
    Refused {
        /// Why.
        why: Refusal,
        /// What the service or the network said, where a session did not start.
        error: Option<Error>,
    },
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EndReason {
    /// The client said so.
    Closed,
    /// The client did not come back.
    Grace,
    /// It has lasted as long as it may.
    SessionTime,
    /// The server ends.
    Shutdown,
    /// The conversation with the model failed.
    Failed,
}

/// How a client was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Departure {
    /// The connection closed or broke.
    Gone,
    /// Nothing was heard of it, not even the answer to a ping.
    Silent,
    /// It was cut off: it did not read what was sent to it.
    TooSlow,
    /// It was cut off: what it sent is no WebSocket, or too large.
    Misuse,
    /// Another connection has taken the session over.
    Replaced,
}

/// Why a client was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Refusal {
    /// The page that opened the connection is not one of ours.
    Origin,
    /// The request names a host that we are not.
    Host,
    /// The token is missing or wrong.
    Token,
    /// The first message is not what it must be, or did not come in time.
    Hello,
    /// The protocol's version is not one that we know.
    Version,
    /// There is no such session any more.
    UnknownSession,
    /// There are as many sessions as there may be.
    TooManySessions,
    /// The application said no.
    Application,
    /// The session with the model did not start.
    Service,
}

impl Refusal {
    /// Its name, and what a client is told.
    pub(crate) const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Origin => ("origin", "this page may not talk to this server"),
            Self::Host => ("host", "this server does not go by that name"),
            Self::Token => ("token", "the token is missing or wrong"),
            Self::Hello => (
                "hello",
                r#"the first message must be {"type":"hello","version":1} in time; inputRate: 8000, 16000 or 24000"#,
            ),
            Self::Version => ("version", "this server speaks version 1"),
            Self::UnknownSession => ("unknownSession", "the session is over"),
            Self::TooManySessions => ("tooManySessions", "all lines are busy"),
            Self::Application => ("application", "this call is not allowed"),
            Self::Service => ("service", "the session with the model did not start"),
        }
    }

    /// The WebSocket close code: 1013 where trying again may help.
    pub(crate) const fn close_code(self) -> u16 {
        match self {
            Self::TooManySessions | Self::Service => 1013,
            Self::UnknownSession => 4404,
            _ => 1008,
        }
    }
}
