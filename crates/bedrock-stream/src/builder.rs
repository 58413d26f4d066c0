//! Settings of a client, and where those come from that nobody set.

use std::time::Duration;

use h2_duplex::Deadlines;

use crate::api_key::ApiKey;
use crate::client::{Client, Inner};
use crate::clock::Clock;
use crate::credentials::{ProvideCredentials, SharedProvider};
use crate::endpoint::{Endpoint, Variant};
use crate::error::Error;
use crate::network::Network;
use crate::one_way::OneWay;
use crate::recording::Recording;
use crate::retry::Retry;

/// How long a connection without a call is kept: shorter than what load balancers and NATs forget.
const KEPT_IDLE: Duration = Duration::from_mins(1);

/// Settings for a [`Client`].
#[derive(Debug)]
#[must_use = "settings do nothing until `build` or `load`"]
pub struct ClientBuilder {
    region: Option<String>,
    #[cfg(feature = "aws-config")]
    profile: Option<String>,
    endpoint_url: Option<String>,
    fips: Option<bool>,
    dual_stack: Option<bool>,
    credentials: Option<SharedProvider>,
    api_key: Option<ApiKey>,
    min_lifetime: Duration,
    pub(crate) network: Network,
    deadlines: Option<Deadlines>,
    retry: Retry,
    clock: Clock,
    recording: Option<Recording>,
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

    /// Whether to use the region's endpoint with cryptography validated by FIPS 140.
    pub fn fips(mut self, yes: bool) -> Self {
        self.fips = Some(yes);
        self
    }

    /// Whether to use the region's endpoint that has IPv6 addresses beside IPv4.
    pub fn dual_stack(mut self, yes: bool) -> Self {
        self.dual_stack = Some(yes);
        self
    }

    /// Credentials, or what provides them; it is asked once for each stream, and for each time that a request is sent.
    pub fn credentials(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(SharedProvider::new(provider));
        self
    }

    /// A Bedrock API key for the one-way calls, in place of signatures. The bidirectional call takes none: voice sessions need
    /// [`credentials`](Self::credentials) all the same.
    pub fn bearer_token(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(ApiKey::new(key));
        self
    }

    /// How long credentials must be good for when a stream is opened; 60 s unless set. The provider is asked once more
    /// where they are not.
    pub fn min_credential_lifetime(mut self, least: Duration) -> Self {
        self.min_lifetime = least;
        self
    }

    /// The six deadlines of a call. Unless set: 10 s to connect, 10 s for TLS, 60 s for the response head of a voice
    /// session, then 300 s between bytes, since a session is silent while the user is, and a model while it thinks. The
    /// head of a one-way call comes with the model's first word and has 300 s too.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = Some(deadlines);
        self
    }

    /// How often a request is sent, and how long is waited in between; three times unless set. Voice sessions are never
    /// opened again by themselves.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Records every call on a connection of this client's own, and those of conversations and of Strands' model on any. Other calls
    /// that are opened on a connection of the caller's are not: that can be a [`Recorder`](crate::recording::Recorder) itself.
    pub fn record(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
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
        let variant = Variant {
            fips: self.fips.unwrap_or_default(),
            dual_stack: self.dual_stack.unwrap_or_default(),
        };
        let endpoint = endpoint(self.endpoint_url.as_deref(), variant, &region)?;
        let bearer = match &self.api_key {
            Some(_) if endpoint.is_plaintext() && !endpoint.is_this_machine() => {
                return Err(Error::config(
                    "a Bedrock API key is a secret and does not travel over http://: use https://",
                ));
            }
            key => key.as_ref().map(ApiKey::header).transpose()?,
        };
        if self.credentials.is_none() && bearer.is_none() {
            return Err(Error::config(
                "no credentials, nothing that provides them and no Bedrock API key were given",
            ));
        }
        let connector = self.network.connector(endpoint.is_plaintext())?;
        let patience = Some(Duration::from_mins(5));
        let of_sessions = self.deadlines.unwrap_or(Deadlines {
            first_byte: patience,
            between_bytes: patience,
            ..Deadlines::default()
        });
        let of_requests = self.deadlines.unwrap_or(Deadlines {
            response_head: patience,
            ..of_sessions
        });
        let settings = self.network.settings().deadlines(of_sessions);
        let kept = settings.clone().idle_timeout(KEPT_IDLE);
        Ok(Client::new(Inner {
            region,
            endpoint,
            credentials: self.credentials,
            bearer,
            min_lifetime: self.min_lifetime,
            one_way: OneWay::new(connector.clone().with_settings(kept)),
            connector: connector.with_settings(settings),
            deadlines: of_requests,
            session_deadlines: of_sessions,
            retry: self.retry,
            clock: self.clock,
            recording: self.recording,
        }))
    }

    /// The client, with whatever is not set taken from aws-config's default chain, and from the environment:
    /// `AWS_BEARER_TOKEN_BEDROCK` where neither credentials nor a key were set, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` before
    /// `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`, and the certificates of `AWS_CA_BUNDLE`
    /// instead of the system's.
    ///
    /// # Errors
    /// As [`build`](Self::build); and where the file of `AWS_CA_BUNDLE` cannot be read.
    #[cfg(feature = "aws-config")]
    pub async fn load(mut self) -> Result<Client, Error> {
        let found = crate::aws::find(self.profile.as_deref(), self.region.as_deref()).await;
        self.take_environment(|name| std::env::var(name).ok())?;
        self.region = self.region.or(found.region);
        self.endpoint_url = self.endpoint_url.or(found.endpoint_url);
        self.fips = self.fips.or(found.fips);
        self.dual_stack = self.dual_stack.or(found.dual_stack);
        self.credentials = self
            .credentials
            .or(found.credentials.map(SharedProvider::new));
        self.build()
    }

    /// What aws-config does not know of. What was set in code goes before it.
    #[cfg(feature = "aws-config")]
    fn take_environment(&mut self, env: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        let set = |name| env(name).filter(|value| !value.trim().is_empty());
        if self.credentials.is_none() && self.api_key.is_none() {
            self.api_key = set("AWS_BEARER_TOKEN_BEDROCK").map(ApiKey::new);
        }
        let ignored = set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if self.endpoint_url.is_none() && !ignored {
            self.endpoint_url = set("AWS_ENDPOINT_URL_BEDROCK_RUNTIME");
        }
        if let Some(path) = set("AWS_CA_BUNDLE").filter(|_| !self.network.has_roots()) {
            self.network.trust_file(&path)?;
        }
        Ok(())
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            region: None,
            #[cfg(feature = "aws-config")]
            profile: None,
            endpoint_url: None,
            fips: None,
            dual_stack: None,
            credentials: None,
            api_key: None,
            min_lifetime: Duration::from_mins(1),
            network: Network::default(),
            deadlines: None,
            retry: Retry::default(),
            clock: Clock::system(),
            recording: None,
        }
    }
}

/// Where to connect to: a URL that was set, or the region's own endpoint.
fn endpoint(url: Option<&str>, variant: Variant, region: &str) -> Result<Endpoint, Error> {
    match url {
        Some(_) if variant != Variant::default() => Err(Error::config(
            "an endpoint URL is set, and FIPS or dual-stack too: these choose among the region's own endpoints",
        )),
        Some(url) => Endpoint::parse(url),
        None => Endpoint::of_region(region, variant),
    }
}

#[cfg(test)]
mod tests {
    use eventstream_sigv4::Credentials;

    use super::*;

    const KEY: &str = "bedrock-api-key-sesame";

    fn builder() -> ClientBuilder {
        Client::builder()
            .region("us-east-1")
            .endpoint_url("http://localhost:1")
    }

    #[test]
    fn an_endpoint_url_does_not_go_with_a_choice_among_the_region_s_own() {
        let fips = Variant {
            fips: true,
            ..Variant::default()
        };
        let of_region = endpoint(None, fips, "us-east-1").unwrap();
        assert_eq!(
            of_region.origin(),
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com"
        );
        let error = builder().bearer_token(KEY).fips(true).build().unwrap_err();
        assert!(error.to_string().contains("FIPS"), "{error}");
        let error = builder().bearer_token(KEY).dual_stack(true).build();
        assert!(error.is_err());
    }

    #[test]
    fn an_api_key_is_enough_for_a_client_and_is_never_shown() {
        let builder = builder().bearer_token(KEY);
        assert!(!format!("{builder:?}").contains("sesame"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("sesame"));
        assert!(self::builder().build().is_err(), "nothing to call with");
    }

    #[test]
    fn an_api_key_does_not_travel_in_the_clear() {
        let far = builder()
            .endpoint_url("http://gateway.example")
            .bearer_token(KEY);
        let error = far.build().unwrap_err().to_string();
        assert!(error.contains("https://"), "{error}");
        assert!(!error.contains("sesame"), "{error}");
    }

    #[cfg(feature = "aws-config")]
    #[test]
    fn the_environment_fills_in_what_was_not_set() {
        let env = |name: &str| match name {
            "AWS_BEARER_TOKEN_BEDROCK" => Some(KEY.to_owned()),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" => Some("https://gateway.example/base".to_owned()),
            _ => None,
        };
        let mut empty = Client::builder();
        empty.take_environment(env).unwrap();
        assert!(empty.api_key.is_some());
        assert_eq!(
            empty.endpoint_url.as_deref(),
            Some("https://gateway.example/base")
        );

        let mut set = builder().credentials(Credentials::new("AKIDEXAMPLE", "secret"));
        set.take_environment(env).unwrap();
        assert!(set.api_key.is_none(), "credentials in code go before it");
        assert_eq!(set.endpoint_url.as_deref(), Some("http://localhost:1"));

        let mut ignoring = Client::builder();
        let taken = ignoring.take_environment(|name| match name {
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" => Some("true".to_owned()),
            "AWS_BEARER_TOKEN_BEDROCK" => Some(" ".to_owned()),
            name => env(name),
        });
        taken.unwrap();
        assert!(ignoring.endpoint_url.is_none() && ignoring.api_key.is_none());
    }

    #[cfg(feature = "aws-config")]
    #[test]
    fn a_bundle_of_certificates_is_read_or_named_unless_others_were_set() {
        let bundle = |name: &str| (name == "AWS_CA_BUNDLE").then(|| "/no/such/file".to_owned());
        let error = Client::builder().take_environment(bundle).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("AWS_CA_BUNDLE: /no/such/file: "),
            "{error}"
        );
        let mut set = Client::builder().trust_pem("mine");
        set.take_environment(bundle).unwrap();
    }

    #[test]
    fn without_tls_no_certificate_is_read_and_with_it_they_must_be_good() {
        let nonsense = || builder().bearer_token(KEY).trust_pem("no certificate");
        nonsense().build().unwrap();
        let over_tls = nonsense().endpoint_url("https://localhost:1");
        let error = over_tls.build().unwrap_err().to_string();
        assert!(error.contains("no certificate"), "{error}");
        let identity = builder()
            .bearer_token(KEY)
            .identity_pem("chain", "-----BEGIN sesame");
        assert!(!format!("{identity:?}").contains("sesame"));
        let over_tls = identity.endpoint_url("https://localhost:1");
        let error = over_tls.build().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error}");
    }
}
