//! What goes back to a client: heads, error bodies, event-stream frames with the header order of captured answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Header, HeaderValue, encode_frame};
use http::Response;
use serde_json::{Value, json};

use crate::service_error::ServiceError;

/// The content type of event streams.
pub(crate) const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// An HTTP answer in the service's shape, without its body.
pub(crate) fn head(status: u16, content_type: &str, request_id: &str, date: &str) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    put(&mut response, "date", date);
    put(&mut response, "content-type", content_type);
    put(&mut response, "x-amzn-requestid", request_id);
    response
}

/// An error answer: name in `x-amzn-errortype`, message in the body. Errors of the front end, which checks signatures,
/// carry the front end's address behind the name, as captured.
pub(crate) fn error(
    status: u16,
    code: &str,
    message: &str,
    request_id: &str,
    date: &str,
) -> (Response<()>, Bytes) {
    let mut response = head(status, "application/json", request_id, date);
    let kind = format!("{code}:http://internal.amazon.com/coral/com.amazon.bedrock/");
    put(&mut response, "x-amzn-errortype", &kind);
    let body = Bytes::from(json!({ "message": message }).to_string());
    put(&mut response, "content-length", &body.len().to_string());
    (response, body)
}

/// A `chunk` event around an operation's own JSON.
pub(crate) fn chunk(event: &Value) -> Bytes {
    let payload = json!({ "bytes": STANDARD.encode(event.to_string()) });
    event_frame("chunk", payload.to_string().as_bytes())
}

/// An event frame of type `event_type`.
pub(crate) fn event_frame(event_type: &str, payload: &[u8]) -> Bytes {
    frame(
        &[
            (":event-type", event_type),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ],
        payload,
    )
}

/// The exception frame that ends a stream.
pub(crate) fn exception(error: &ServiceError) -> Bytes {
    let payload = json!({ "message": error.message }).to_string();
    frame(
        &[
            (":exception-type", &error.kind.exception_type()),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ],
        payload.as_bytes(),
    )
}

/// A frame with string headers.
pub(crate) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| Header {
            name,
            value: HeaderValue::String(value),
        })
        .collect();
    let mut wire = BytesMut::new();
    // Names and values here are short, so the encoder has nothing to refuse.
    let _ = encode_frame(&headers, payload, &mut wire);
    wire.freeze()
}

pub(crate) fn put(response: &mut Response<()>, name: &'static str, value: &str) {
    if let Ok(value) = http::HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::parse_whole;
    use crate::service_error::ErrorKind;

    #[test]
    fn a_chunk_reads_back() {
        let frame = parse_whole(&chunk(&json!({ "event": { "completionStart": {} } }))).unwrap();
        assert_eq!(frame.text(":event-type"), Some("chunk"));
        assert_eq!(frame.text(":message-type"), Some("event"));
        let payload: Value = serde_json::from_slice(&frame.payload).unwrap();
        let inner = STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap();
        assert_eq!(inner, br#"{"event":{"completionStart":{}}}"#);
    }

    #[test]
    fn an_exception_names_the_union_member() {
        let error = ServiceError::new(ErrorKind::Throttling, "Too many requests");
        let frame = parse_whole(&exception(&error)).unwrap();
        assert_eq!(frame.text(":exception-type"), Some("throttlingException"));
        assert_eq!(frame.text(":message-type"), Some("exception"));
        assert_eq!(&frame.payload[..], br#"{"message":"Too many requests"}"#);
    }

    #[test]
    fn an_error_carries_its_name_and_id() {
        let (head, body) = error(400, "ValidationException", "no", "id-1", "now");
        assert_eq!(head.status(), 400);
        assert_eq!(head.headers()["x-amzn-requestid"], "id-1");
        let kind = head.headers()["x-amzn-errortype"].to_str().unwrap();
        assert!(kind.starts_with("ValidationException:"));
        assert_eq!(&body[..], br#"{"message":"no"}"#);
    }
}
