//! How the network is reached: whom to trust, which way to go, when to give up on a silent link.

use std::fmt;

use h2_duplex::{Connector, KeepAlive, Settings, Tls, TlsBuilder};

use crate::builder::ClientBuilder;
use crate::error::Error;

/// Settings of every connection of a client.
pub(crate) struct Network {
    /// The way to the service; TLS and the rest are set when the client is built.
    way: Connector,
    /// Trusted instead of the operating system's certificates, in PEM.
    roots: Option<Vec<u8>>,
    /// Trusted beside those.
    more_roots: Vec<Vec<u8>>,
    /// A client certificate and its key, in PEM.
    identity: Option<(Vec<u8>, Vec<u8>)>,
    keep_alive: Option<KeepAlive>,
}

impl Network {
    /// Connections for an endpoint. Without TLS no certificate is read.
    pub(crate) fn connector(&self, plaintext: bool) -> Result<Connector, Error> {
        if plaintext {
            return Ok(self.way.clone());
        }
        Ok(self.way.clone().with_tls(self.tls()?))
    }

    /// With PING, if that was asked for.
    pub(crate) fn settings(&self) -> Settings {
        match &self.keep_alive {
            Some(when) => Settings::default().keep_alive(when.clone()),
            None => Settings::default(),
        }
    }

    /// Trusts the certificates in a file that the environment names.
    #[cfg(feature = "aws-config")]
    pub(crate) fn trust_file(&mut self, path: &str) -> Result<(), Error> {
        let pem = std::fs::read(path)
            .map_err(|error| Error::config(format!("AWS_CA_BUNDLE: {path}: {error}")))?;
        self.roots = Some(pem);
        Ok(())
    }

    /// Whether it was said which certificates to trust.
    #[cfg(feature = "aws-config")]
    pub(crate) fn has_roots(&self) -> bool {
        self.roots.is_some()
    }

    fn tls(&self) -> Result<Tls, Error> {
        let mut builder = match &self.roots {
            Some(pem) => Tls::builder().roots_pem(pem).map_err(Error::transport)?,
            None => system_roots(Tls::builder())?,
        };
        for pem in &self.more_roots {
            builder = builder.roots_pem(pem).map_err(Error::transport)?;
        }
        if let Some((chain, key)) = &self.identity {
            builder = builder.identity_pem(chain, key).map_err(Error::transport)?;
        }
        builder.build().map_err(Error::transport)
    }
}

impl ClientBuilder {
    /// Certificates to trust, in PEM, instead of those of the operating system.
    pub fn trust_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.roots = Some(pem.into());
        self
    }

    /// Certificates to trust, in PEM, beside those of the operating system: of a proxy that looks into TLS, for example.
    pub fn trust_also_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.more_roots.push(pem.into());
        self
    }

    /// A client certificate for gateways that want one: its chain, leaf first, and its private key, in PEM.
    pub fn identity_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.network.identity = Some((chain.into(), key.into()));
        self
    }

    /// Connects to `host:port` whatever the endpoint is called: TLS, HTTP/2 and signatures still name the endpoint. For VPC
    /// endpoints without private DNS, tunnels and tests.
    pub fn connect_to(mut self, target: impl Into<String>) -> Self {
        self.network.way = self.network.way.connect_to(target);
        self
    }

    /// Connects through a proxy where `proxy` says so: [`Proxy::all`](h2_duplex::Proxy::all) for one that is named here,
    /// [`Proxy::from_env`](h2_duplex::Proxy::from_env) for what `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say. The environment
    /// is not asked otherwise. Where credentials come from is not reached this way: that is aws-config's.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: h2_duplex::Proxy) -> Self {
        self.network.way = self.network.way.proxy(proxy);
        self
    }

    /// Takes byte streams from a `tower::Service` instead of TCP; TLS and HTTP/2 are still made here.
    #[cfg(feature = "tower")]
    pub fn connector<S, T>(mut self, service: S) -> Self
    where
        S: tower_service::Service<http::Uri, Response = T> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        self.network.way = self.network.way.service(service);
        self
    }

    /// Sends PING while a call is open and the service silent, and gives up on a link that is dead. Off by default: how much of it
    /// the service tolerates is not known.
    pub fn keep_alive(mut self, when: KeepAlive) -> Self {
        self.network.keep_alive = Some(when);
        self
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            way: Connector::plaintext(Settings::default()),
            roots: None,
            more_roots: Vec::new(),
            identity: None,
            keep_alive: None,
        }
    }
}

/// Shows no key.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("way", &self.way)
            .field("identity", &self.identity.is_some())
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "native-roots")]
fn system_roots(builder: TlsBuilder) -> Result<TlsBuilder, Error> {
    builder.native_roots().map_err(Error::transport)
}

#[cfg(all(feature = "webpki-roots", not(feature = "native-roots")))]
fn system_roots(builder: TlsBuilder) -> Result<TlsBuilder, Error> {
    Ok(builder.webpki_roots())
}

#[cfg(not(any(feature = "native-roots", feature = "webpki-roots")))]
fn system_roots(_builder: TlsBuilder) -> Result<TlsBuilder, Error> {
    Err(Error::config(
        "no certificates are trusted: name some with `trust_pem`, or build with `native-roots` or `webpki-roots`",
    ))
}
