//! The frames that services and clients send, by what they are: event, exception, error, initial message, signed wrapper.

use bytes::BytesMut;

use crate::encode_error::EncodeError;
use crate::frame_writer::FrameWriter;
use crate::header::{Header, HeaderValue, Timestamp};

impl<'b> FrameWriter<'b> {
    /// Begins an event: `:event-type`, `:content-type` where given, `:message-type`, in the order of the services.
    ///
    /// # Errors
    /// Where a value is over 32,767 bytes.
    pub fn event(
        buf: &'b mut BytesMut,
        event_type: &str,
        content_type: Option<&str>,
    ) -> Result<Self, EncodeError> {
        Self::modelled(buf, "event", ":event-type", event_type, content_type)
    }

    /// Begins an exception, an error of the service's model: `:exception-type`, `:content-type` where given, `:message-type`.
    ///
    /// # Errors
    /// Where a value is over 32,767 bytes.
    pub fn exception(
        buf: &'b mut BytesMut,
        exception_type: &str,
        content_type: Option<&str>,
    ) -> Result<Self, EncodeError> {
        Self::modelled(
            buf,
            "exception",
            ":exception-type",
            exception_type,
            content_type,
        )
    }

    /// Begins an error outside the service's model: `:error-code`, `:error-message`, `:message-type`. It has no payload.
    ///
    /// # Errors
    /// Where a value is over 32,767 bytes.
    pub fn error(buf: &'b mut BytesMut, code: &str, message: &str) -> Result<Self, EncodeError> {
        let texts = [
            (":error-code", code),
            (":error-message", message),
            (":message-type", "error"),
        ];
        Self::with_texts(buf, &texts)
    }

    /// Begins the first frame that a client of an RPC protocol (`awsJson`, `rpcv2Cbor`) sends: the operation's input.
    ///
    /// # Errors
    /// Where a value is over 32,767 bytes.
    pub fn initial_request(
        buf: &'b mut BytesMut,
        content_type: Option<&str>,
    ) -> Result<Self, EncodeError> {
        Self::event(buf, "initial-request", content_type)
    }

    /// Begins the first frame that a service with an RPC protocol sends: the operation's output.
    ///
    /// # Errors
    /// Where a value is over 32,767 bytes.
    pub fn initial_response(
        buf: &'b mut BytesMut,
        content_type: Option<&str>,
    ) -> Result<Self, EncodeError> {
        Self::event(buf, "initial-response", content_type)
    }

    /// Begins the wrapper of a signed frame: `:chunk-signature`, `:date`, in the order of AWS's Rust SDK. The payload is
    /// the whole frame that was signed, or nothing at the end of the stream.
    ///
    /// # Errors
    /// None in fact: both headers have a fixed length.
    pub fn signed(
        buf: &'b mut BytesMut,
        signature: &[u8; 32],
        date: Timestamp,
    ) -> Result<Self, EncodeError> {
        let mut frame = Self::begin(buf);
        frame.header(":chunk-signature", HeaderValue::Bytes(signature))?;
        frame.header(":date", HeaderValue::Timestamp(date))?;
        Ok(frame)
    }

    fn modelled(
        buf: &'b mut BytesMut,
        message_type: &str,
        type_name: &str,
        type_value: &str,
        content_type: Option<&str>,
    ) -> Result<Self, EncodeError> {
        let kind = (type_name, type_value);
        let message_type = (":message-type", message_type);
        match content_type {
            Some(text) => Self::with_texts(buf, &[kind, (":content-type", text), message_type]),
            None => Self::with_texts(buf, &[kind, message_type]),
        }
    }

    fn with_texts(buf: &'b mut BytesMut, texts: &[(&str, &str)]) -> Result<Self, EncodeError> {
        let mut frame = Self::begin(buf);
        for (name, text) in texts {
            let value = HeaderValue::String(text);
            frame.put(&Header { name, value })?;
        }
        Ok(frame)
    }
}
