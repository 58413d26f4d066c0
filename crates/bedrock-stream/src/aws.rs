//! Credentials from AWS's own crates, and what aws-config finds on this machine.

use std::fmt::Write as _;

use aws_credential_types::provider::ProvideCredentials as AwsProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError as AwsError;
use eventstream_codec::Timestamp;
use eventstream_sigv4::Credentials;

use crate::credentials::{CredentialsError, CredentialsFuture, ProvideCredentials};

/// What to say to someone who has no credentials.
const HOW_TO: &str = "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), \
                      or AWS_PROFILE, or run `aws configure` or `aws sso login`";

/// Any provider of the aws-credential-types crate.
#[derive(Debug)]
pub struct AwsCredentials(SharedCredentialsProvider);

impl AwsCredentials {
    /// Wraps a provider, that of an `SdkConfig` for example.
    #[must_use]
    pub fn new(provider: SharedCredentialsProvider) -> Self {
        Self(provider)
    }
}

impl ProvideCredentials for AwsCredentials {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            let found = self
                .0
                .provide_credentials()
                .await
                .map_err(|error| said_plainly(&error))?;
            let mut credentials =
                Credentials::new(found.access_key_id(), found.secret_access_key());
            if let Some(token) = found.session_token() {
                credentials = credentials.with_session_token(token);
            }
            let expiry = found
                .expiry()
                .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            if let Some(millis) = expiry.and_then(|at| i64::try_from(at.as_millis()).ok()) {
                credentials = credentials.with_expiry(Timestamp::from_millis(millis));
            }
            Ok(credentials)
        })
    }
}

/// One line: what to do first, then what the chain said.
fn said_plainly(error: &AwsError) -> CredentialsError {
    if matches!(error, AwsError::CredentialsNotLoaded(_)) {
        return CredentialsError::new(HOW_TO);
    }
    let mut text = format!("{HOW_TO} (tried last: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text.push(')');
    CredentialsError::new(text)
}

/// What the default chain of aws-config found.
#[cfg(feature = "aws-config")]
pub(crate) struct Found {
    pub(crate) region: Option<String>,
    pub(crate) credentials: Option<AwsCredentials>,
    /// `AWS_ENDPOINT_URL`, or `endpoint_url` of the profile.
    pub(crate) endpoint_url: Option<String>,
    pub(crate) fips: Option<bool>,
    pub(crate) dual_stack: Option<bool>,
}

/// Runs aws-config's default chain: environment, profiles, SSO, containers, instance metadata.
#[cfg(feature = "aws-config")]
pub(crate) async fn find(profile: Option<&str>, region: Option<&str>) -> Found {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(http);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(aws_config::Region::new(region.to_owned()));
    }
    let config = loader.load().await;
    Found {
        region: config.region().map(ToString::to_string),
        credentials: config.credentials_provider().map(AwsCredentials::new),
        endpoint_url: config.endpoint_url().map(str::to_owned),
        fips: config.use_fips(),
        dual_stack: config.use_dual_stack(),
    }
}
