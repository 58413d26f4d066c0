//! HTTP heads without what is secret: headers that are known to be harmless keep their values, all others lose them.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// Headers whose values are written, besides those that begin with `x-amzn-`.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-encoding",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-retry-after",
    "x-amz-user-agent",
];

/// The headers as pairs of name and value, in their order; a value that is not written is null.
pub(super) fn to_json(headers: &HeaderMap) -> Value {
    let pairs = headers.iter().map(|(name, value)| {
        let text = value
            .to_str()
            .ok()
            .and_then(|text| written(name.as_str(), text));
        json!([name.as_str(), text])
    });
    pairs.collect()
}

/// Reads what [`to_json`] wrote. A value that was not written reads as `-`.
pub(super) fn from_json(json: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for pair in json.as_array()? {
        let name = pair.get(0)?.as_str()?.parse::<HeaderName>().ok()?;
        let value = pair.get(1)?.as_str().unwrap_or("-");
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

/// The path without the values of its query, which may be a signature.
pub(super) fn path(uri: &http::Uri) -> String {
    match uri.query() {
        Some(query) if !query.is_empty() => format!("{}?-", uri.path()),
        _ => uri.path().to_owned(),
    }
}

fn written(name: &str, value: &str) -> Option<String> {
    if name == AUTHORIZATION.as_str() {
        return Some(authorization(value));
    }
    let harmless = name.starts_with("x-amzn-") || HARMLESS.contains(&name);
    harmless.then(|| value.to_owned())
}

/// The scheme, and of a signature the scope and the names of the signed headers.
fn authorization(value: &str) -> String {
    let (scheme, rest) = value.split_once(' ').unwrap_or(("-", ""));
    if scheme != "AWS4-HMAC-SHA256" {
        return format!("{scheme} -");
    }
    let parts = rest.split(',').map(|part| {
        let (name, value) = part.trim().split_once('=').unwrap_or(("-", ""));
        match (name, value.split_once('/')) {
            ("Credential", Some((_, scope))) => format!("Credential=-/{scope}"),
            ("SignedHeaders", _) => format!("SignedHeaders={value}"),
            _ => format!("{name}=-"),
        }
    });
    format!("{scheme} {}", parts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_written() {
        let mut headers = HeaderMap::new();
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDSESAME/20261121/us-east-1/bedrock/aws4_request, \
                      SignedHeaders=content-type;host, Signature=5e5a3e";
        for (name, value) in [
            ("authorization", signed),
            ("x-amz-security-token", "sesame"),
            ("x-api-key", "sesame"),
            ("cookie", "sesame"),
            ("content-type", "application/json"),
            ("x-amzn-requestid", "id-1"),
        ] {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let json = to_json(&headers);
        let text = json.to_string();
        for secret in ["sesame", "SESAME", "5e5a3e"] {
            assert!(!text.contains(secret), "{text}");
        }
        let read = from_json(&json).unwrap();
        assert_eq!(read["content-type"], "application/json");
        assert_eq!(read["x-amzn-requestid"], "id-1");
        assert_eq!(read["cookie"], "-");
        let kept = "AWS4-HMAC-SHA256 Credential=-/20261121/us-east-1/bedrock/aws4_request, \
                    SignedHeaders=content-type;host, Signature=-";
        assert_eq!(read["authorization"], kept);
        assert_eq!(authorization("Bearer sesame"), "Bearer -");
        assert_eq!(authorization("sesame"), "- -");
    }

    #[test]
    fn a_query_is_not_written() {
        let uri = http::Uri::from_static("https://h/model/a%3A0/converse?X-Amz-Signature=sesame");
        assert_eq!(path(&uri), "/model/a%3A0/converse?-");
        assert_eq!(path(&http::Uri::from_static("https://h/x?")), "/x");
    }
}
