//! What a verifier finds wrong.

use std::fmt;

use crate::part::Part;

/// Why a request's head does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadFault {
    /// There is no `authorization` header.
    NoAuthorization,
    /// The `authorization` header is not one of SigV4.
    MalformedAuthorization,
    /// The request was signed with another access key than the one given.
    AccessKey,
    /// The session token is missing, or another than the one given.
    SessionToken,
    /// The scope's region or service is another than the one given, or its day not that of `x-amz-date`.
    Scope {
        /// Day, region and service that were expected.
        expected: String,
        /// Those that the request names.
        actual: String,
    },
    /// `x-amz-date` is missing or not of the form `YYYYMMDDTHHMMSSZ`.
    Date,
    /// A header that the signature claims to cover is missing.
    MissingHeader {
        /// Its name.
        name: String,
    },
    /// A header that must be signed is not: `x-amz-date`, or `host` (or `:authority`).
    UnsignedHeader {
        /// Its name.
        name: &'static str,
    },
    /// `x-amz-content-sha256` is neither the hash of the body nor the mark of a stream of signed events.
    Payload,
    /// The signature is not that of this request under this secret.
    Signature {
        /// The part that the client signed otherwise, where one alone explains the signature; `None` where none does:
        /// the secret is another, or the request was changed on its way.
        differs: Option<Part>,
    },
}

impl fmt::Display for HeadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthorization => f.write_str("the request has no authorization header"),
            Self::MalformedAuthorization => {
                f.write_str("the authorization header is not one of AWS4-HMAC-SHA256")
            }
            Self::AccessKey => f.write_str("the request is signed with another access key"),
            Self::SessionToken => f.write_str("the session token is missing or another"),
            Self::Scope { expected, actual } => {
                write!(f, "the scope is {actual}, expected {expected}")
            }
            Self::Date => f.write_str("x-amz-date is missing or malformed"),
            Self::MissingHeader { name } => write!(f, "the signed header {name} is missing"),
            Self::UnsignedHeader { name } => write!(f, "the header {name} is not signed"),
            Self::Payload => f.write_str("x-amz-content-sha256 is not the hash of the body"),
            Self::Signature { differs } => mismatch(f, "the request's signature", *differs),
        }
    }
}

impl std::error::Error for HeadFault {}

/// Why an event does not verify, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFault {
    pub(crate) kind: EventFaultKind,
    pub(crate) index: u64,
}

impl EventFault {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &EventFaultKind {
        &self.kind
    }

    /// Index of the faulty event in the stream, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {}", self.index, self.kind)
    }
}

impl std::error::Error for EventFault {}

/// The kinds of fault in a stream of signed events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventFaultKind {
    /// The frame has no `:date`, or one that is no timestamp in the years 0 to 9999.
    Date,
    /// The frame has no `:chunk-signature` of 32 bytes.
    NoSignature,
    /// The frame has a header that no signature covers.
    UnsignedHeader,
    /// The signature is not that of this event, at this place in the chain, under this secret.
    Signature {
        /// The part that the client signed otherwise, where one alone explains the signature; `None` where none does:
        /// the secret is another, an event before it is missing, or the event was changed on its way.
        differs: Option<Part>,
    },
    /// An event behind the signed end.
    AfterEnd,
    /// The stream ended without the signed empty event that ends it.
    NoEnd,
}

impl fmt::Display for EventFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date => f.write_str(":date is missing or no date"),
            Self::NoSignature => f.write_str(":chunk-signature is missing or not 32 bytes"),
            Self::UnsignedHeader => {
                f.write_str("a header stands beside :date and :chunk-signature")
            }
            Self::Signature { differs } => mismatch(f, "the signature", *differs),
            Self::AfterEnd => f.write_str("the signed end came before it"),
            Self::NoEnd => f.write_str("the stream stopped where its signed end should stand"),
        }
    }
}

fn mismatch(f: &mut fmt::Formatter<'_>, what: &str, differs: Option<Part>) -> fmt::Result {
    match differs {
        Some(part) => write!(f, "{what} does not match: the client signed another {part}"),
        None => write!(f, "{what} does not match, and no single part explains it"),
    }
}
