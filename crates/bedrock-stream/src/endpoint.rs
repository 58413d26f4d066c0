//! Where the service is, and how a model's id becomes a path.

use std::fmt::Write as _;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::error::Error;

/// An operation of Bedrock Runtime that a path can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    InvokeModelWithBidirectionalStream,
}

impl Operation {
    const fn path(self) -> &'static str {
        match self {
            Self::InvokeModelWithBidirectionalStream => "invoke-with-bidirectional-stream",
        }
    }
}

/// The base URL of the service: scheme, host, port and a base path that may be empty.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    base: String,
}

impl Endpoint {
    /// The public endpoint of Bedrock Runtime in `region`.
    pub(crate) fn of_region(region: &str) -> Result<Self, Error> {
        let well_formed = region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if region.is_empty() || !well_formed {
            return Err(Error::config(format!(
                "{region:?} is not the name of a region"
            )));
        }
        let suffix = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        Self::parse(&format!("https://bedrock-runtime.{region}.{suffix}"))
    }

    /// An endpoint given by its URL.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::config(format!("endpoint URL {url:?}: {why}"));
        let parts = url
            .parse::<Uri>()
            .map_err(|error| bad(&error.to_string()))?
            .into_parts();
        let scheme = parts
            .scheme
            .ok_or_else(|| bad("it must begin with https:// or http://"))?;
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(bad("its scheme must be https or http"));
        }
        let authority = parts.authority.ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(Error::config(
                "an endpoint URL must not carry a user name or password",
            ));
        }
        let path = parts.path_and_query.as_ref();
        if path.and_then(PathAndQuery::query).is_some() {
            return Err(bad("it must not have a query"));
        }
        let base = path
            .map_or("", PathAndQuery::path)
            .trim_end_matches('/')
            .to_owned();
        Ok(Self {
            scheme,
            authority,
            base,
        })
    }

    /// The URL of `operation` on `model`, an id or an ARN.
    pub(crate) fn url(&self, model: &str, operation: Operation) -> Result<Uri, Error> {
        if model.is_empty() {
            return Err(Error::config("the model id is empty"));
        }
        let path = format!(
            "{}/model/{}/{}",
            self.base,
            encode_label(model),
            operation.path()
        );
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|error| Error::config(format!("model id {model:?}: {error}")))
    }

    /// Whether bytes travel in the clear.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

/// Percent-encodes a path label: all but `A-Z a-z 0-9 - _ . ~`, as every official SDK does.
fn encode_label(label: &str) -> String {
    let mut encoded = String::with_capacity(label.len());
    for byte in label.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(endpoint: &str, model: &str) -> String {
        Endpoint::parse(endpoint)
            .unwrap()
            .url(model, Operation::InvokeModelWithBidirectionalStream)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_model_id_and_an_arn_are_one_label_each() {
        assert_eq!(
            path("https://localhost:8443", "amazon.nova-2-sonic-v1:0"),
            "https://localhost:8443/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream"
        );
        assert_eq!(
            path("https://h", "arn:aws:bedrock:us-east-1:1:p/x%y ü"),
            "https://h/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ap%2Fx%25y%20%C3%BC\
             /invoke-with-bidirectional-stream"
        );
    }

    #[test]
    fn a_base_path_stays_in_front() {
        assert!(path("https://h/gateway/v1/", "m").starts_with("https://h/gateway/v1/model/m/"));
    }

    #[test]
    fn a_region_gives_the_public_host() {
        assert_eq!(
            Endpoint::of_region("eu-north-1").unwrap().origin(),
            "https://bedrock-runtime.eu-north-1.amazonaws.com"
        );
        assert!(Endpoint::of_region("evil.example/").is_err());
    }

    #[test]
    fn a_url_that_cannot_be_an_endpoint_is_refused() {
        for url in [
            "bedrock.example",
            "ftp://h",
            "https://user:secret@h",
            "https://h/?q=1",
        ] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
