//! One error type for the client: whose fault, in which phase, what to do.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bedrock_wire::{Advice, AdviceRule, AdviceTable, Missing, ServiceError};
use eventstream_codec::{DecodeError, DecodeErrorKind, EncodeError};

use crate::hint::hint;

/// Why something failed. Cheap to clone; both halves of a stream report the same one.
///
/// `Display` is one line with all that is known: what happened, the service's code and message, the request id, advice.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    request_id: Option<String>,
    /// Milliseconds by which the service's clock is ahead of ours, where that was the cause and has been learned since.
    clock_offset: Option<i64>,
    /// How often the request was sent; `None` for a session, which is opened once.
    attempts: Option<u32>,
}

/// What failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting that cannot be: a region, an endpoint URL, a certificate file. The text says which.
    Config(String),
    /// There are no credentials, or they could not be loaded, or they end too early. The text says what to do.
    Credentials(String),
    /// The connection or the call broke.
    Transport(h2_duplex::Error),
    /// The service refused, or ended the stream with an exception.
    Service(ServiceError),
    /// The service's bytes are not frames.
    Decode(DecodeError),
    /// A frame of the service cannot be understood.
    Protocol(String),
    /// An operation that the protocol does not allow here. Nothing was sent.
    Refused(String),
    /// A frame could not be written or sealed.
    Encode(String),
    /// The stream ended in order, but not where it should.
    Incomplete(Missing),
    /// The service has ended the stream; nothing can be sent any more.
    Ended,
    /// A conversation's last connection was lost and could not be replaced. The text says why, the advice what may be done.
    Lost(String, Advice),
}

/// Where in the life of a stream something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Before the network: settings and credentials.
    Setup,
    /// TCP, or the proxy on the way.
    Connect,
    /// TLS and ALPN.
    Tls,
    /// The request head and the answer to it.
    Open,
    /// Sending events.
    Send,
    /// Receiving bytes.
    Receive,
    /// Turning bytes into frames.
    Decode,
    /// What the frames say.
    Protocol,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            request_id: None,
            clock_offset: None,
            attempts: None,
        }))
    }

    pub(crate) fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config(text.into()))
    }

    pub(crate) fn credentials(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Credentials(text.into()))
    }

    pub(crate) fn transport(error: h2_duplex::Error) -> Self {
        Self::new(ErrorKind::Transport(error))
    }

    pub(crate) fn decode(error: DecodeError) -> Self {
        Self::new(ErrorKind::Decode(error))
    }

    pub(crate) fn seal(error: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Encode(error.to_string()))
    }

    pub(crate) fn incomplete(missing: Missing) -> Self {
        Self::new(ErrorKind::Incomplete(missing))
    }

    pub(crate) fn ended() -> Self {
        Self::new(ErrorKind::Ended)
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it failed.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match &self.0.kind {
            ErrorKind::Config(_) | ErrorKind::Credentials(_) => Phase::Setup,
            ErrorKind::Transport(error) => match error.phase() {
                h2_duplex::Phase::Connect => Phase::Connect,
                h2_duplex::Phase::Tls => Phase::Tls,
                h2_duplex::Phase::Open => Phase::Open,
                h2_duplex::Phase::Send => Phase::Send,
                _ => Phase::Receive,
            },
            ErrorKind::Service(error) if error.status().is_some() => Phase::Open,
            ErrorKind::Decode(_) => Phase::Decode,
            ErrorKind::Encode(_) | ErrorKind::Refused(_) => Phase::Send,
            _ => Phase::Protocol,
        }
    }

    /// What the service said, where it said something.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceError> {
        match &self.0.kind {
            ErrorKind::Service(error) => Some(error),
            _ => None,
        }
    }

    /// The service's id for the call, to be given to AWS's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0
            .request_id
            .as_deref()
            .or_else(|| self.service().and_then(ServiceError::request_id))
    }

    /// The HTTP status, where the call was answered with an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.service().and_then(ServiceError::status)
    }

    /// How often the request was sent before this error was given up to; `None` for a session, which is opened once.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// What to do about it. A request whose answer was cut may be sent again: what came of the first answer does not
    /// go on in the second.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self.advice_for_session() {
            Advice::NewSession if self.0.attempts.is_some() => Advice::Now,
            advice => advice,
        }
    }

    fn advice_for_session(&self) -> Advice {
        match &self.0.kind {
            ErrorKind::Service(error) => error.advice(),
            ErrorKind::Transport(error) if !error.was_processed() => match error.kind() {
                h2_duplex::ErrorKind::Alpn
                | h2_duplex::ErrorKind::Tls
                | h2_duplex::ErrorKind::ProxyCredentials
                | h2_duplex::ErrorKind::InvalidRequest => Advice::Never,
                h2_duplex::ErrorKind::Reset(_) | h2_duplex::ErrorKind::GoAway(_) => Advice::Now,
                _ => Advice::After(Duration::from_secs(1)),
            },
            ErrorKind::Lost(_, advice) => *advice,
            ErrorKind::Transport(_)
            | ErrorKind::Decode(_)
            | ErrorKind::Incomplete(_)
            | ErrorKind::Ended => Advice::NewSession,
            _ => Advice::Never,
        }
    }

    pub(crate) fn with_request_id(self, id: Option<&str>) -> Self {
        let Some(id) = id else { return self };
        let kind = match self.0.kind.clone() {
            ErrorKind::Service(error) => ErrorKind::Service(error.with_request_id(id)),
            kind => kind,
        };
        let clock_offset = self.0.clock_offset;
        Self(Arc::new(Inner {
            kind,
            request_id: Some(id.to_owned()),
            clock_offset,
            attempts: self.0.attempts,
        }))
    }

    /// Names a wrong clock as the cause, which the next request will not have.
    pub(crate) fn with_clock_offset(self, millis: i64) -> Self {
        const NOW: AdviceTable = AdviceTable::from_static(&[AdviceRule::text("", Advice::Now)]);
        let kind = match self.0.kind.clone() {
            ErrorKind::Service(error) => ErrorKind::Service(error.advised_by(&NOW)),
            kind => kind,
        };
        Self(Arc::new(Inner {
            kind,
            clock_offset: Some(millis),
            ..(*self.0).clone()
        }))
    }

    /// Whether a wrong clock was the cause.
    pub(crate) fn is_of_the_clock(&self) -> bool {
        self.0.clock_offset.is_some()
    }

    fn write_hint(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match hint(self.kind()) {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }

    pub(crate) fn after_attempts(self, attempts: u32) -> Self {
        Self(Arc::new(Inner {
            attempts: Some(attempts),
            ..(*self.0).clone()
        }))
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        Self::new(ErrorKind::Service(error))
    }
}

/// For connections of the caller's ([`SonicBuilder::connect_with`](crate::SonicBuilder::connect_with)).
impl From<h2_duplex::Error> for Error {
    fn from(error: h2_duplex::Error) -> Self {
        Self::transport(error)
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::new(ErrorKind::Encode(error.to_string()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            // Its line carries status, request id and advice already.
            ErrorKind::Service(error) => {
                write!(f, "{error}")?;
                if let Some(attempts @ 2..) = self.0.attempts {
                    write!(f, " after {attempts} attempts")?;
                }
                if let Some(millis) = self.0.clock_offset {
                    return write!(f, "; {}", WrongClock(millis));
                }
                return self.write_hint(f);
            }
            ErrorKind::Config(text) | ErrorKind::Credentials(text) => return f.write_str(text),
            ErrorKind::Transport(error) => write!(f, "{error}")?,
            ErrorKind::Decode(error) => {
                write!(f, "the service's answer {}: {error}", fault_of(error))?;
            }
            ErrorKind::Protocol(text) => {
                write!(f, "the service's answer cannot be understood: {text}")?;
            }
            ErrorKind::Refused(text) => write!(f, "not sent: {text}")?,
            ErrorKind::Encode(text) => write!(f, "an event could not be written: {text}")?,
            ErrorKind::Incomplete(missing) => write!(f, "{missing}")?,
            ErrorKind::Ended => f.write_str("the service has ended the stream")?,
            ErrorKind::Lost(why, _) => write!(f, "the conversation was lost: {why}")?,
        }
        f.write_str(" (")?;
        if let Some(id) = self.request_id() {
            write!(f, "request id {id}, ")?;
        }
        if let Some(attempts @ 2..) = self.0.attempts {
            write!(f, "{attempts} attempts, ")?;
        }
        write!(f, "advice: {})", self.advice())?;
        self.write_hint(f)
    }
}

/// What befell an answer whose bytes do not decode.
fn fault_of(error: &DecodeError) -> &'static str {
    match error.kind() {
        _ if error.lookalike().is_some() => "is not a stream of frames",
        DecodeErrorKind::IncompleteAtEof { .. } => "was cut",
        DecodeErrorKind::PreludeCrcMismatch { .. } | DecodeErrorKind::MessageCrcMismatch { .. } => {
            "was damaged on the way"
        }
        _ => "is not a stream of frames",
    }
}

/// A clock that is wrong by so many milliseconds, in words.
struct WrongClock(i64);

impl fmt::Display for WrongClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.0 > 0 { "behind" } else { "ahead of" };
        let seconds = self.0.unsigned_abs() / 1000;
        write!(
            f,
            "this machine's clock is {seconds} s {side} the service's; the next request is dated by the service's"
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("phase", &self.phase())
            .field("kind", &self.0.kind)
            .field("request_id", &self.0.request_id)
            .field("attempts", &self.0.attempts)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            ErrorKind::Transport(error) => Some(error),
            ErrorKind::Service(error) => Some(error),
            ErrorKind::Decode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<converse_stream::StreamError> for Error {
    fn from(error: converse_stream::StreamError) -> Self {
        match error {
            converse_stream::StreamError::Service(error) => error.into(),
            converse_stream::StreamError::Decode(error) => Self::decode(error),
            other => Self::new(ErrorKind::Protocol(other.to_string())),
        }
    }
}

impl From<nova_sonic::ReadError> for Error {
    fn from(error: nova_sonic::ReadError) -> Self {
        match error {
            nova_sonic::ReadError::Service(error) => error.into(),
            other => Self::new(ErrorKind::Protocol(other.to_string())),
        }
    }
}

impl From<nova_sonic::Refusal> for Error {
    fn from(refusal: nova_sonic::Refusal) -> Self {
        Self::new(ErrorKind::Refused(refusal.to_string()))
    }
}
