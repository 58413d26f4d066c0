//! The typed view of a frame: event, exception, error or something else; and the wrapper of a signed one.

use crate::header::{HeaderValue, Timestamp};
use crate::headers::{Headers, RawHeader};

/// What a frame is, by its `:message-type` header and those that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind<'a> {
    /// `:message-type` is `event`.
    Event {
        /// `:event-type`, empty where the header is missing.
        event_type: &'a str,
    },
    /// `:message-type` is `exception`: an error of the service's model, its body in the payload.
    Exception {
        /// `:exception-type`, empty where the header is missing.
        exception_type: &'a str,
    },
    /// `:message-type` is `error`: an error outside the service's model.
    Error {
        /// `:error-code`, empty where the header is missing.
        code: &'a str,
        /// `:error-message`, empty where the header is missing.
        message: &'a str,
    },
    /// Another message type, none at all, or one that is not a string (an INT32 in Greengrass IPC): the frame as it is.
    Unknown,
}

impl<'a> MessageKind<'a> {
    pub(crate) fn of(headers: &Headers<'a>) -> Self {
        let [message_type, event, exception, code, message] = headers.find([
            b":message-type",
            b":event-type",
            b":exception-type",
            b":error-code",
            b":error-message",
        ]);
        match message_type.and_then(|raw| raw.string()) {
            Some(b"event") => Self::Event {
                event_type: text(event),
            },
            Some(b"exception") => Self::Exception {
                exception_type: text(exception),
            },
            Some(b"error") => Self::Error {
                code: text(code),
                message: text(message),
            },
            _ => Self::Unknown,
        }
    }
}

fn text(header: Option<RawHeader<'_>>) -> &str {
    match header.map(|raw| raw.value()) {
        Some(HeaderValue::String(text)) => text,
        _ => "",
    }
}

/// The two headers of a signed frame, whose payload is the frame that was signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// `:chunk-signature`: 32 bytes of HMAC-SHA256, chained to the signature before.
    pub signature: &'a [u8; 32],
    /// `:date`: when it was signed. Whole seconds from AWS's Rust SDK, with milliseconds from others.
    pub date: Timestamp,
}

impl<'a> Signed<'a> {
    pub(crate) fn of(headers: &Headers<'a>) -> Option<Self> {
        let signature = headers.get(":chunk-signature")?.as_bytes()?;
        Some(Self {
            signature: signature.try_into().ok()?,
            date: headers.get(":date")?.as_timestamp()?,
        })
    }
}

impl core::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Signed")
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}
