//! Makes connections: TCP, TLS with ALPN, HTTP/2.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::tls::Tls;
use crate::http2::{Connection, Driver, Settings, handshake};
use crate::{Deadline, Error, ErrorKind, Phase};

/// Makes HTTP/2 connections over TLS (`https`), or in plain text with prior knowledge (`http`, for tests).
#[derive(Clone, Debug)]
pub struct Connector {
    tls: Tls,
    settings: Settings,
}

impl Connector {
    /// Makes connections with these settings.
    #[must_use]
    pub fn new(tls: Tls, settings: Settings) -> Self {
        Self { tls, settings }
    }

    /// Connects to the authority of `uri`. Nothing is sent before the peer has agreed to HTTP/2.
    ///
    /// # Errors
    ///
    /// [`Connect`](ErrorKind::Connect), [`Tls`](ErrorKind::Tls), [`Alpn`](ErrorKind::Alpn), or one
    /// of their two deadlines.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect(&self, uri: &Uri) -> Result<(Connection, Driver<Io>), Error> {
        let origin = Origin::of(uri)?;
        let tcp = TcpStream::connect((origin.host, origin.port));
        let tcp = within(
            self.settings.deadlines.connect,
            Deadline::Connect,
            Phase::Connect,
            tcp,
        )
        .await?
        .and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp))
        .map_err(|error| {
            Error::new(ErrorKind::Connect, Phase::Connect)
                .with_detail(origin.to_string())
                .with_source(error)
        })?;
        self.connect_over(tcp, uri).await
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
        if !origin.tls {
            return handshake(Io(Box::new(io)), &self.settings).await;
        }
        let tls = self.start_tls(io, &origin);
        let io = within(self.settings.deadlines.tls, Deadline::Tls, Phase::Tls, tls).await??;
        handshake(io, &self.settings).await
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

    async fn start_tls<T>(&self, io: T, origin: &Origin<'_>) -> Result<Io, Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let failed = |kind| Error::new(kind, Phase::Tls).with_detail(origin.to_string());
        let name = ServerName::try_from(origin.host.to_owned())
            .map_err(|error| failed(ErrorKind::Tls).with_source(error))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls.config))
            .connect(name, io)
            .await
            .map_err(|error| failed(tls_kind(&error)).with_source(error))?;
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Ok(Io(Box::new(stream))),
            other => {
                let negotiated = other.map_or_else(
                    || "no protocol".into(),
                    |name| String::from_utf8_lossy(name).into_owned(),
                );
                Err(Error::new(ErrorKind::Alpn, Phase::Tls).with_detail(format!(
                    "negotiated {negotiated} with {origin}; this needs h2"
                )))
            }
        }
    }
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

/// Where a URI points.
struct Origin<'a> {
    host: &'a str,
    port: u16,
    tls: bool,
}

impl<'a> Origin<'a> {
    fn of(uri: &'a Uri) -> Result<Self, Error> {
        let invalid = |what: &str| {
            Error::new(ErrorKind::InvalidRequest, Phase::Connect).with_detail(what.to_owned())
        };
        let (tls, default_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(invalid("the URI is neither https nor http")),
        };
        let host = uri.host().ok_or_else(|| invalid("the URI has no host"))?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(default_port),
            tls,
        })
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
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
            .map_err(|_elapsed| {
                Error::new(ErrorKind::Deadline(deadline), phase).with_detail(format!("{limit:?}"))
            }),
    }
}

/// A byte stream that a [`Connector`] made: TCP or TLS.
pub struct Io(Box<dyn ByteStream>);

trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Io")
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}
