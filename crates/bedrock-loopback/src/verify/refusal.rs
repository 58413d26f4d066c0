//! Why a signature was refused: the service's words, then the part that differs with both sides shown.

use std::fmt;

/// The first part of a signed request or event that is not as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The `Authorization` header is missing.
    AuthorizationMissing,
    /// The `Authorization` header cannot be read.
    AuthorizationFormat,
    /// A bearer key where it is not allowed, or not the one that is.
    BearerKey,
    /// The access key id is not the server's.
    AccessKey,
    /// The session token is missing, not expected or not the right one.
    SessionToken,
    /// The credentials have expired.
    Expired,
    /// The scope's date is not that of `x-amz-date`, or not that of the event.
    ScopeDate,
    /// The scope's region.
    Region,
    /// The scope's service, which is `bedrock`.
    Service,
    /// The scope's last word, `aws4_request`.
    ScopeEnd,
    /// `x-amz-date` is missing or not a date.
    RequestDate,
    /// The request's date is too far from the server's clock.
    RequestSkew,
    /// A header that must be signed is not, or a signed one is missing, or their list is not in order.
    SignedHeaders,
    /// The payload's hash.
    PayloadHash,
    /// The canonical path: every segment encoded once on the wire, and once more for the signature.
    CanonicalPath,
    /// The host with its port, the default port left out.
    Host,
    /// The request's signature, with every part before it in order.
    Signature,
    /// The outer event frame has other headers than `:date` and `:chunk-signature`.
    EventHeaders,
    /// The event's date is too far from the server's clock.
    EventSkew,
    /// The signature that the event's signature follows.
    PriorSignature,
    /// The hash of the encoded `:date` header, milliseconds as sent.
    DateHeaderHash,
    /// The event's signature, with every part before it in order.
    EventSignature,
    /// The stream ended without its signed empty frame.
    EndFrame,
    /// An event came after the signed empty frame.
    AfterEnd,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthorizationMissing => "Authorization header",
            Self::AuthorizationFormat => "form of the Authorization header",
            Self::BearerKey => "bearer key",
            Self::AccessKey => "access key id",
            Self::SessionToken => "session token",
            Self::Expired => "expiry of the credentials",
            Self::ScopeDate => "date of the credential scope",
            Self::Region => "region of the credential scope",
            Self::Service => "service of the credential scope",
            Self::ScopeEnd => "end of the credential scope",
            Self::RequestDate => "x-amz-date",
            Self::RequestSkew => "x-amz-date against the clock",
            Self::SignedHeaders => "signed headers",
            Self::PayloadHash => "payload hash",
            Self::CanonicalPath => "canonical path",
            Self::Host => "host",
            Self::Signature => "signature",
            Self::EventHeaders => "headers of the event frame",
            Self::EventSkew => ":date against the clock",
            Self::PriorSignature => "prior signature",
            Self::DateHeaderHash => "hash of the :date header",
            Self::EventSignature => "event signature",
            Self::EndFrame => "signed empty frame at the end",
            Self::AfterEnd => "event after the signed end",
        })
    }
}

/// A refusal as the service would word it, and which part was the first to differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    status: u16,
    code: &'static str,
    says: String,
    part: Part,
    event: Option<u64>,
    expected: String,
    received: String,
}

impl Refusal {
    pub(super) fn new(
        (status, code, says): (u16, &'static str, impl Into<String>),
        part: Part,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        Self {
            details: Box::new(Details {
                status,
                code,
                says: says.into(),
                part,
                event: None,
                expected: expected.into(),
                received: received.into(),
            }),
        }
    }

    pub(super) fn of_event(mut self, index: u64) -> Self {
        self.details.event = Some(index);
        self
    }

    /// The service's name for the error, such as `InvalidSignatureException`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.details.code
    }

    /// The HTTP status where the refusal is the answer to the request.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.details.status
    }

    /// The first part that differs.
    #[must_use]
    pub fn part(&self) -> Part {
        self.details.part
    }

    /// The index of the event that was refused, from 0; `None` for the request itself.
    #[must_use]
    pub fn event(&self) -> Option<u64> {
        self.details.event
    }

    /// What the server computed or wants.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.details.expected
    }

    /// What the client sent.
    #[must_use]
    pub fn received(&self) -> &str {
        &self.details.received
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            says,
            part,
            event,
            expected,
            received,
            ..
        } = &*self.details;
        write!(f, "{says} (loopback: ")?;
        if let Some(event) = event {
            write!(f, "event {event}, ")?;
        }
        write!(f, "{part}: expected {expected}, received {received})")
    }
}

impl std::error::Error for Refusal {}
