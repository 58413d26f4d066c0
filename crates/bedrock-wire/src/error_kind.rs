//! The service's error codes, whatever their spelling.

/// A service error by its code. The codes are those of the Bedrock Runtime model and of the front end before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// `AccessDeniedException` (HTTP 403).
    AccessDenied,
    /// `ConflictException` (400).
    Conflict,
    /// `InternalServerException` (500), `InternalFailure`.
    InternalServer,
    /// `ModelErrorException` (424): the model failed; its own status is in `original_status`.
    ModelError,
    /// `ModelNotReadyException` (429).
    ModelNotReady,
    /// `ModelStreamErrorException` (424): the model failed while it was streaming.
    ModelStreamError,
    /// `ModelTimeoutException` (408); for Nova Sonic the end of a connection's eight minutes.
    ModelTimeout,
    /// `ResourceNotFoundException` (404).
    ResourceNotFound,
    /// `ServiceQuotaExceededException` (400).
    ServiceQuotaExceeded,
    /// `ServiceUnavailableException` (503).
    ServiceUnavailable,
    /// `ThrottlingException` (429), `TooManyRequestsException`.
    Throttling,
    /// `ValidationException` (400).
    Validation,
    /// The credentials or the signature: `UnrecognizedClientException`, `InvalidSignatureException`,
    /// `IncompleteSignature`, `InvalidClientTokenId`, `MissingAuthenticationToken`.
    Authentication,
    /// The credentials have run out: `ExpiredTokenException`.
    ExpiredCredentials,
    /// Another code, or none.
    Other,
}

impl ServiceErrorKind {
    /// The kind of a code in any spelling: `com.amazon#validationException:http://…` is `ValidationException`.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match normalize_code(code).as_str() {
            "AccessDeniedException" | "AccessDenied" => Self::AccessDenied,
            "ConflictException" => Self::Conflict,
            "InternalServerException"
            | "InternalFailure"
            | "InternalServerError"
            | "InternalServerErrorException" => Self::InternalServer,
            "ModelErrorException" => Self::ModelError,
            "ModelNotReadyException" => Self::ModelNotReady,
            "ModelStreamErrorException" => Self::ModelStreamError,
            "ModelTimeoutException" => Self::ModelTimeout,
            "ResourceNotFoundException" => Self::ResourceNotFound,
            "ServiceQuotaExceededException" => Self::ServiceQuotaExceeded,
            "ServiceUnavailableException" | "ServiceUnavailable" => Self::ServiceUnavailable,
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "TooManyRequestsException" => Self::Throttling,
            "ValidationException" | "ValidationError" => Self::Validation,
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch" => Self::Authentication,
            "ExpiredTokenException" | "ExpiredToken" => Self::ExpiredCredentials,
            _ => Self::Other,
        }
    }

    /// What an HTTP status means where the answer names no code (some proxies drop it).
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            400 => Self::Validation,
            401 | 403 => Self::AccessDenied,
            404 => Self::ResourceNotFound,
            408 => Self::ModelTimeout,
            424 => Self::ModelError,
            429 => Self::Throttling,
            500 | 502 => Self::InternalServer,
            503 | 504 => Self::ServiceUnavailable,
            _ => Self::Other,
        }
    }
}

/// A code as the service's model spells it: `com.amazon#validationException:http://…` becomes `ValidationException`.
pub(crate) fn normalize_code(code: &str) -> String {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code).trim();
    let mut chars = code.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_into_one() {
        for code in [
            "validationException",
            "ValidationException",
            "com.amazon.bedrock#ValidationException",
            "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/",
            "com.amazon#validationException:http://x/#y",
            " ValidationException ",
        ] {
            assert_eq!(normalize_code(code), "ValidationException", "{code}");
            assert_eq!(ServiceErrorKind::of(code), ServiceErrorKind::Validation);
        }
        assert_eq!(normalize_code(""), "");
        assert_eq!(ServiceErrorKind::of("Newer"), ServiceErrorKind::Other);
    }
}
