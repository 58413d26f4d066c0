//! Proxies: which one to take, and how to ask it for a connection.

mod connect;
mod socks5;

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncRead, AsyncWrite};

use super::origin::Origin;
use crate::{Error, ErrorKind, Phase};

/// Which proxy to take for which host. Cheap to clone; its `Debug` shows no password.
#[derive(Clone)]
pub struct Proxy {
    matcher: Arc<Matcher>,
}

impl Proxy {
    /// One proxy for all hosts: `http://`, `https://` (both asked by CONNECT), `socks5://` (names
    /// are resolved here) or `socks5h://` (names are resolved by the proxy), with `user:password@`
    /// where it wants one.
    ///
    /// # Errors
    ///
    /// This is no such URI.
    pub fn all(uri: &str) -> Result<Self, Error> {
        Self::except(uri, "")
    }

    /// As [`all`](Self::all), except for the hosts in `direct`: a list like that of `NO_PROXY`, of
    /// domains (subdomains included), addresses and networks, separated by commas; `*` is every
    /// host.
    ///
    /// # Errors
    ///
    /// This is no such URI.
    pub fn except(uri: &str, direct: &str) -> Result<Self, Error> {
        // The matcher takes what it cannot read for "no proxy", which would silently go around it.
        let probe = Uri::from_static("https://proxy.invalid");
        if Matcher::builder()
            .all(uri.to_owned())
            .build()
            .intercept(&probe)
            .is_none()
        {
            return Err(refuse("the proxy's URI is unusable"));
        }
        let matcher = Matcher::builder()
            .all(uri.to_owned())
            .no(direct.to_owned())
            .build();
        Ok(Self {
            matcher: Arc::new(matcher),
        })
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say now, read as curl reads
    /// them.
    #[must_use]
    pub fn from_env() -> Self {
        Self {
            matcher: Arc::new(Matcher::from_env()),
        }
    }

    /// The proxy for this URI, if any.
    pub(super) fn of(&self, uri: &Uri) -> Result<Option<Hop>, Error> {
        let Some(intercept) = self.matcher.intercept(uri) else {
            return Ok(None);
        };
        let uri = intercept.uri();
        let (kind, default_port, tls) = match uri.scheme_str() {
            Some("http") => (Kind::Connect, 80, false),
            Some("https") => (Kind::Connect, 443, true),
            Some("socks5") => (Kind::Socks5 { resolve_here: true }, 1080, false),
            Some("socks5h") => (
                Kind::Socks5 {
                    resolve_here: false,
                },
                1080,
                false,
            ),
            _ => {
                return Err(refuse(
                    "only http, https, socks5 and socks5h proxies are known",
                ));
            }
        };
        let host = uri
            .host()
            .ok_or_else(|| refuse("the proxy's URI has no host"))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let address = Origin {
            host,
            port: uri.port_u16().unwrap_or(default_port),
            tls,
        };
        Ok(Some(Hop {
            kind,
            address,
            intercept,
        }))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// One proxy on the way.
pub(super) struct Hop {
    kind: Kind,
    pub(super) address: Origin,
    intercept: Intercept,
}

#[derive(Clone, Copy)]
enum Kind {
    Connect,
    Socks5 { resolve_here: bool },
}

impl Hop {
    /// Asks the proxy at the other end of `io` for a connection to `target`.
    pub(super) async fn tunnel<T>(&self, io: T, target: &Origin) -> Result<T, Error>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let asked = match self.kind {
            Kind::Connect => connect::ask(io, target, self.intercept.basic_auth()).await,
            Kind::Socks5 { resolve_here } => {
                socks5::ask(io, target, self.intercept.raw_auth(), resolve_here).await
            }
        };
        asked.map_err(|error| error.with_detail(format!("{target} via proxy {}", self.address)))
    }
}

fn refuse(what: &str) -> Error {
    Error::new(ErrorKind::Proxy, Phase::Connect).with_detail(what)
}

/// It does not know us; without its address.
fn unknown_here(what: &'static str) -> Error {
    Error::new(ErrorKind::ProxyCredentials, Phase::Connect).with_source(what)
}

/// What the proxy did wrong, without its address.
fn failed(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Proxy, Phase::Connect).with_source(what)
}
