//! Where a URI points.

use std::fmt;

use http::Uri;

use crate::{Error, ErrorKind, Phase};

/// Host, port and whether TLS is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl Origin {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Error> {
        let (tls, default_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(invalid("the URI is neither https nor http")),
        };
        let host = uri.host().ok_or_else(|| invalid("the URI has no host"))?;
        Ok(Self {
            host: unbracketed(host),
            port: uri.port_u16().unwrap_or(default_port),
            tls,
        })
    }

    /// Reads `host:port`; the rest is as of `self`.
    pub(crate) fn redirected(&self, target: &str) -> Result<Self, Error> {
        let parsed = target.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok()?;
            (!host.is_empty()).then(|| Self {
                host: unbracketed(host),
                port,
                tls: self.tls,
            })
        });
        parsed.ok_or_else(|| invalid("the connect-to target is not host:port"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// IPv6 addresses stand in brackets in URIs, and nowhere else.
fn unbracketed(host: &str) -> String {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .to_owned()
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, Phase::Connect).with_detail(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_and_targets_are_read() {
        let of = |uri: &'static str| Origin::of(&Uri::from_static(uri));
        assert_eq!(
            of("https://example.org/x").unwrap().to_string(),
            "example.org:443"
        );
        assert_eq!(of("http://[::1]:8080/").unwrap().to_string(), "[::1]:8080");
        assert!(of("ftp://example.org/").is_err());
        assert!(of("/only/a/path").is_err());
        let origin = of("https://example.org").unwrap();
        let redirected = origin.redirected("vpce-1.example.net:8443").unwrap();
        assert_eq!(
            (redirected.to_string().as_str(), redirected.tls),
            ("vpce-1.example.net:8443", true)
        );
        assert_eq!(origin.redirected("[::1]:1").unwrap().host, "::1");
        assert!(origin.redirected("example.net").is_err());
        assert!(origin.redirected(":443").is_err());
    }
}
