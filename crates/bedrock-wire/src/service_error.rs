//! One error type for all that the service reports, in a frame or as an HTTP answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error_kind::normalize_code;
use crate::{Advice, AdviceTable, ServiceErrorKind};

/// An error that the service reported. Cheap to clone.
///
/// `Display` is one line: code, message, what the model itself said, HTTP status, request id, advice. `Debug` leaves the
/// raw text out. The message is the service's and may quote parts of the request (a tool's name, a voice).
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceError {
    inner: Arc<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Inner {
    pub(crate) source: ErrorSource,
    pub(crate) kind: ServiceErrorKind,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) original_status: Option<u16>,
    pub(crate) original_message: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) raw: String,
    pub(crate) advice: Advice,
}

/// Where the service reported an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorSource {
    /// A frame with `:message-type` `exception`: an error of the service's model.
    Exception,
    /// A frame with `:message-type` `error`: an error outside the model.
    ErrorFrame,
    /// An HTTP answer other than success.
    Http,
    /// Neither: made by [`ServiceError::new`].
    Local,
}

impl ServiceError {
    /// An error with this code, in any spelling, and message; for tests and for servers.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self::from_inner(Inner {
            message: message.into(),
            ..Inner::empty(ErrorSource::Local, code)
        })
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
        .advised_by(&AdviceTable::REQUESTS)
    }

    /// Where the service reported it.
    #[must_use]
    pub fn reported_in(&self) -> ErrorSource {
        self.inner.source
    }

    /// The kind, to match on.
    #[must_use]
    pub fn kind(&self) -> ServiceErrorKind {
        self.inner.kind
    }

    /// The code as the service's model spells it (`ValidationException`); empty where none was given.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// The message; empty where none was given (an HTML page, an empty body).
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The HTTP status of the answer; `None` for errors inside a stream.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// `x-amzn-requestid` of the answer.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// The model's own status (`originalStatusCode`).
    #[must_use]
    pub fn original_status(&self) -> Option<u16> {
        self.inner.original_status
    }

    /// The model's own message (`originalMessage`).
    #[must_use]
    pub fn original_message(&self) -> Option<&str> {
        self.inner.original_message.as_deref()
    }

    /// The wait that the service asked for (`x-amz-retry-after` in ms, `retry-after` in seconds).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// The payload or body as it came; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.inner.raw
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.inner.advice
    }

    /// The same error with the advice of another table, [`Advice::Never`] where that has none.
    #[must_use]
    pub fn advised_by(mut self, table: &AdviceTable) -> Self {
        let advice = table.advise(&self).unwrap_or(Advice::Never);
        Arc::make_mut(&mut self.inner).advice = advice;
        self
    }

    /// The same error with the request id of the answer whose stream it stood in, unless it has one.
    #[must_use]
    pub fn with_request_id(mut self, id: &str) -> Self {
        if self.inner.request_id.is_none() {
            Arc::make_mut(&mut self.inner).request_id = Some(id.to_owned());
        }
        self
    }
}

impl Inner {
    pub(crate) fn empty(source: ErrorSource, code: &str) -> Self {
        Self {
            source,
            kind: ServiceErrorKind::of(code),
            code: normalize_code(code),
            message: String::new(),
            status: None,
            request_id: None,
            original_status: None,
            original_message: None,
            retry_after: None,
            raw: String::new(),
            advice: Advice::Never,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        match (inner.code.as_str(), inner.message.as_str()) {
            ("", "") => write!(f, "{}", Nameless(&inner.raw))?,
            ("", message) => write!(f, "error without a code: {}", OneLine(message))?,
            (code, "") => write!(
                f,
                "{}: no message ({} bytes)",
                OneLine(code),
                inner.raw.len()
            )?,
            (code, message) => write!(f, "{}: {}", OneLine(code), OneLine(message))?,
        }
        if let Some(message) = &inner.original_message {
            write!(f, "; the model said: {}", OneLine(message))?;
        }
        f.write_str(" (")?;
        if let Some(status) = inner.original_status {
            write!(f, "model status {status}, ")?;
        }
        if let Some(status) = inner.status {
            write!(f, "HTTP {status}, ")?;
        }
        if let Some(id) = &inner.request_id {
            write!(f, "request id {}, ", OneLine(id))?;
        }
        write!(f, "advice: {})", inner.advice)
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        f.debug_struct("ServiceError")
            .field("reported_in", &inner.source)
            .field("code", &inner.code)
            .field("message", &inner.message)
            .field("status", &inner.status)
            .field("request_id", &inner.request_id)
            .field("original_status", &inner.original_status)
            .field("original_message", &inner.original_message)
            .field("retry_after", &inner.retry_after)
            .field("advice", &inner.advice)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ServiceError {}

/// An answer that names no error: most often not the service's own. Its text may quote anything and is not shown.
struct Nameless<'a>(&'a str);

impl fmt::Display for Nameless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_start();
        let len = self.0.len();
        if text.is_empty() {
            f.write_str("an error without a word")
        } else if text.starts_with('<') {
            write!(
                f,
                "an HTML page of {len} bytes: a proxy or gateway answered in the service's place"
            )
        } else {
            write!(f, "an error that names itself nowhere in its {len} bytes")
        }
    }
}

/// The peer's text without line breaks and control characters, cut at 1,000 characters.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 1000;
        for c in self.0.chars().take(MAX_CHARS) {
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        if self.0.chars().nth(MAX_CHARS).is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_all() {
        let error = ServiceError::from_inner(Inner {
            message: "bad\nvoice\u{1b}[31m".into(),
            status: Some(400),
            request_id: Some("r-1".into()),
            original_status: Some(529),
            original_message: Some("full".into()),
            ..Inner::empty(ErrorSource::Http, "validationException")
        });
        assert_eq!(
            error.to_string(),
            "ValidationException: bad voice [31m; the model said: full (model status 529, HTTP 400, request id r-1, advice: do not retry)"
        );
    }

    #[test]
    fn a_page_of_somebody_else_is_called_one() {
        let error = ServiceError::from_inner(Inner {
            raw: "<html>Bad Gateway</html>".into(),
            status: Some(502),
            ..Inner::empty(ErrorSource::Http, "")
        });
        assert_eq!(
            error.to_string(),
            "an HTML page of 24 bytes: a proxy or gateway answered in the service's place (HTTP 502, advice: do not retry)"
        );
    }

    #[test]
    fn a_hostile_message_is_cut() {
        let error = ServiceError::new("X", "ä".repeat(100_000));
        assert!(error.to_string().chars().count() < 1100);
    }

    #[test]
    fn the_raw_text_stays_out_of_debug() {
        let error = ServiceError::from_inner(Inner {
            raw: "prompt text".into(),
            ..Inner::empty(ErrorSource::Http, "X")
        });
        assert!(!format!("{error:?} {error}").contains("prompt"));
    }

    #[test]
    fn the_first_request_id_stays() {
        let error = ServiceError::new("X", "")
            .with_request_id("a")
            .with_request_id("b");
        assert_eq!(error.request_id(), Some("a"));
    }
}
