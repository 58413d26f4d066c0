//! Where the service is, and how a model's id becomes a path.

use std::fmt::Write as _;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::error::Error;
use crate::partition::Partition;

/// An operation of Bedrock Runtime that a path can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the API's own names")]
pub(crate) enum Operation {
    ConverseStream,
    InvokeModelWithResponseStream,
    InvokeModelWithBidirectionalStream,
}

impl Operation {
    const fn path(self) -> &'static str {
        match self {
            Self::ConverseStream => "converse-stream",
            Self::InvokeModelWithResponseStream => "invoke-with-response-stream",
            Self::InvokeModelWithBidirectionalStream => "invoke-with-bidirectional-stream",
        }
    }
}

/// Which of a region's endpoints is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Cryptography validated by FIPS 140.
    pub(crate) fips: bool,
    /// IPv6 beside IPv4.
    pub(crate) dual_stack: bool,
}

/// The base URL of the service: scheme, host, port and a base path that may be empty.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    base: String,
}

impl Endpoint {
    /// The public endpoint of Bedrock Runtime in `region`, by the service's endpoint rules.
    pub(crate) fn of_region(region: &str, variant: Variant) -> Result<Self, Error> {
        let well_formed = region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if region.is_empty() || !well_formed {
            return Err(Error::config(format!(
                "{region:?} is not the name of a region"
            )));
        }
        let partition = Partition::of_region(region);
        let suffix = if variant.dual_stack {
            partition.dual_stack_suffix.ok_or_else(|| {
                Error::config(format!("there are no dual-stack endpoints in {region}"))
            })?
        } else {
            partition.suffix
        };
        let service = if variant.fips {
            "bedrock-runtime-fips"
        } else {
            "bedrock-runtime"
        };
        Self::parse(&format!("https://{service}.{region}.{suffix}"))
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
        let path = format!("/model/{}/{}", encode_label(model), operation.path());
        self.url_of_path(&path)
    }

    /// The URL of a path, which stands as it is on the wire.
    pub(crate) fn url_of_path(&self, path: &str) -> Result<Uri, Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path}", self.base))
            .build()
            .map_err(|error| Error::config(format!("the path {path:?}: {error}")))
    }

    /// Whether bytes travel in the clear.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// Whether the host is this machine.
    pub(crate) fn is_this_machine(&self) -> bool {
        let host = self.authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || address
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
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
    fn a_region_gives_the_public_host_of_its_partition() {
        let host = |region, fips, dual_stack| {
            Endpoint::of_region(region, Variant { fips, dual_stack })
                .unwrap()
                .origin()
        };
        for (region, plain, both) in [
            (
                "eu-north-1",
                "https://bedrock-runtime.eu-north-1.amazonaws.com",
                "https://bedrock-runtime-fips.eu-north-1.api.aws",
            ),
            (
                "us-gov-west-1",
                "https://bedrock-runtime.us-gov-west-1.amazonaws.com",
                "https://bedrock-runtime-fips.us-gov-west-1.api.aws",
            ),
            (
                "cn-north-1",
                "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
                "https://bedrock-runtime-fips.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                "eusc-de-east-1",
                "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu",
                "https://bedrock-runtime-fips.eusc-de-east-1.api.amazonwebservices.eu",
            ),
        ] {
            assert_eq!(host(region, false, false), plain);
            assert_eq!(host(region, true, true), both);
        }
        assert_eq!(
            host("us-east-1", true, false),
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com"
        );
        assert_eq!(
            host("us-east-1", false, true),
            "https://bedrock-runtime.us-east-1.api.aws"
        );
        for (region, host_of) in [
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov"),
        ] {
            assert_eq!(
                host(region, false, false),
                format!("https://bedrock-runtime.{region}.{host_of}")
            );
            let dual_stack = Variant {
                dual_stack: true,
                ..Variant::default()
            };
            assert!(Endpoint::of_region(region, dual_stack).is_err());
        }
        assert!(Endpoint::of_region("evil.example/", Variant::default()).is_err());
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for (url, is) in [
            ("http://127.0.0.1:80", true),
            ("http://[::1]:80", true),
            ("http://LOCALHOST", true),
            ("http://127.0.0.1.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().is_this_machine(), is, "{url}");
        }
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
