//! Service errors out of frames: exceptions of the service's model, and errors outside it.

use eventstream_codec::{Frame, MessageKind};
use serde_json::Value;

use crate::service_error::Inner;
use crate::{ErrorSource, ServiceError};

impl ServiceError {
    /// The error in this frame; `None` where it is an event or something else.
    ///
    /// Exceptions: `:exception-type` is the code, the payload holds `message` or `Message` and for some kinds
    /// `originalStatusCode` and `originalMessage`. Error frames: `:error-code` and `:error-message`.
    #[must_use]
    pub fn from_frame(frame: &Frame<'_>) -> Option<Self> {
        let raw = || String::from_utf8_lossy(frame.payload()).into_owned();
        let inner = match frame.kind() {
            MessageKind::Exception { exception_type } => {
                let mut inner = Inner::empty(ErrorSource::Exception, exception_type);
                inner.read_body(frame.payload());
                inner.raw = raw();
                inner
            }
            MessageKind::Error { code, message } => Inner {
                message: message.to_owned(),
                raw: raw(),
                ..Inner::empty(ErrorSource::ErrorFrame, code)
            },
            _ => return None,
        };
        Some(Self::from_inner(inner))
    }
}

impl Inner {
    /// Takes message and original status out of a JSON body. Text that is neither JSON nor HTML is the message itself.
    pub(crate) fn read_body(&mut self, body: &[u8]) -> Value {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            if let Ok(text) = std::str::from_utf8(body) {
                let text = text.trim();
                if !text.starts_with(['<', '{', '[']) {
                    text.clone_into(&mut self.message);
                }
            }
            return Value::Null;
        };
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        self.message = text("message")
            .or_else(|| text("Message"))
            .or_else(|| json.as_str().map(str::to_owned))
            .unwrap_or_default();
        self.original_message = text("originalMessage");
        self.original_status = json
            .get("originalStatusCode")
            .and_then(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
        json
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use eventstream_codec::{Header, HeaderValue, Limits, Message, encode_frame};

    use super::*;
    use crate::{Advice, ServiceErrorKind};

    fn frame(headers: &[(&'static str, &'static str)], payload: &str) -> Message {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| Header {
                name,
                value: HeaderValue::String(value),
            })
            .collect();
        let mut out = BytesMut::new();
        encode_frame(&headers, payload.as_bytes(), &mut out).unwrap();
        Message::from_bytes(&out.freeze(), &Limits::bounded()).unwrap()
    }

    #[test]
    fn an_exception_gives_all_that_it_holds() {
        let message = frame(
            &[
                (":message-type", "exception"),
                (":exception-type", "modelStreamErrorException"),
            ],
            r#"{"message":"m","originalStatusCode":500,"originalMessage":"o","p":"abc"}"#,
        );
        let error = ServiceError::from_frame(&message.frame()).unwrap();
        assert_eq!(error.kind(), ServiceErrorKind::ModelStreamError);
        assert_eq!(error.code(), "ModelStreamErrorException");
        assert_eq!(error.message(), "m");
        assert_eq!(error.original_status(), Some(500));
        assert_eq!(error.original_message(), Some("o"));
        assert_eq!(error.reported_in(), ErrorSource::Exception);
        assert!(error.raw().contains(r#""p":"abc""#));
    }

    #[test]
    fn an_error_frame_speaks_in_its_headers() {
        let message = frame(
            &[
                (":message-type", "error"),
                (":error-code", "ThrottlingException"),
                (":error-message", "slow down"),
            ],
            "",
        );
        let error = ServiceError::from_frame(&message.frame()).unwrap();
        assert_eq!(error.reported_in(), ErrorSource::ErrorFrame);
        assert_eq!(error.message(), "slow down");
        assert!(matches!(error.advice(), Advice::After(_)));
    }

    #[test]
    fn capital_message_plain_text_and_nothing_at_all() {
        let exception = [
            (":message-type", "exception"),
            (":exception-type", "NewException"),
        ];
        for (payload, message) in [
            (r#"{"Message":"M"}"#, "M"),
            ("plain", "plain"),
            (r#""quoted""#, "quoted"),
            ("", ""),
            ("{", ""),
            ("<html>", ""),
            (r#"{"message":7}"#, ""),
        ] {
            let message_frame = frame(&exception, payload);
            let error = ServiceError::from_frame(&message_frame.frame()).unwrap();
            assert_eq!(error.message(), message, "{payload}");
            assert_eq!(error.raw(), payload);
            assert_eq!(error.code(), "NewException");
        }
    }

    #[test]
    fn an_event_is_no_error() {
        let message = frame(
            &[(":message-type", "event"), (":event-type", "chunk")],
            "{}",
        );
        assert!(ServiceError::from_frame(&message.frame()).is_none());
    }
}
