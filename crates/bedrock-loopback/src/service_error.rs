//! The service's errors: as an HTTP answer before the stream, as an exception frame inside it.

use std::fmt;

/// The errors of Bedrock Runtime that can end a stream or refuse a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 400: the input is wrong.
    Validation,
    /// 403: not allowed.
    AccessDenied,
    /// 404: no such model.
    ResourceNotFound,
    /// 408: the model took too long, or a session reached its eight minutes.
    ModelTimeout,
    /// 424: the model failed.
    ModelError,
    /// 424: the model failed in the middle of a stream.
    ModelStreamError,
    /// 429: too many requests.
    Throttling,
    /// 429: the model is not ready.
    ModelNotReady,
    /// 400: a quota is used up.
    ServiceQuotaExceeded,
    /// 500: the service failed.
    InternalServer,
    /// 503: the service is not available.
    ServiceUnavailable,
}

impl ErrorKind {
    /// The error's name, such as `ValidationException`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validation => "ValidationException",
            Self::AccessDenied => "AccessDeniedException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::ModelTimeout => "ModelTimeoutException",
            Self::ModelError => "ModelErrorException",
            Self::ModelStreamError => "ModelStreamErrorException",
            Self::Throttling => "ThrottlingException",
            Self::ModelNotReady => "ModelNotReadyException",
            Self::ServiceQuotaExceeded => "ServiceQuotaExceededException",
            Self::InternalServer => "InternalServerException",
            Self::ServiceUnavailable => "ServiceUnavailableException",
        }
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Validation | Self::ServiceQuotaExceeded => 400,
            Self::AccessDenied => 403,
            Self::ResourceNotFound => 404,
            Self::ModelTimeout => 408,
            Self::ModelError | Self::ModelStreamError => 424,
            Self::Throttling | Self::ModelNotReady => 429,
            Self::InternalServer => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    /// The error of a name such as `ThrottlingException` or `throttlingException`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        const ALL: [ErrorKind; 11] = [
            ErrorKind::Validation,
            ErrorKind::AccessDenied,
            ErrorKind::ResourceNotFound,
            ErrorKind::ModelTimeout,
            ErrorKind::ModelError,
            ErrorKind::ModelStreamError,
            ErrorKind::Throttling,
            ErrorKind::ModelNotReady,
            ErrorKind::ServiceQuotaExceeded,
            ErrorKind::InternalServer,
            ErrorKind::ServiceUnavailable,
        ];
        let named = |kind: &Self| kind.name() == name || kind.exception_type() == name;
        ALL.into_iter().find(named)
    }

    /// The error that an HTTP status stands for.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            403 => Self::AccessDenied,
            404 => Self::ResourceNotFound,
            408 => Self::ModelTimeout,
            424 => Self::ModelError,
            429 => Self::Throttling,
            503 => Self::ServiceUnavailable,
            500.. => Self::InternalServer,
            _ => Self::Validation,
        }
    }

    /// Its `:exception-type` in a stream: the name with a small first letter.
    pub(crate) fn exception_type(self) -> String {
        let mut name = self.name().to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        name
    }
}

/// One error with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// Which error.
    pub kind: ErrorKind,
    /// The message, in the service's words where they are known.
    pub message: String,
}

impl ServiceError {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Validation, message)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for ServiceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exception_types_are_union_member_names() {
        let kind = ErrorKind::ModelStreamError;
        assert_eq!(kind.exception_type(), "modelStreamErrorException");
    }
}
