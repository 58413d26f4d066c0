//! Which operation a request is for, from its method and path.

/// An operation of Bedrock Runtime that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `InvokeModelWithBidirectionalStream`.
    InvokeModelWithBidirectionalStream,
    /// `InvokeModelWithResponseStream`.
    InvokeModelWithResponseStream,
    /// `InvokeModel`.
    InvokeModel,
    /// `ConverseStream`.
    ConverseStream,
    /// `Converse`.
    Converse,
}

impl Operation {
    /// The last part of the operation's path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::InvokeModelWithBidirectionalStream => "invoke-with-bidirectional-stream",
            Self::InvokeModelWithResponseStream => "invoke-with-response-stream",
            Self::InvokeModel => "invoke",
            Self::ConverseStream => "converse-stream",
            Self::Converse => "converse",
        }
    }

    /// The operation's name in the API reference.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvokeModelWithBidirectionalStream => "InvokeModelWithBidirectionalStream",
            Self::InvokeModelWithResponseStream => "InvokeModelWithResponseStream",
            Self::InvokeModel => "InvokeModel",
            Self::ConverseStream => "ConverseStream",
            Self::Converse => "Converse",
        }
    }
}

/// Reads `/model/{id}/{operation}`; an endpoint's base path may stand before it. `None` for anything else.
pub(crate) fn route(method: &str, target: &str) -> Option<(Operation, String)> {
    if method != "POST" {
        return None;
    }
    let path = target.split('?').next()?;
    let mut segments = path.rsplit('/');
    let operation = match segments.next()? {
        "invoke-with-bidirectional-stream" => Operation::InvokeModelWithBidirectionalStream,
        "invoke-with-response-stream" => Operation::InvokeModelWithResponseStream,
        "invoke" => Operation::InvokeModel,
        "converse-stream" => Operation::ConverseStream,
        "converse" => Operation::Converse,
        _ => return None,
    };
    let model = percent_decode(segments.next()?)?;
    if model.is_empty() || segments.next() != Some("model") {
        return None;
    }
    Some((operation, model))
}

fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (char::from(rest.next()?), char::from(rest.next()?));
        let value = high.to_digit(16)? * 16 + low.to_digit(16)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let bidi = "/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream?";
        assert_eq!(
            route("POST", bidi),
            Some((
                Operation::InvokeModelWithBidirectionalStream,
                "amazon.nova-sonic-v1:0".to_owned()
            ))
        );
        let arn = "/base/model/arn%3Aaws%3Abedrock%3A%3A%3Aprofile%2Fx/converse";
        assert_eq!(
            route("POST", arn),
            Some((
                Operation::Converse,
                "arn:aws:bedrock:::profile/x".to_owned()
            ))
        );
        for target in [
            "/",
            "/model//converse",
            "/model/x/talk",
            "/model/%zz/converse",
        ] {
            assert_eq!(route("POST", target), None, "{target}");
        }
        assert_eq!(route("GET", bidi), None);
    }
}
