//! The client: where to connect, as whom, and with which patience.

use std::sync::Arc;
use std::time::Duration;

use eventstream_sigv4::{Credentials, EventSigner, Payload, Scope, sign_head};
use h2_duplex::{Connection, Connector, Deadlines, Settings, Tls};
use http::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};

use crate::clock::Clock;
use crate::credentials::{ProvideCredentials, SharedProvider};
use crate::endpoint::{Endpoint, Operation};
use crate::error::Error;
use crate::sonic::SonicBuilder;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("bedrock-stream/", env!("CARGO_PKG_VERSION")));

/// A client of Amazon Bedrock Runtime. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    region: String,
    endpoint: Endpoint,
    credentials: SharedProvider,
    min_lifetime: Duration,
    connector: Connector,
    clock: Clock,
}

impl Client {
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

    /// Makes a connection for one duplex call and spawns its driver, which ends with the connection.
    pub(crate) async fn connect(&self) -> Result<Connection, Error> {
        let origin = self
            .origin()
            .parse()
            .map_err(|_| Error::config("the endpoint is not a URL"))?;
        self.0
            .connector
            .connect_and_spawn(&origin)
            .await
            .map_err(Error::transport)
    }

    /// Signs the head of a bidirectional call on `model`.
    pub(crate) async fn sign_bidirectional(&self, model: &str) -> Result<SignedCall, Error> {
        let inner = &self.0;
        let uri = inner
            .endpoint
            .url(model, Operation::InvokeModelWithBidirectionalStream)?;
        let credentials = self.credentials().await?;
        let scope = Scope::new(inner.region.as_str(), "bedrock");
        let (mut parts, ()) = http::Request::post(uri)
            .header(CONTENT_TYPE, EVENT_STREAM)
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
        let first = self.0.credentials.load().await?;
        if self.lives_long_enough(&first) {
            return Ok(first);
        }
        let second = self.0.credentials.load().await?;
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

/// Settings for a [`Client`].
#[derive(Debug)]
#[must_use = "settings do nothing until `build` or `load`"]
pub struct ClientBuilder {
    region: Option<String>,
    #[cfg(feature = "aws-config")]
    profile: Option<String>,
    endpoint_url: Option<String>,
    credentials: Option<SharedProvider>,
    min_lifetime: Duration,
    roots_pem: Option<Vec<u8>>,
    settings: Settings,
    clock: Clock,
}

impl ClientBuilder {
    /// The region: signatures are for it, and the endpoint is its own unless another is set.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The profile that [`load`](Self::load) takes region and credentials from.
    #[cfg(feature = "aws-config")]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Another endpoint than the region's: a VPC endpoint, a gateway, `bedrock serve`. May have a base path. With
    /// `http://` bytes travel in the clear.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Credentials, or what provides them; it is asked once for each stream.
    pub fn credentials(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(SharedProvider::new(provider));
        self
    }

    /// How long credentials must be good for when a stream is opened; 60 s unless set. The provider is asked once more
    /// where they are not.
    pub fn min_credential_lifetime(mut self, least: Duration) -> Self {
        self.min_lifetime = least;
        self
    }

    /// Certificates to trust, in PEM, instead of those of the operating system.
    pub fn trust_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem = Some(pem.into());
        self
    }

    /// The six deadlines of a call. Unless set: 10 s to connect, 10 s for TLS, 60 s for the response head, then 300 s
    /// between bytes, since a voice session is silent while the user is.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.settings = self.settings.deadlines(deadlines);
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The client, from these settings alone.
    ///
    /// # Errors
    /// Where region or credentials are missing, or a setting cannot be.
    pub fn build(self) -> Result<Client, Error> {
        let region = self.region.ok_or_else(|| {
            Error::config("no AWS region: set AWS_REGION, or `region` in the profile, or name one")
        })?;
        let endpoint = match &self.endpoint_url {
            Some(url) => Endpoint::parse(url)?,
            None => Endpoint::of_region(&region)?,
        };
        let credentials = self.credentials.ok_or_else(|| {
            Error::config("no credentials and nothing that provides them were given")
        })?;
        let tls = tls(self.roots_pem.as_deref(), endpoint.is_plaintext())?;
        Ok(Client(Arc::new(Inner {
            region,
            endpoint,
            credentials,
            min_lifetime: self.min_lifetime,
            connector: Connector::new(tls, self.settings),
            clock: self.clock,
        })))
    }

    /// The client, with whatever is not set taken from aws-config's default chain.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    #[cfg(feature = "aws-config")]
    pub async fn load(mut self) -> Result<Client, Error> {
        if self.region.is_none() || self.credentials.is_none() {
            let found = crate::aws::find(self.profile.as_deref(), self.region.as_deref()).await;
            self.region = self.region.or(found.region);
            self.credentials = self
                .credentials
                .or(found.credentials.map(SharedProvider::new));
        }
        self.build()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        let patience = Duration::from_mins(5);
        let deadlines = Deadlines {
            first_byte: Some(patience),
            between_bytes: Some(patience),
            ..Deadlines::default()
        };
        Self {
            region: None,
            #[cfg(feature = "aws-config")]
            profile: None,
            endpoint_url: None,
            credentials: None,
            min_lifetime: Duration::from_mins(1),
            roots_pem: None,
            settings: Settings::default().deadlines(deadlines),
            clock: Clock::system(),
        }
    }
}

fn tls(roots_pem: Option<&[u8]>, plaintext: bool) -> Result<Tls, Error> {
    let builder = Tls::builder();
    let builder = match roots_pem {
        Some(pem) => builder.roots_pem(pem).map_err(Error::transport)?,
        // Nothing is verified in plain text; a machine without certificates must not matter then.
        None if plaintext => builder,
        None => system_roots(builder)?,
    };
    builder.build().map_err(Error::transport)
}

#[cfg(feature = "native-roots")]
fn system_roots(builder: h2_duplex::TlsBuilder) -> Result<h2_duplex::TlsBuilder, Error> {
    builder.native_roots().map_err(Error::transport)
}

#[cfg(all(feature = "webpki-roots", not(feature = "native-roots")))]
fn system_roots(builder: h2_duplex::TlsBuilder) -> Result<h2_duplex::TlsBuilder, Error> {
    Ok(builder.webpki_roots())
}

#[cfg(not(any(feature = "native-roots", feature = "webpki-roots")))]
fn system_roots(_builder: h2_duplex::TlsBuilder) -> Result<h2_duplex::TlsBuilder, Error> {
    Err(Error::config(
        "no certificates are trusted: name some with `trust_pem`, or build with `native-roots` or `webpki-roots`",
    ))
}
