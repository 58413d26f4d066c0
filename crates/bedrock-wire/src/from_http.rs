//! Service errors out of HTTP answers.

use std::time::Duration;

use serde_json::Value;

use crate::error_kind::normalize_code;
use crate::service_error::Inner;
use crate::{ErrorSource, ServiceError, ServiceErrorKind};

impl ServiceError {
    /// The error in an HTTP answer that is not a success. `header` looks a header up by its lower-case name.
    ///
    /// The code is `x-amzn-errortype`, else `code`, else `__type` of the body; without any, the status decides the kind.
    /// HTML pages and empty bodies (proxies, load balancers) give an error without a message.
    ///
    /// ```
    /// use bedrock_wire::{ServiceError, ServiceErrorKind};
    ///
    /// let headers = [("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/")];
    /// let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
    /// let error = ServiceError::from_http(429, header, br#"{"message":"Too many requests"}"#);
    /// assert_eq!(error.kind(), ServiceErrorKind::Throttling);
    /// assert_eq!(error.message(), "Too many requests");
    /// ```
    #[must_use]
    pub fn from_http<'h>(
        status: u16,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
    ) -> Self {
        let mut inner = Inner::empty(ErrorSource::Http, "");
        let json = inner.read_body(body);
        let member = |name: &str| json.get(name).and_then(Value::as_str);
        let nested = || json.get("error").and_then(|error| error.get("message"));
        if inner.message.is_empty() {
            if let Some(message) = nested().and_then(Value::as_str) {
                message.clone_into(&mut inner.message);
            }
        }
        let code = header("x-amzn-errortype")
            .or_else(|| member("code"))
            .or_else(|| member("__type"))
            .map(normalize_code)
            .unwrap_or_default();
        inner.kind = if code.is_empty() {
            ServiceErrorKind::of_status(status)
        } else {
            ServiceErrorKind::of(&code)
        };
        inner.code = code;
        inner.status = Some(status);
        inner.request_id = header("x-amzn-requestid").map(str::to_owned);
        inner.retry_after = retry_after(&header);
        inner.raw = String::from_utf8_lossy(body).into_owned();
        Self::from_inner(inner)
    }
}

/// `x-amz-retry-after` (ms) goes before `retry-after` (seconds); a date in the latter needs a clock and is left.
fn retry_after<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Option<Duration> {
    let number = |name| header(name).and_then(|text| text.trim().parse().ok());
    number("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Advice;

    fn error(status: u16, headers: &[(&str, &'static str)], body: &str) -> ServiceError {
        let find = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        ServiceError::from_http(status, find, body.as_bytes())
    }

    #[test]
    fn header_goes_before_code_before_type() {
        let body = r#"{"code":"B","__type":"ns#C","message":"m"}"#;
        assert_eq!(
            error(400, &[("x-amzn-errortype", "A:http://x")], body).code(),
            "A"
        );
        assert_eq!(error(400, &[], body).code(), "B");
        assert_eq!(error(400, &[], r#"{"__type":"ns#C"}"#).code(), "C");
    }

    #[test]
    fn without_a_code_the_status_speaks() {
        let error = error(503, &[], "<html><body>Bad gateway</body></html>");
        assert_eq!(error.kind(), ServiceErrorKind::ServiceUnavailable);
        assert_eq!((error.code(), error.message()), ("", ""));
        assert!(error.to_string().contains("HTTP 503"), "{error}");
        assert!(matches!(error.advice(), Advice::After(_)));
        assert_eq!(self::error(418, &[], "").advice(), Advice::Never);
    }

    #[test]
    fn the_service_sets_the_wait() {
        let headers = [
            ("x-amzn-errortype", "ThrottlingException"),
            ("x-amz-retry-after", "700"),
            ("retry-after", "1"),
            ("x-amzn-requestid", "r-1"),
        ];
        let throttled = error(429, &headers, "{}");
        assert_eq!(
            throttled.advice(),
            Advice::After(Duration::from_millis(700))
        );
        assert_eq!(throttled.request_id(), Some("r-1"));
        let denied = error(403, &[("retry-after", "1")], "{}");
        assert_eq!(
            denied.advice(),
            Advice::Never,
            "a wait does not make it retriable"
        );
    }

    #[test]
    fn front_end_errors_have_a_capital_message() {
        let body = r#"{"Message":"Authentication failed: isn’t valid."}"#;
        assert_eq!(
            error(403, &[], body).message(),
            "Authentication failed: isn’t valid."
        );
        assert_eq!(
            error(400, &[], r#"{"error":{"message":"nested"}}"#).message(),
            "nested"
        );
    }

    #[test]
    fn expired_credentials_are_a_kind_of_their_own() {
        let expired = error(403, &[("x-amzn-errortype", "ExpiredTokenException")], "{}");
        assert_eq!(expired.kind(), ServiceErrorKind::ExpiredCredentials);
    }
}
