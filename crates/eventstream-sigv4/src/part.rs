//! The parts of what is signed, to name the one that differs.

use std::fmt;

/// A part of a string to sign or of the canonical request under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The algorithm's name.
    Algorithm,
    /// The date and time.
    Date,
    /// The credential scope: day, region and service. The signing key goes with it.
    Scope,
    /// The signature that this one covers.
    PriorSignature,
    /// The headers: of an event the encoded `:date`, of a request those that are signed.
    Headers,
    /// The payload, by its hash.
    Payload,
    /// The path of a request.
    Path,
    /// The host of a request.
    Host,
}

impl Part {
    /// The part's name in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Date => "date",
            Self::Scope => "scope",
            Self::PriorSignature => "prior signature",
            Self::Headers => "headers",
            Self::Payload => "payload hash",
            Self::Path => "path",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
