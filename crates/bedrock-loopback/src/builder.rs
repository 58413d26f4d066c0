//! How a server is set up.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::credentials::{AccessKey, looks_real};
use crate::fault::{Fault, FaultKind};
use crate::ids::Ids;
use crate::loopback::Loopback;
use crate::notice::Notice;
use crate::scenario::Scenario;
use crate::script::{Script, Stage};
use crate::server::{Http2, Observer, Server, State, Windows};
use crate::sonic::{Limits, Pace, Settings};
use crate::tap::{Listener, Traffic};
use crate::tls::Tls;
use crate::upload::MAX_BODIES;
use crate::verify::Policy;

/// How wrong a clock is that was asked to be wrong.
const WRONG_BY: Duration = Duration::from_mins(10);

/// When the response head of a duplex call is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseHead {
    /// As soon as the request's signature is right.
    AtOnce,
    /// After so many input events. The service sends it after the first.
    AfterEvents(u64),
    /// Never.
    Never,
}

/// Settings of a server; see [`Loopback::builder`](Loopback::builder).
#[derive(Clone)]
#[must_use = "a builder does nothing until `start` or `build`"]
pub struct Builder {
    listen: SocketAddr,
    key: AccessKey,
    region: String,
    clock: Clock,
    max_skew: Option<Duration>,
    verify: bool,
    plaintext: bool,
    tls_names: Vec<String>,
    response_head: ResponseHead,
    http2: Http2,
    sonic: Settings,
    seed: Option<u64>,
    bearer_keys: Vec<String>,
    faults: Vec<Fault>,
    observer: Option<Observer>,
    script: Option<Script>,
    tap: Option<Listener>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            key: AccessKey::example(),
            region: "us-east-1".to_owned(),
            clock: Clock::system(),
            max_skew: Some(Duration::from_mins(5)),
            verify: true,
            plaintext: false,
            tls_names: Vec::new(),
            response_head: ResponseHead::AfterEvents(1),
            http2: Http2::default(),
            sonic: Settings {
                strict: false,
                limits: Limits::default(),
                pace: Pace {
                    latency: Duration::ZERO,
                    speed: 4.0,
                },
                scenario: None,
            },
            seed: None,
            bearer_keys: Vec::new(),
            faults: Vec::new(),
            observer: None,
            script: None,
            tap: None,
        }
    }
}

impl Builder {
    /// Where to listen: a loopback address. Default `127.0.0.1:0`, which takes a free port.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The region of the credential scope. Default `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The access key that is accepted. Default: the example key of AWS's documentation. Keys that AWS issued are refused.
    pub fn credentials(
        mut self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        self.key.id = access_key_id.into();
        self.key.secret = secret_access_key.into();
        self
    }

    /// The session token that must come with the access key. Default: none may.
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.key.session_token = Some(token.into());
        self
    }

    /// A Bedrock API key that is accepted as `Authorization: Bearer` by the one-way calls. Default: none is.
    pub fn bearer_key(mut self, key: impl Into<String>) -> Self {
        self.bearer_keys.push(key.into());
        self
    }

    /// The clock that dates are checked against. Default: the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How far a request's and an event's date may be from the clock; `None` for any distance. Default: five minutes.
    pub fn max_skew(mut self, max: Option<Duration>) -> Self {
        self.max_skew = max;
        self
    }

    /// Whether signatures are checked. Default: yes. Turned off, the server is for measuring clients; unsigned events pass too.
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// No TLS: HTTP/2 with prior knowledge, or HTTP/1.1. Default: TLS.
    pub fn plaintext(mut self, plaintext: bool) -> Self {
        self.plaintext = plaintext;
        self
    }

    /// One more name for the certificate, beside `localhost`, `127.0.0.1` and `::1`.
    pub fn tls_name(mut self, name: impl Into<String>) -> Self {
        self.tls_names.push(name.into());
        self
    }

    /// When the response head of a duplex call is sent. Default: after the first input event, as the service does.
    pub fn response_head(mut self, when: ResponseHead) -> Self {
        self.response_head = when;
        self
    }

    /// The longest DATA frame that is sent, in bytes, at least 1. Default: 16,384.
    pub fn data_frame_size(mut self, bytes: usize) -> Self {
        self.http2.data_frame_size = bytes.max(1);
        self
    }

    /// The flow-control window of one call, in bytes, as this side grants it. Default: 1 MiB.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.http2.stream_window = bytes;
        self
    }

    /// The flow-control window of a connection, in bytes, as this side grants it. Default: 16 MiB.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.http2.connection_window = bytes;
        self
    }

    /// Calls at the same time on one connection. Default: 250.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.http2.max_concurrent_streams = streams;
        self
    }

    /// Refuses what is otherwise only warned of. Default: no.
    pub fn strict(mut self, strict: bool) -> Self {
        self.sonic.strict = strict;
        self
    }

    /// Limits of Nova Sonic sessions. Default: those of the service.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.sonic.limits = limits;
        self
    }

    /// From the end of the user's turn to the reply. Default: none.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.sonic.pace.latency = latency;
        self
    }

    /// How many times faster than real time speech is sent. Default: 4. Values that are not above 0 are taken as the default.
    pub fn speech_speed(mut self, factor: f64) -> Self {
        if factor.is_finite() && factor > 0.0 {
            self.sonic.pace.speed = factor;
        }
        self
    }

    /// A script for the server. Default: it echoes.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.sonic.scenario = Some(scenario);
        self
    }

    /// Something that goes wrong, from the menu. Faults can be combined.
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// The seed of identifiers and of random faults, so that a run can be repeated. Default: random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Told of every call: opened, refused, warned of, ended. Called on the server's tasks; it must not block.
    pub fn observe(mut self, observer: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Bytes to answer with, in place of a conversation: a recording, for one. Signatures are checked all the same.
    pub fn script(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    /// Told of all that goes over the wire of every call, by the call's number; no secret is taken out. Called on the server's
    /// tasks; it must not block.
    pub fn tap(mut self, listener: impl Fn(u64, Traffic<'_>) + Send + Sync + 'static) -> Self {
        self.tap = Some(Arc::new(listener));
        self
    }

    /// Makes a server without a socket, for byte streams that the caller brings.
    ///
    /// # Errors
    ///
    /// A real-looking access key, a certificate that cannot be made, no random source.
    pub fn build(mut self) -> Result<Server, BuildError> {
        if looks_real(&self.key.id) {
            return Err(BuildError::RealAccessKey);
        }
        self.apply_server_faults();
        let has = |kind| self.faults.iter().any(|fault| fault.kind() == kind);
        let alpn: &[&[u8]] = if has(FaultKind::AlpnNone) {
            &[]
        } else if has(FaultKind::AlpnHttp1) {
            &[b"http/1.1"]
        } else {
            &[b"h2", b"http/1.1"]
        };
        let tls = Tls::generate(&self.tls_names, alpn).map_err(BuildError::Certificate)?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(|_| BuildError::Random)?,
        };
        let policy = Policy {
            keys: vec![self.key],
            region: self.region,
            bearer_keys: self.bearer_keys,
            max_skew: self.max_skew,
            expired: false,
        };
        Ok(Server::new(State {
            policy,
            clock: self.clock,
            verify: self.verify,
            tls,
            response_head: self.response_head,
            http2: self.http2,
            sonic: self.sonic,
            ids: Mutex::new(Ids::seeded(seed)),
            upload_room: Semaphore::new(MAX_BODIES),
            faults: self
                .faults
                .into_iter()
                .map(|fault| (fault, AtomicU64::new(0)))
                .collect(),
            observer: self.observer,
            script: self.script.map(Stage::new),
            tap: self.tap,
            calls: AtomicU64::new(0),
        }))
    }

    /// Faults that are settings of the whole server.
    fn apply_server_faults(&mut self) {
        for fault in &self.faults {
            match fault.kind() {
                FaultKind::WindowNever => self.http2.windows = Windows::Never,
                FaultKind::WindowLate => self.http2.windows = Windows::Late,
                FaultKind::WindowZero => {
                    self.http2.stream_window = 0;
                    self.http2.windows = Windows::Never;
                }
                FaultKind::ClockAhead => self.clock = self.clock.clone().ahead(WRONG_BY),
                FaultKind::ClockBehind => self.clock = self.clock.clone().behind(WRONG_BY),
                _ => {}
            }
        }
    }

    /// Starts a server on a loopback address and returns once it listens.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build), an address that is not a loopback one, one that cannot be bound.
    pub async fn start(self) -> Result<Loopback, BuildError> {
        let listen = self.listen;
        if !listen.ip().is_loopback() {
            return Err(BuildError::NotLoopback(listen));
        }
        let plaintext = self.plaintext;
        let server = self.build()?;
        Loopback::listen(server, listen, plaintext)
            .await
            .map_err(BuildError::Listen)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("key", &self.key)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Why a server could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The access key id has the form of one that AWS issued. Loopback servers take made-up keys only.
    RealAccessKey,
    /// The address is not a loopback one.
    NotLoopback(SocketAddr),
    /// The certificate could not be made.
    Certificate(String),
    /// The operating system gave no random number.
    Random,
    /// The address could not be bound.
    Listen(std::io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealAccessKey => f.write_str(
                "the access key id looks like one that AWS issued; use a made-up one here",
            ),
            Self::NotLoopback(address) => write!(f, "{address} is not a loopback address"),
            Self::Certificate(why) => write!(f, "no certificate: {why}"),
            Self::Random => f.write_str("the operating system gave no random number"),
            Self::Listen(error) => write!(f, "cannot listen: {error}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(error) => Some(error),
            _ => None,
        }
    }
}
