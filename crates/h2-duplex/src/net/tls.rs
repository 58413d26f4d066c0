//! TLS settings: which certificates to trust, and who we are.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Error, ErrorKind, Phase};

/// TLS settings for any number of connections. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    pub(super) config: Arc<ClientConfig>,
}

impl Tls {
    /// Starts with no trusted roots.
    #[must_use]
    pub fn builder() -> TlsBuilder {
        TlsBuilder {
            roots: RootCertStore::empty(),
            identity: None,
        }
    }

    /// Trusts the certificates of the operating system.
    ///
    /// # Errors
    ///
    /// The operating system has none that can be read.
    #[cfg(feature = "native-roots")]
    pub fn native() -> Result<Self, Error> {
        Self::builder().native_roots()?.build()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Collects TLS settings.
pub struct TlsBuilder {
    roots: RootCertStore,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl TlsBuilder {
    /// Trusts the certificates of the operating system, too.
    ///
    /// # Errors
    ///
    /// It has none that can be read.
    #[cfg(feature = "native-roots")]
    pub fn native_roots(mut self) -> Result<Self, Error> {
        let found = rustls_native_certs::load_native_certs();
        let (added, _unusable) = self.roots.add_parsable_certificates(found.certs);
        match found.errors.into_iter().next() {
            Some(error) if added == 0 => {
                Err(refuse("no certificate of the operating system can be read").with_source(error))
            }
            None if added == 0 => Err(refuse("the operating system has no trusted certificates")),
            _ => Ok(self),
        }
    }

    /// Trusts Mozilla's certificates as compiled in, too.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub fn webpki_roots(mut self) -> Self {
        self.roots
            .extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        self
    }

    /// Trusts the certificates in `pem`, too.
    ///
    /// # Errors
    ///
    /// There is none, or one of them cannot be read.
    pub fn roots_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        for certificate in certificates(pem)? {
            self.roots
                .add(certificate)
                .map_err(|error| refuse("a root certificate is unusable").with_source(error))?;
        }
        Ok(self)
    }

    /// Shows the peer a client certificate: a chain, leaf first, and its private key.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub fn identity_pem(mut self, chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| refuse("the private key cannot be read").with_source(error))?;
        self.identity = Some((certificates(chain)?, key));
        Ok(self)
    }

    /// Makes the settings.
    ///
    /// # Errors
    ///
    /// No root is trusted, or the client certificate and its key do not belong together.
    pub fn build(self) -> Result<Tls, Error> {
        if self.roots.is_empty() {
            return Err(refuse("no root certificate is trusted"));
        }
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse("the TLS provider is unusable").with_source(error))?
            .with_root_certificates(self.roots);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| refuse("the client certificate is unusable").with_source(error))?,
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Tls {
            config: Arc::new(config),
        })
    }
}

impl fmt::Debug for TlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsBuilder")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// Never the process default, which somebody else may have set to something else.
fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "ring")]
    let provider = rustls::crypto::ring::default_provider();
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Arc::new(provider)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse("a certificate cannot be read").with_source(error))?;
    if found.is_empty() {
        Err(refuse("the PEM holds no certificate"))
    } else {
        Ok(found)
    }
}

fn refuse(what: &str) -> Error {
    Error::new(ErrorKind::Tls, Phase::Tls).with_detail(what)
}
