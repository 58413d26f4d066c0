//! The error codes of `RST_STREAM` and `GOAWAY` (RFC 9113 §7).

use std::fmt;

/// An error code of HTTP/2. Codes that the specification does not know are kept as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// Graceful shutdown, or no more input wanted.
    pub const NO_ERROR: Self = Self(0x0);
    /// The peer saw a breach of protocol.
    pub const PROTOCOL_ERROR: Self = Self(0x1);
    /// The peer failed.
    pub const INTERNAL_ERROR: Self = Self(0x2);
    /// A flow-control window was overrun.
    pub const FLOW_CONTROL_ERROR: Self = Self(0x3);
    /// A SETTINGS frame was not acknowledged in time.
    pub const SETTINGS_TIMEOUT: Self = Self(0x4);
    /// A frame came for a half-closed stream.
    pub const STREAM_CLOSED: Self = Self(0x5);
    /// A frame had a wrong size.
    pub const FRAME_SIZE_ERROR: Self = Self(0x6);
    /// The call was refused before any processing.
    pub const REFUSED_STREAM: Self = Self(0x7);
    /// The call is no longer wanted.
    pub const CANCEL: Self = Self(0x8);
    /// The header compression state was lost.
    pub const COMPRESSION_ERROR: Self = Self(0x9);
    /// The connection made by CONNECT was reset.
    pub const CONNECT_ERROR: Self = Self(0xa);
    /// The peer sees a load that it takes for abuse.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xb);
    /// The transport's security does not suffice.
    pub const INADEQUATE_SECURITY: Self = Self(0xc);
    /// The peer wants HTTP/1.1.
    pub const HTTP_1_1_REQUIRED: Self = Self(0xd);

    /// The name in the specification, if it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NO_ERROR => "NO_ERROR",
            Self::PROTOCOL_ERROR => "PROTOCOL_ERROR",
            Self::INTERNAL_ERROR => "INTERNAL_ERROR",
            Self::FLOW_CONTROL_ERROR => "FLOW_CONTROL_ERROR",
            Self::SETTINGS_TIMEOUT => "SETTINGS_TIMEOUT",
            Self::STREAM_CLOSED => "STREAM_CLOSED",
            Self::FRAME_SIZE_ERROR => "FRAME_SIZE_ERROR",
            Self::REFUSED_STREAM => "REFUSED_STREAM",
            Self::CANCEL => "CANCEL",
            Self::COMPRESSION_ERROR => "COMPRESSION_ERROR",
            Self::CONNECT_ERROR => "CONNECT_ERROR",
            Self::ENHANCE_YOUR_CALM => "ENHANCE_YOUR_CALM",
            Self::INADEQUATE_SECURITY => "INADEQUATE_SECURITY",
            Self::HTTP_1_1_REQUIRED => "HTTP_1_1_REQUIRED",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error code {:#x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn known_codes_have_names_and_unknown_ones_are_kept() {
        assert_eq!(ErrorCode::REFUSED_STREAM.to_string(), "REFUSED_STREAM");
        assert_eq!(ErrorCode(0x8).to_string(), "CANCEL");
        assert_eq!(ErrorCode(0x1ff).to_string(), "error code 0x1ff");
    }
}
