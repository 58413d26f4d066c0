//! Makes connections: TCP or a proxy, TLS with ALPN, HTTP/2.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::ahead::ReadAhead;
use super::dial::dial;
use super::io::Io;
use super::origin::Origin;
#[cfg(feature = "proxy")]
use super::proxy::{Hop, Proxy};
#[cfg(feature = "tower")]
use super::service::Dialer;
use super::tls::Tls;
use crate::http2::{BATCH, Connection, ConnectionStats, Driver, Settings, start, trace};
use crate::{Deadline, Error, ErrorKind, Phase};

/// Makes HTTP/2 connections over TLS (`https`), or in plain text with prior knowledge (`http`, for
/// tests).
///
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connector {
    /// `None`: plain text only.
    tls: Option<Tls>,
    offers_http1: bool,
    settings: Settings,
    connect_to: Option<String>,
    #[cfg(feature = "proxy")]
    proxy: Option<Proxy>,
    #[cfg(feature = "tower")]
    dialer: Option<Dialer>,
}

impl Connector {
    /// Makes connections with these settings.
    #[must_use]
    pub fn new(tls: Tls, settings: Settings) -> Self {
        Self::plaintext(settings).with_tls(tls)
    }

    /// Makes connections to `http` URIs only, with no certificate loaded; an `https` URI is an
    /// error before anything is sent.
    #[must_use]
    pub fn plaintext(settings: Settings) -> Self {
        Self {
            tls: None,
            offers_http1: false,
            settings,
            connect_to: None,
            #[cfg(feature = "proxy")]
            proxy: None,
            #[cfg(feature = "tower")]
            dialer: None,
        }
    }

    /// Other settings of TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Other settings of the connections.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Names `http/1.1` to peers after `h2`. One that chooses it is still an
    /// [error](ErrorKind::Alpn), but one that says so: the caller may then
    /// [speak HTTP/1.1](Self::connect_http1) with it.
    #[must_use]
    pub fn offer_http1(mut self) -> Self {
        self.offers_http1 = true;
        self
    }

    /// Opens TCP connections to `host:port`, whatever the URI says; TLS and HTTP/2 still name the
    /// host of the URI. For VPC endpoints, tunnels and tests.
    #[must_use]
    pub fn connect_to(mut self, target: impl Into<String>) -> Self {
        self.connect_to = Some(target.into());
        self
    }

    /// Goes through a proxy where `proxy` says so.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Has the byte streams made by a `tower::Service` instead of TCP; TLS and HTTP/2 are still
    /// made here.
    #[cfg(feature = "tower")]
    #[must_use]
    pub fn service<S, T>(mut self, service: S) -> Self
    where
        S: tower_service::Service<Uri, Response = T> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.dialer = Some(Dialer::new(service));
        self
    }

    /// Connects to the authority of `uri`. Nothing is sent before the peer has agreed to HTTP/2.
    ///
    /// # Errors
    ///
    /// [`Connect`](ErrorKind::Connect), [`Proxy`](ErrorKind::Proxy), [`Tls`](ErrorKind::Tls),
    /// [`Alpn`](ErrorKind::Alpn), or one of their two deadlines.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect(&self, uri: &Uri) -> Result<(Connection, Driver<Io>), Error> {
        let origin = Origin::of(uri)?;
        let begin = Instant::now();
        let (io, way) = self.reach(uri, &origin).await?;
        let connect = Some(begin.elapsed());
        self.negotiate(io, &origin, &way, connect).await
    }

    /// A byte stream to the authority of `uri`, over TLS and with ALPN agreed on `http/1.1` where the URI
    /// says `https`: for calls that need no full duplex, and a peer or middle box that speaks no HTTP/2.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_http1(&self, uri: &Uri) -> Result<Io, Error> {
        let origin = Origin::of(uri)?;
        let (io, way) = self.reach(uri, &origin).await?;
        if !origin.tls {
            return Ok(io);
        }
        match self.secure(io, &origin, &way, &[ALPN_HTTP1]).await? {
            (io, Some(protocol)) if protocol == ALPN_HTTP1 => Ok(io),
            (_, other) => Err(wrong_protocol(other.as_deref(), &way, "http/1.1")),
        }
    }

    /// As [`connect`](Self::connect), over a connection to `uri` that stands already.
    ///
    /// # Errors
    ///
    /// [`Tls`](ErrorKind::Tls), [`Alpn`](ErrorKind::Alpn), or the deadline of TLS.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_over<T>(&self, io: T, uri: &Uri) -> Result<(Connection, Driver<Io>), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let origin = Origin::of(uri)?;
        let way = origin.to_string();
        self.negotiate(Io::new(io), &origin, &way, None).await
    }

    /// Connects and spawns the driver on the current tokio runtime; it ends with the connection.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_and_spawn(&self, uri: &Uri) -> Result<Connection, Error> {
        let (connection, driver) = self.connect(uri).await?;
        // The calls are told how it ended.
        tokio::spawn(async move { drop(driver.await) });
        Ok(connection)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A byte stream to the origin within the deadline, and the way that it takes, for errors.
    async fn reach(&self, uri: &Uri, origin: &Origin) -> Result<(Io, String), Error> {
        if origin.tls && self.tls.is_none() {
            return Err(Error::new(ErrorKind::Tls, Phase::Connect)
                .with_detail(format!("{origin}: this connector makes no TLS")));
        }
        let limit = self.settings.deadlines.connect;
        let begin = Instant::now();
        let way = self.way(uri, origin)?;
        let dial = self.dial(uri, origin, &way);
        let io = within(limit, Deadline::Connect, Phase::Connect, dial)
            .await
            .map_err(|error| error.with_detail(way.clone()))??;
        trace::reached("tcp", &way, begin.elapsed());
        Ok((io, way))
    }

    /// The origin and the proxy on the way to it, if any.
    #[cfg_attr(
        not(feature = "proxy"),
        expect(unused_variables, reason = "only proxies ask for the whole URI")
    )]
    fn way(&self, uri: &Uri, origin: &Origin) -> Result<String, Error> {
        #[cfg(feature = "proxy")]
        if let Some(hop) = self.hop(uri)? {
            return Ok(format!("{origin} via proxy {}", hop.address));
        }
        Ok(origin.to_string())
    }

    /// The proxy to ask; none where a dialer makes the connections.
    #[cfg(feature = "proxy")]
    fn hop(&self, uri: &Uri) -> Result<Option<Hop>, Error> {
        #[cfg(feature = "tower")]
        if self.dialer.is_some() {
            return Ok(None);
        }
        self.proxy.as_ref().map_or(Ok(None), |proxy| proxy.of(uri))
    }

    #[cfg_attr(
        not(any(feature = "proxy", feature = "tower")),
        expect(
            unused_variables,
            reason = "only proxies and services ask for the whole URI"
        )
    )]
    async fn dial(&self, uri: &Uri, origin: &Origin, way: &str) -> Result<Io, Error> {
        #[cfg(feature = "tower")]
        if let Some(dialer) = &self.dialer {
            return dialer.dial(uri.clone()).await.map_err(|error| {
                Error::new(ErrorKind::Connect, Phase::Connect)
                    .with_detail(way)
                    .with_source(error)
            });
        }
        let target = match &self.connect_to {
            Some(target) => origin.redirected(target)?,
            None => origin.clone(),
        };
        #[cfg(feature = "proxy")]
        if let Some(hop) = self.hop(uri)? {
            let stream = dial(&hop.address).await;
            let mut io = Io::new(stream.map_err(|error| error.with_detail(way))?);
            if hop.address.tls {
                io = self
                    .start_tls(io, &hop.address, way, &[ALPN_HTTP1])
                    .await?
                    .0;
            }
            return hop.tunnel(io, &target).await;
        }
        Ok(Io::new(dial(&target).await?))
    }

    async fn negotiate(
        &self,
        io: Io,
        origin: &Origin,
        way: &str,
        connect: Option<Duration>,
    ) -> Result<(Connection, Driver<Io>), Error> {
        let mut stats = ConnectionStats {
            connect,
            ..ConnectionStats::default()
        };
        if !origin.tls {
            return start(io, &self.settings, stats).await;
        }
        let offered: &[&[u8]] = if self.offers_http1 {
            &[ALPN_H2, ALPN_HTTP1]
        } else {
            &[ALPN_H2]
        };
        let begin = Instant::now();
        match self.secure(io, origin, way, offered).await? {
            (io, Some(protocol)) if protocol == ALPN_H2 => {
                stats.tls = Some(begin.elapsed());
                start(io, &self.settings, stats).await
            }
            (_, other) => Err(wrong_protocol(other.as_deref(), way, "h2")),
        }
    }

    /// As [`start_tls`](Self::start_tls), within the deadline.
    async fn secure(
        &self,
        io: Io,
        origin: &Origin,
        way: &str,
        offered: &[&[u8]],
    ) -> Result<(Io, Option<Vec<u8>>), Error> {
        let begin = Instant::now();
        let tls = self.start_tls(io, origin, way, offered);
        let secured = within(self.settings.deadlines.tls, Deadline::Tls, Phase::Tls, tls)
            .await
            .map_err(|error| error.with_detail(way))??;
        trace::reached("tls", way, begin.elapsed());
        Ok(secured)
    }

    /// TLS, and what ALPN has agreed on.
    async fn start_tls(
        &self,
        io: Io,
        peer: &Origin,
        way: &str,
        offered: &[&[u8]],
    ) -> Result<(Io, Option<Vec<u8>>), Error> {
        let failed = |kind| Error::new(kind, Phase::Tls).with_detail(way);
        let tls = self.tls.as_ref().ok_or_else(|| failed(ErrorKind::Tls))?;
        let name = ServerName::try_from(peer.host.clone())
            .map_err(|error| failed(ErrorKind::Tls).with_source(error))?;
        let mut stream = TlsConnector::from(Arc::clone(&tls.config))
            .with_alpn(offered.iter().map(|name| name.to_vec()).collect())
            .connect(name, ReadAhead::new(io))
            .await
            .map_err(|error| failed(tls_kind(&error)).with_source(error))?;
        let session = stream.get_mut().1;
        // What HTTP/2 lets go at once leaves as one.
        session.set_buffer_limit(Some(BATCH));
        let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
        Ok((Io::new(stream), protocol))
    }
}

const ALPN_H2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

fn wrong_protocol(negotiated: Option<&[u8]>, way: &str, needed: &str) -> Error {
    let negotiated = negotiated.map_or("no protocol".into(), String::from_utf8_lossy);
    Error::new(ErrorKind::Alpn, Phase::Tls).with_detail(format!(
        "negotiated {negotiated} with {way}; this needs {needed}"
    ))
}

/// A server may also refuse with an alert where it shares no protocol with us.
fn tls_kind(error: &io::Error) -> ErrorKind {
    let alert = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match alert {
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => {
            ErrorKind::Alpn
        }
        _ => ErrorKind::Tls,
    }
}

async fn within<F: Future>(
    limit: Option<Duration>,
    deadline: Deadline,
    phase: Phase,
    future: F,
) -> Result<F::Output, Error> {
    match limit {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future)
            .await
            .map_err(|_elapsed| Error::deadline(deadline, phase, limit)),
    }
}
