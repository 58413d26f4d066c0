//! The client: where to connect, as whom, and with which patience.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use converse_stream::ConverseRequest;
use eventstream_sigv4::{Credentials, EventSigner, Payload, Scope, sign_head};
use h2_duplex::{Connection, Connector, Deadlines};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT,
};

use crate::builder::ClientBuilder;
use crate::clock::Clock;
use crate::converse::ConverseCall;
use crate::credentials::SharedProvider;
use crate::endpoint::{Endpoint, Operation};
use crate::error::Error;
use crate::invoke::InvokeCall;
use crate::one_way::OneWay;
use crate::recording::{RecordedReceive, RecordedSend, Recorder, Recording};
use crate::retry::Retry;
use crate::sonic::SonicBuilder;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("bedrock-stream/", env!("CARGO_PKG_VERSION")));

/// The sending half of a call on a connection of a client's own.
pub type ClientSend = RecordedSend<h2_duplex::Sender>;
/// The receiving half of a call on a connection of a client's own.
pub type ClientReceive = RecordedReceive<h2_duplex::Receiver>;

/// A client of Amazon Bedrock Runtime. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) region: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Option<SharedProvider>,
    /// `authorization` of the one-way calls, in place of a signature.
    pub(crate) bearer: Option<HeaderValue>,
    pub(crate) min_lifetime: Duration,
    pub(crate) connector: Connector,
    /// The connections of the one-way calls.
    pub(crate) one_way: OneWay,
    /// The deadlines of the one-way calls.
    pub(crate) deadlines: Deadlines,
    /// The deadlines of voice sessions, also on connections that the caller made.
    pub(crate) session_deadlines: Deadlines,
    pub(crate) retry: Retry,
    pub(crate) clock: Clock,
    pub(crate) recording: Option<Recording>,
}

impl Client {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Settings for a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with the region and credentials that aws-config's default chain finds.
    ///
    /// # Errors
    /// Where no region is set anywhere. Missing credentials are reported when a stream is opened.
    #[cfg(feature = "aws-config")]
    pub async fn from_env() -> Result<Self, Error> {
        Self::builder().load().await
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// Scheme, host and port of the service.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.endpoint.origin()
    }

    /// The clock that dates signatures.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// A voice session with a Nova Sonic model, `amazon.nova-2-5-sonic` for example.
    pub fn sonic(&self, model: impl Into<String>) -> SonicBuilder {
        SonicBuilder::new(self.clone(), model.into())
    }

    /// A request to a model by ConverseStream, `us.amazon.nova-micro-v1:0` for example: an id or an ARN.
    pub fn converse(&self, model: impl Into<String>, request: &ConverseRequest) -> ConverseCall {
        ConverseCall::new(self.clone(), model.into(), request.to_body())
    }

    /// Makes connections for one-way calls until so many wait, so that the next calls need not wait for TCP and TLS. They are
    /// kept for a minute.
    ///
    /// # Errors
    /// A connection could not be made.
    ///
    /// # Cancel safety
    /// Connections made so far are kept.
    pub async fn warm(&self, connections: usize) -> Result<(), Error> {
        let origin = self.origin_uri()?;
        self.0
            .one_way
            .warm(&origin, connections)
            .await
            .map_err(Error::transport)
    }

    /// A request to a model in its own JSON by InvokeModelWithResponseStream; [`Family::body`](converse_stream::family::Family::body)
    /// writes one of a common request.
    pub fn invoke_stream(&self, model: impl Into<String>, body: impl Into<Bytes>) -> InvokeCall {
        InvokeCall::new(self.clone(), model.into(), body.into())
    }

    /// How often requests are sent.
    pub(crate) fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The connections of the one-way calls.
    pub(crate) fn one_way(&self) -> OneWay {
        self.0.one_way.clone().recording(self.0.recording.clone())
    }

    /// Makes a connection for one duplex call and spawns its driver, which ends with the connection.
    pub(crate) async fn connect(&self) -> Result<Connection, Error> {
        let origin = self.origin_uri()?;
        self.0
            .connector
            .connect_and_spawn(&origin)
            .await
            .map_err(Error::transport)
    }

    /// The transport with this client's recorder around it, if it has one.
    pub(crate) fn recorded<D>(&self, transport: D) -> Recorder<D> {
        Recorder::maybe(transport, self.0.recording.clone())
    }

    fn origin_uri(&self) -> Result<http::Uri, Error> {
        self.origin()
            .parse()
            .map_err(|_| Error::config("the endpoint is not a URL"))
    }

    /// Where `operation` on `model` is.
    pub(crate) fn url(&self, model: &str, operation: Operation) -> Result<http::Uri, Error> {
        self.0.endpoint.url(model, operation)
    }

    /// Where the call of this path is.
    pub(crate) fn url_of_path(&self, path: &str) -> Result<http::Uri, Error> {
        self.0.endpoint.url_of_path(path)
    }

    /// The head of a one-way call: with the API key, or signed with its body.
    pub(crate) async fn one_way_head(
        &self,
        url: http::Uri,
        headers: &HeaderMap,
        body: &Bytes,
        deadlines: Option<Deadlines>,
    ) -> Result<http::Request<()>, Error> {
        let inner = &self.0;
        let (mut parts, ()) = http::Request::post(url)
            .header(CONTENT_TYPE, JSON)
            .header(CONTENT_LENGTH, body.len())
            .extension(deadlines.unwrap_or(inner.deadlines))
            .body(())
            .map_err(|error| Error::config(error.to_string()))?
            .into_parts();
        parts.headers.extend(headers.clone());
        if let Some(bearer) = &inner.bearer {
            parts.headers.insert(AUTHORIZATION, bearer.clone());
        } else {
            let credentials = self.credentials().await?;
            let scope = Scope::new(inner.region.as_str(), "bedrock");
            let now = inner.clock.now();
            let signed = sign_head(&parts, Payload::Body(body), &credentials, &scope, now)
                .map_err(|error| Error::config(error.to_string()))?;
            let _seed = signed.apply(&mut parts.headers);
        }
        parts.headers.insert(USER_AGENT, AGENT);
        Ok(http::Request::from_parts(parts, ()))
    }

    /// Signs the head of a bidirectional call on `model`.
    pub(crate) async fn sign_bidirectional(&self, model: &str) -> Result<SignedCall, Error> {
        let url = self.url(model, Operation::InvokeModelWithBidirectionalStream)?;
        self.sign_duplex(url).await
    }

    /// Signs the head of a call whose events are signed too.
    pub(crate) async fn sign_duplex(&self, url: http::Uri) -> Result<SignedCall, Error> {
        let inner = &self.0;
        let credentials = match self.credentials().await {
            Err(error) if inner.bearer.is_some() => {
                return Err(Error::credentials(format!(
                    "this call cannot be opened with a Bedrock API key, since each of its events is signed: \
                     give AWS credentials too ({error})"
                )));
            }
            credentials => credentials?,
        };
        let scope = Scope::new(inner.region.as_str(), "bedrock");
        let (mut parts, ()) = http::Request::post(url)
            .header(CONTENT_TYPE, EVENT_STREAM)
            .extension(inner.session_deadlines)
            .body(())
            .map_err(|error| Error::config(error.to_string()))?
            .into_parts();
        let now = inner.clock.now();
        let signature = sign_head(&parts, Payload::SignedEvents, &credentials, &scope, now)
            .map_err(|error| Error::config(error.to_string()))?;
        let seed = signature.apply(&mut parts.headers);
        // Not signed: proxies like to change it.
        parts.headers.insert(USER_AGENT, AGENT);
        let expires_at = credentials.expires_at();
        let signer = EventSigner::new(seed, &credentials, scope);
        Ok(SignedCall {
            head: http::Request::from_parts(parts, ()),
            signer,
            expires_at,
        })
    }

    /// Credentials that live long enough; the provider is asked a second time where they do not.
    async fn credentials(&self) -> Result<Credentials, Error> {
        let Some(provider) = &self.0.credentials else {
            return Err(Error::credentials("this client has no AWS credentials"));
        };
        let first = provider.load().await?;
        if self.lives_long_enough(&first) {
            return Ok(first);
        }
        let second = provider.load().await?;
        if self.lives_long_enough(&second) {
            return Ok(second);
        }
        Err(Error::credentials(format!(
            "the AWS credentials expire in less than {} s, the least that a stream is opened with: renew them",
            self.0.min_lifetime.as_secs()
        )))
    }

    fn lives_long_enough(&self, credentials: &Credentials) -> bool {
        let Some(end) = credentials.expires_at() else {
            return true;
        };
        let left = end
            .as_millis()
            .saturating_sub(self.0.clock.now().as_millis());
        u128::try_from(left).is_ok_and(|left| left >= self.0.min_lifetime.as_millis())
    }
}

/// A request head with its signature, and the signer that goes on from there.
pub(crate) struct SignedCall {
    pub(crate) head: http::Request<()>,
    pub(crate) signer: EventSigner,
    pub(crate) expires_at: Option<eventstream_codec::Timestamp>,
}
