//! Bedrock API keys: a bearer token in place of a signature.

use std::fmt;

use http::HeaderValue;

use crate::error::Error;

/// A Bedrock API key. Never shown.
#[derive(Clone)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The `authorization` header, which HPACK must not index and `Debug` does not show.
    pub(crate) fn header(&self) -> Result<HeaderValue, Error> {
        let key = self.0.trim();
        let refused = |why| Error::credentials(format!("the Bedrock API key {why}"));
        if key.is_empty() {
            return Err(refused("is empty"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused("holds something other than visible ASCII"));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| refused("cannot stand in a header"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_a_header_that_is_not_shown() {
        let header = ApiKey::new(" bedrock-api-key-abc=\n").header().unwrap();
        assert_eq!(header, "Bearer bedrock-api-key-abc=");
        assert!(!format!("{header:?}").contains("abc"));
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_unseen() {
        for key in ["", " ", "secret\nx-header: 1", "secret key", "sëcret"] {
            let error = ApiKey::new(key).header().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("cret"), "{error}");
        }
    }
}
