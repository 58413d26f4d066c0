//! Where a signature holds.

use std::fmt;

/// Region and service that a signature is for; with its date, the credential scope.
///
/// For Bedrock Runtime the service is `bedrock`, for Transcribe streaming `transcribe`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    region: String,
    service: String,
}

impl Scope {
    /// A scope of a region such as `us-east-1` and a service's signing name such as `bedrock`.
    #[must_use]
    pub fn new(region: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            region: region.into(),
            service: service.into(),
        }
    }

    /// The region's name.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service's signing name.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }
}

impl fmt::Display for Scope {
    /// As in a credential scope, without the date: `us-east-1/bedrock/aws4_request`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/aws4_request", self.region, self.service)
    }
}
