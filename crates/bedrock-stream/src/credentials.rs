//! Where credentials come from. Asked once for each stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use eventstream_sigv4::Credentials;

use crate::error::Error;

/// The future of [`ProvideCredentials::provide`].
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send + 'a>>;

/// Gives credentials, fresh enough to open a stream with.
///
/// It is asked once for each stream that is opened; what it gives is kept for the stream's whole life, whatever it
/// gives later. [`Credentials`] are a provider of themselves.
pub trait ProvideCredentials: Send + Sync + 'static {
    /// Loads credentials, or gives those that it holds.
    fn provide(&self) -> CredentialsFuture<'_>;
}

impl ProvideCredentials for Credentials {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

/// Why there are no credentials: one line for the user, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsError(String);

impl CredentialsError {
    /// An error with what is missing and how to set it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CredentialsError {}

/// A provider of any kind, shared by the streams of a client.
#[derive(Clone)]
pub(crate) struct SharedProvider(Arc<dyn ProvideCredentials>);

impl SharedProvider {
    pub(crate) fn new(provider: impl ProvideCredentials) -> Self {
        Self(Arc::new(provider))
    }

    pub(crate) async fn load(&self) -> Result<Credentials, Error> {
        self.0
            .provide()
            .await
            .map_err(|error| Error::credentials(error.0))
    }
}

impl fmt::Debug for SharedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedProvider")
    }
}
