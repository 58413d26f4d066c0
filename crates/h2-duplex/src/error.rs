//! The one error type: what happened, where, and whether the peer may have acted on the call.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::ErrorCode;

/// Why a connection or a call failed. Cheap to clone; both halves of a call report the same one.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    phase: Phase,
    processed: bool,
    /// How long the deadline that passed had been.
    limit: Option<Duration>,
    detail: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where it happened.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// `false` only if the peer provably did nothing with the call, so that opening it again is
    /// safe: it was never opened, was refused (`REFUSED_STREAM` before any response), lies above
    /// the last call of a `GOAWAY`, or its connection was lost before a byte of it had left.
    #[must_use]
    pub fn was_processed(&self) -> bool {
        self.0.processed
    }

    /// Makes an error, for implementors of [`Duplex`](crate::Duplex). It counts as processed
    /// unless its phase is before [`Phase::Send`].
    #[must_use]
    pub fn new(kind: ErrorKind, phase: Phase) -> Self {
        let processed = phase >= Phase::Send;
        Self(Arc::new(Inner {
            kind,
            phase,
            processed,
            limit: None,
            detail: None,
            source: None,
        }))
    }

    /// A deadline that passed, and how long it was: the line says how long was waited.
    #[must_use]
    pub fn deadline(deadline: Deadline, phase: Phase, limit: Duration) -> Self {
        Self(Arc::new(Inner {
            limit: Some(limit),
            ..Self::new(ErrorKind::Deadline(deadline), phase).into_inner()
        }))
    }

    /// How long the deadline that passed had been, where it was one and this is known.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.0.limit
    }

    /// Adds what only the place of the failure knows: the address, the peer's words.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            detail: Some(detail.into()),
            ..self.into_inner()
        }))
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::new(Inner {
            source: Some(Arc::from(source.into())),
            ..self.into_inner()
        }))
    }

    /// Sets [`was_processed`](Self::was_processed).
    #[must_use]
    pub fn with_processed(self, processed: bool) -> Self {
        Self(Arc::new(Inner {
            processed,
            ..self.into_inner()
        }))
    }

    fn into_inner(self) -> Inner {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner::clone(&shared))
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection: the name did not resolve, or no address answered.
    Connect,
    /// The proxy refused to make the connection, or spoke nonsense.
    Proxy,
    /// The proxy wants a user and a password, or others than it was given.
    ProxyCredentials,
    /// The TLS handshake failed, most often on the certificate.
    Tls,
    /// The peer did not agree to HTTP/2 in the TLS handshake; nothing was sent.
    Alpn,
    /// A named deadline passed.
    Deadline(Deadline),
    /// The request head cannot be sent over HTTP/2 (a connection-specific header, no authority, …).
    InvalidRequest,
    /// The connection carries as many calls as the peer allows.
    TooManyCalls {
        /// The peer's `SETTINGS_MAX_CONCURRENT_STREAMS`.
        limit: usize,
    },
    /// The peer reset the call (`RST_STREAM`), with whatever code: `NO_ERROR` is not an end either.
    Reset(ErrorCode),
    /// The peer said `GOAWAY` below this call, or before it could be opened.
    GoAway(ErrorCode),
    /// The connection was lost before `END_STREAM`: TCP or TLS was closed, or failed.
    ConnectionLost,
    /// The peer broke the rules of HTTP/2, or a limit of ours.
    Protocol(ErrorCode),
    /// For the sender: the peer has answered with a status other than 2xx, or has ended its
    /// response, while the request body was still open. The receiving half has the answer.
    AnsweredEarly(StatusCode),
    /// One of our own halves was dropped before its end.
    Cancelled,
    /// The connection's driver was dropped.
    DriverStopped,
    /// The peer acknowledged no PING: the link is dead.
    Unresponsive,
    /// The pool was shut down on our side.
    ShutDown,
    /// The sender had already finished.
    SendFinished,
}

/// Where it happened, in the order of a call's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Name resolution, TCP, proxy.
    Connect,
    /// TLS handshake and ALPN.
    Tls,
    /// Opening a call on a connection.
    Open,
    /// Sending the request body.
    Send,
    /// Receiving the response.
    Receive,
}

/// The six deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deadline {
    /// From the start until the TCP connection (through a proxy, if any) stands.
    Connect,
    /// The TLS handshake with ALPN.
    Tls,
    /// From opening the call until the response head.
    ResponseHead,
    /// From the response head until the first byte of the body.
    FirstByte,
    /// Between two arrivals of body bytes.
    BetweenBytes,
    /// The whole call.
    Call,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.kind, self.0.limit) {
            (ErrorKind::Deadline(deadline), Some(limit)) => {
                write!(f, "{}: {}", self.0.phase, Waited(deadline, limit))?;
            }
            (kind, _) => write!(f, "{}: {kind}", self.0.phase)?,
        }
        let told = matches!(self.0.kind, ErrorKind::GoAway(ErrorCode::NO_ERROR));
        if let (false, Some(detail)) = (told, &self.0.detail) {
            write!(f, " ({detail})")?;
        }
        match (&self.0.source, self.0.kind) {
            // The code is all that h2 knows of these two.
            (None, _) | (_, ErrorKind::Reset(_) | ErrorKind::GoAway(_)) => Ok(()),
            (Some(source), _) => write!(f, ": {}", without_link(&source.to_string())),
        }
    }
}

/// What did not come, and for how long it was waited for.
struct Waited(Deadline, Duration);

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(deadline, limit) = self;
        // As `{:?}` writes durations, with a space before the unit.
        let text = format!("{limit:?}");
        let number = text.trim_end_matches(|c: char| c.is_alphabetic());
        let limit = format_args!("{number} {}", text.trim_start_matches(number));
        match deadline {
            Deadline::Connect => write!(f, "no connection within {limit}"),
            Deadline::Tls => write!(f, "no TLS handshake within {limit}"),
            Deadline::ResponseHead => write!(f, "no response within {limit}"),
            Deadline::FirstByte => {
                write!(f, "nothing came behind the response head for {limit}")
            }
            Deadline::BetweenBytes => write!(f, "nothing more of the response came for {limit}"),
            Deadline::Call => write!(f, "the call was not done within {limit}"),
        }
    }
}

/// The words of an underlying error; rustls puts a link to its manual behind some.
fn without_link(text: &str) -> &str {
    text.split(": https://").next().unwrap_or_default()
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("phase", &self.0.phase)
            .field("processed", &self.0.processed)
            .field("limit", &self.0.limit)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("no connection"),
            Self::Proxy => f.write_str("the proxy made no connection"),
            Self::ProxyCredentials => f.write_str("the proxy wants other credentials"),
            Self::Tls => f.write_str("the TLS handshake failed"),
            Self::Alpn => f.write_str("the peer did not agree to HTTP/2"),
            Self::Deadline(deadline) => write!(f, "the deadline for {deadline} passed"),
            Self::InvalidRequest => f.write_str("this request cannot be sent over HTTP/2"),
            Self::TooManyCalls { limit } => {
                write!(
                    f,
                    "the peer allows {limit} calls at a time on this connection"
                )
            }
            Self::Reset(code) => write!(f, "the peer reset the call with {code}"),
            Self::GoAway(code) => {
                write!(
                    f,
                    "the peer closes the connection (GOAWAY, {code}) and did not take this call"
                )
            }
            Self::ConnectionLost => {
                f.write_str("the connection was lost before the response had ended")
            }
            Self::Protocol(code) => write!(f, "the protocol broke down with {code}"),
            Self::AnsweredEarly(status) => {
                write!(
                    f,
                    "the peer answered {status} before the request body was complete"
                )
            }
            Self::Cancelled => f.write_str("the call was dropped on our side"),
            Self::DriverStopped => f.write_str("the connection's driver was stopped"),
            Self::Unresponsive => f.write_str("the peer no longer answers PING"),
            Self::ShutDown => f.write_str("the pool was shut down"),
            Self::SendFinished => f.write_str("the request body had already been finished"),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Open => "open",
            Self::Send => "send",
            Self::Receive => "receive",
        })
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::Tls => "the TLS handshake",
            Self::ResponseHead => "the response head",
            Self::FirstByte => "the first byte of the response",
            Self::BetweenBytes => "more bytes of the response",
            Self::Call => "the whole call",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_where_what_and_why() {
        let error = Error::new(ErrorKind::Connect, Phase::Connect)
            .with_detail("example.org:443")
            .with_source(std::io::Error::other("refused"));
        assert_eq!(
            error.to_string(),
            "connect: no connection (example.org:443): refused"
        );
        assert!(!error.was_processed());
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("refused")
        );
    }

    #[test]
    fn a_deadline_says_how_long_was_waited() {
        let told = |deadline, millis| {
            Error::deadline(deadline, Phase::Receive, Duration::from_millis(millis)).to_string()
        };
        assert_eq!(
            told(Deadline::BetweenBytes, 30_000),
            "receive: nothing more of the response came for 30 s"
        );
        assert_eq!(
            told(Deadline::ResponseHead, 1_500),
            "receive: no response within 1.5 s"
        );
        assert_eq!(
            told(Deadline::Call, 250),
            "receive: the call was not done within 250 ms"
        );
        let unknown = Error::new(ErrorKind::Deadline(Deadline::Call), Phase::Receive);
        assert!(unknown.to_string().ends_with("the whole call passed"));
    }

    #[test]
    fn links_into_manuals_are_left_out() {
        let error = Error::new(ErrorKind::ConnectionLost, Phase::Receive).with_source(
            std::io::Error::other("no close_notify: https://docs.example/eof"),
        );
        assert!(error.to_string().ends_with(": no close_notify"), "{error}");
    }

    #[test]
    fn a_builder_on_a_shared_error_keeps_its_cause() {
        let first = Error::new(ErrorKind::ConnectionLost, Phase::Receive)
            .with_source(std::io::Error::other("eof"));
        let second = first.clone().with_processed(false);
        assert!(first.was_processed());
        assert!(!second.was_processed());
        assert_eq!(second.to_string(), first.to_string());
        assert!(second.source().is_some());
    }
}
