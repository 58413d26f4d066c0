//! The bridge as a value: settings, one request's answer, the end.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bedrock_stream::SonicBuilder;
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{Method, Request, Response, StatusCode, request};
use hyper_util::rt::TokioIo;
use nova_sonic::SampleRate;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::access::{Access, Token};
use crate::limits::Limits;
use crate::notice::{Notice, Refusal};
use crate::page::{self, Body};
use crate::registry::{Registry, random_token};
use crate::shared::Shared;
use crate::welcome::{Caller, welcome};

/// Where browsers connect, and where telephone providers do; relative to the page.
const BROWSERS: &str = "talk";
const PHONES: &str = "phone";

/// Voice sessions for browsers and telephones: the page, the WebSocket beneath it, and a telephone provider's.
///
/// It is a value to be asked: [`respond`](Self::respond) answers a request of any server that is made of hyper 1 (axum is), and
/// [`listen`](Self::listen) is such a server. Cheap to clone; all clones have the same sessions.
#[derive(Clone)]
pub struct Talk {
    pub(crate) shared: Arc<Shared>,
}

/// A [`Talk`] in the making.
#[must_use = "nothing is there until `build`"]
pub struct TalkBuilder {
    shared: Shared,
}

impl Talk {
    /// Begins with what makes a session of each call: a model, its system text, tools, voice. It is given the head of the
    /// request, with whatever your own server has put into its extensions (who is calling, say), and may say no by `None`. The
    /// rates of the audio are set by the bridge.
    pub fn builder(
        begin: impl Fn(&request::Parts) -> Option<SonicBuilder> + Send + Sync + 'static,
    ) -> TalkBuilder {
        let limits = Limits::default();
        TalkBuilder {
            shared: Shared {
                begin: Box::new(begin),
                observer: None,
                access: Access::default(),
                limits,
                output_rate: SampleRate::Hz24000,
                greeting: None,
                explains: false,
                registry: Arc::new(Registry::new(limits.sessions)),
                stop: tokio::sync::watch::Sender::new(false),
            },
        }
    }

    /// Answers one request: the page and its files, or the change to a WebSocket, which is then served by a task of its own.
    /// The path is taken relative to where this was mounted; mount it under a path that ends with a slash.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn respond<B>(&self, mut request: Request<B>) -> Response<Body> {
        if let Err(why) = self.shared.access.check_host(request.headers()) {
            return self.turn_away(StatusCode::MISDIRECTED_REQUEST, why);
        }
        let path = request.uri().path();
        let name = path.rsplit('/').next().unwrap_or_default();
        let caller = match name {
            BROWSERS => Caller::Browser,
            PHONES => Caller::Phone,
            _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                return page::plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
            }
            name => {
                let file = page::file(name);
                return file.unwrap_or_else(|| page::plain(StatusCode::NOT_FOUND, "not here\n"));
            }
        };
        if let Err(why) = self.shared.access.check_origin(request.headers()) {
            return self.turn_away(StatusCode::FORBIDDEN, why);
        }
        let Some(key) = upgrade_key(&request) else {
            let text = "this is a WebSocket (version 13)\n";
            return page::plain(StatusCode::UPGRADE_REQUIRED, text);
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // Where it fails the client is gone, or the server does not know of upgrades.
            if let Ok(upgraded) = upgrade.await {
                welcome(shared, caller, Box::new(TokioIo::new(upgraded)), parts).await;
            }
        });
        let mut response = page::empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
        response
    }

    /// Serves a browser's session on a stream whose upgrade to a WebSocket your own server has agreed on; `request` is its head.
    /// Host and origin are yours to check. Returns when the client has its session, or was refused; the session goes on by itself.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn serve_upgraded(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: request::Parts,
    ) {
        let shared = Arc::clone(&self.shared);
        welcome(shared, Caller::Browser, Box::new(stream), request).await;
    }

    /// As [`serve_upgraded`](Self::serve_upgraded), for the media stream of a telephone provider.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn serve_phone(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: request::Parts,
    ) {
        let shared = Arc::clone(&self.shared);
        welcome(shared, Caller::Phone, Box::new(stream), request).await;
    }

    /// 128 random bits in hex, fit for a [token](TalkBuilder::token); `None` where the system gives none.
    #[must_use]
    pub fn random_token() -> Option<String> {
        random_token()
    }

    /// Sessions of this moment, those included that wait for their client.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shared.registry.count()
    }

    /// Takes no new session, ends all in order, and waits until they are over or the time has passed. Gives whether all are.
    ///
    /// # Cancel safety
    /// The sessions end all the same where the future is dropped.
    pub async fn close(&self, deadline: Duration) -> bool {
        self.shared.stop.send_replace(true);
        let empty = self.shared.registry.empty();
        tokio::time::timeout(deadline, empty).await.is_ok()
    }

    fn turn_away(&self, status: StatusCode, why: Refusal) -> Response<Body> {
        self.shared.observe(&Notice::Refused { why, error: None });
        page::plain(status, why.told().1)
    }
}

impl TalkBuilder {
    /// What a client must know, in its first message. Without one whoever reaches the server may talk.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.shared.access.token = Some(Token::new(token.into()));
        self
    }

    /// A name of this server, `talk.example.com`; may be given more than once. Requests that name another host are refused,
    /// unless it is an address or `localhost`.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.shared.access.hosts.push(name.into());
        self
    }

    /// The origin of a page elsewhere that may connect, `https://shop.example`; may be given more than once. Our own page may.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.shared.access.origins.push(origin.into());
        self
    }

    /// What clients may take.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.shared.limits = limits;
        self
    }

    /// The rate of the speech that browsers get; 24 kHz unless set. Telephones have 8 kHz.
    pub fn output_rate(mut self, rate: SampleRate) -> Self {
        self.shared.output_rate = rate;
        self
    }

    /// Has the model speak first, by this instruction.
    pub fn greeting(mut self, instruction: impl Into<String>) -> Self {
        self.shared.greeting = Some(instruction.into());
        self
    }

    /// Whether clients are told what the service or the network said when something fails; off unless set, for it may name
    /// accounts. The [observer](Self::observe) is told always.
    pub fn explain_errors(mut self, explains: bool) -> Self {
        self.shared.explains = explains;
        self
    }

    /// Is told what happens. It is called from the sessions' tasks and should not wait.
    pub fn observe(mut self, observer: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.shared.observer = Some(Box::new(observer));
        self
    }

    /// The bridge.
    #[must_use]
    pub fn build(mut self) -> Talk {
        self.shared.registry = Arc::new(Registry::new(self.shared.limits.sessions));
        Talk {
            shared: Arc::new(self.shared),
        }
    }
}

/// For servers that are made of `tower` services: axum's `nest_service("/talk/", talk)`.
impl<B> tower_service::Service<Request<B>> for Talk {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(request)))
    }
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk")
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for TalkBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TalkBuilder").finish_non_exhaustive()
    }
}

/// What the client's key is answered with, where the request is one for a WebSocket of version 13.
fn upgrade_key<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let says = |name, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let asks = request.method() == Method::GET
        && says(CONNECTION, "upgrade")
        && says(UPGRADE, "websocket")
        && says(SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()
}
