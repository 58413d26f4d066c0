//! A server without a socket: it speaks HTTP/2 over byte streams that the caller brings.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::builder::ResponseHead;
use crate::clock::Clock;
use crate::date::Utc;
use crate::fault::{Fault, FaultKind, Plan};
use crate::http1;
use crate::http2;
use crate::ids::Ids;
use crate::notice::Notice;
use crate::preface::{self, Reread};
use crate::proxy;
use crate::script::Stage;
use crate::sonic::Settings;
use crate::tap::{Listener, Tap, Traffic};
use crate::tls::Tls;
use crate::verify::Policy;

/// How long a client may take for its TLS handshake and its HTTP/2 preface.
const HANDSHAKE: Duration = Duration::from_secs(10);

pub(crate) type Observer = Arc<dyn Fn(&Notice) + Send + Sync>;

/// A Bedrock that takes any byte stream as a connection. Cheap to clone; clones are one server.
#[derive(Clone)]
pub struct Server {
    state: Arc<State>,
}

pub(crate) struct State {
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    pub(crate) verify: bool,
    pub(crate) tls: Tls,
    pub(crate) response_head: ResponseHead,
    pub(crate) http2: Http2,
    pub(crate) sonic: Settings,
    pub(crate) ids: Mutex<Ids>,
    pub(crate) upload_room: Semaphore,
    pub(crate) faults: Vec<(Fault, AtomicU64)>,
    pub(crate) observer: Option<Observer>,
    pub(crate) script: Option<Stage>,
    pub(crate) tap: Option<Listener>,
    pub(crate) calls: AtomicU64,
}

/// What this side of HTTP/2 grants and sends.
#[derive(Debug, Clone)]
pub(crate) struct Http2 {
    pub(crate) data_frame_size: usize,
    pub(crate) stream_window: u32,
    pub(crate) connection_window: u32,
    pub(crate) max_concurrent_streams: u32,
    pub(crate) windows: Windows,
}

/// When what was read opens its flow-control window again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    Eager,
    Late,
    Never,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            data_frame_size: 16_384,
            stream_window: 1 << 20,
            connection_window: 16 << 20,
            max_concurrent_streams: 250,
            windows: Windows::Eager,
        }
    }
}

impl Server {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state: Arc::new(state),
        }
    }

    /// Serves one connection over TLS until it ends: HTTP/2, or HTTP/1.1 where the client offers nothing better. Dropped, it ends the connection at once.
    ///
    /// # Errors
    ///
    /// A handshake that fails or takes longer than ten seconds, a connection that breaks the rules of HTTP/2.
    pub async fn serve_tls<T>(&self, io: T) -> Result<(), ConnectionError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (_stay_open, closing) = watch::channel(false);
        self.tls_until(io, closing).await
    }

    /// Serves one connection without TLS until it ends: HTTP/2 with prior knowledge, or HTTP/1.1. Dropped, it ends the connection at once.
    ///
    /// # Errors
    ///
    /// A preface that does not come within ten seconds, a connection that breaks the rules of HTTP/2.
    pub async fn serve_connection<T>(&self, io: T) -> Result<(), ConnectionError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (_stay_open, closing) = watch::channel(false);
        self.plain_until(io, closing).await
    }

    /// The certificate authority that clients must trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.state.tls.ca_pem
    }

    /// The region that requests must be signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.state.policy.region
    }

    /// The access key id that is accepted.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.key(|key| &key.id)
    }

    /// Its secret.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        self.key(|key| &key.secret)
    }

    pub(crate) async fn tls_until<T>(
        &self,
        io: T,
        closing: watch::Receiver<bool>,
    ) -> Result<(), ConnectionError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut io = in_time(Reread::begin(io), ConnectionError::Tls).await?;
        let mut tls = self.state.tls.clone();
        if io.begins_with(preface::CONNECT) {
            in_time(proxy::read_connect(&mut io), ConnectionError::Io).await?;
            let answered = proxy::answer(&self.state, &mut io).await;
            let Some(tunnel) = answered.map_err(ConnectionError::Io)? else {
                return Ok(());
            };
            tls = tunnel.tls(tls);
        }
        let acceptor = TlsAcceptor::from(tls.config);
        let stream = in_time(acceptor.accept(io), ConnectionError::Tls).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"http/1.1") {
            return http1::serve(&self.state, stream, true, closing).await;
        }
        // A client that negotiates nothing goes on with HTTP/2, as the JS SDK does.
        http2::serve(&self.state, stream, true, HANDSHAKE, closing).await
    }

    pub(crate) async fn plain_until<T>(
        &self,
        io: T,
        closing: watch::Receiver<bool>,
    ) -> Result<(), ConnectionError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut io = in_time(Reread::begin(io), ConnectionError::Io).await?;
        if !io.begins_with(preface::CONNECT) {
            return self.plain(io, closing).await;
        }
        in_time(proxy::read_connect(&mut io), ConnectionError::Io).await?;
        let answered = proxy::answer(&self.state, &mut io).await;
        if answered.map_err(ConnectionError::Io)?.is_none() {
            return Ok(());
        }
        let io = in_time(Reread::begin(io), ConnectionError::Io).await?;
        self.plain(io, closing).await
    }

    async fn plain<T>(
        &self,
        io: Reread<T>,
        closing: watch::Receiver<bool>,
    ) -> Result<(), ConnectionError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if io.begins_with(preface::HTTP2) {
            return http2::serve(&self.state, io, false, HANDSHAKE, closing).await;
        }
        http1::serve(&self.state, io, false, closing).await
    }

    fn key(&self, of: impl FnOnce(&crate::credentials::AccessKey) -> &str) -> &str {
        self.state.policy.keys.first().map_or("", of)
    }
}

/// Gives a step of the handshake the time that it may take.
async fn in_time<O>(
    step: impl Future<Output = std::io::Result<O>>,
    failed: fn(std::io::Error) -> ConnectionError,
) -> Result<O, ConnectionError> {
    tokio::time::timeout(HANDSHAKE, step)
        .await
        .map_err(|_| ConnectionError::HandshakeTimeout)?
        .map_err(failed)
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("region", &self.region())
            .field("access_key_id", &self.access_key_id())
            .finish_non_exhaustive()
    }
}

impl State {
    /// A generator of its own for one call.
    pub(crate) fn ids_for_call(&self) -> Ids {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Ids::seeded(ids.next_u64())
    }

    /// The tap of a call, which is told that it has begun.
    pub(crate) fn tap(&self, head: &http::request::Parts) -> Tap {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let tap = Tap::new(call, self.tap.clone());
        tap.tell(Traffic::RequestHead(head));
        tap
    }

    /// The faults of the next call.
    pub(crate) fn plan_for_call(&self, ids: Ids) -> Plan {
        Plan::new(self.due(|kind| !kind.is_of_proxy()), ids)
    }

    /// What the proxy does wrong to the next CONNECT.
    pub(crate) fn faults_of_connect(&self) -> Vec<Fault> {
        self.due(FaultKind::is_of_proxy)
    }

    /// The faults of a kind that are due; each is counted.
    fn due(&self, of: impl Fn(FaultKind) -> bool) -> Vec<Fault> {
        let of_kind = self.faults.iter().filter(|(fault, _)| of(fault.kind()));
        let due = of_kind.filter(|(fault, times)| {
            let before = times.fetch_add(1, Ordering::Relaxed);
            fault.calls().is_none_or(|times| before < times)
        });
        due.map(|(fault, _)| *fault).collect()
    }

    pub(crate) fn notice(&self, notice: &Notice) {
        if let Some(observer) = &self.observer {
            observer(notice);
        }
    }

    /// The clock's time as an HTTP date.
    pub(crate) fn http_date(&self) -> String {
        Utc::from_system(self.clock.now()).http()
    }
}

/// How a connection failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The TLS handshake failed.
    Tls(std::io::Error),
    /// The connection broke before its first request.
    Io(std::io::Error),
    /// The client took too long over its handshake.
    HandshakeTimeout,
    /// HTTP/1.1 failed.
    Http1(String),
    /// HTTP/2 failed.
    Http2(String),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "TLS handshake: {error}"),
            Self::Io(error) => write!(f, "connection: {error}"),
            Self::HandshakeTimeout => write!(f, "no handshake within {} s", HANDSHAKE.as_secs()),
            Self::Http1(error) => write!(f, "HTTP/1.1: {error}"),
            Self::Http2(error) => write!(f, "HTTP/2: {error}"),
        }
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tls(error) | Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
