//! A certificate authority of one certificate, for `test`.
#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use std::sync::Arc;

use h2_duplex::{Connector, Deadlines, Settings, Tls};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

pub(crate) struct Authority {
    certificate: rcgen::Certificate,
    key: rcgen::KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["test".to_owned()]).unwrap();
        Self {
            certificate: parameters.self_signed(&key).unwrap(),
            key,
        }
    }

    pub(crate) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(crate) fn server(&self, alpn: &[&[u8]]) -> TlsAcceptor {
        self.acceptor(alpn, None)
    }

    /// A server that wants a certificate of `clients`.
    pub(crate) fn server_for(&self, clients: &Self) -> TlsAcceptor {
        self.acceptor(&[b"h2"], Some(clients))
    }

    fn acceptor(&self, alpn: &[&[u8]], clients: Option<&Self>) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.certificate.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut config = builder
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    pub(crate) fn client(&self, deadlines: Deadlines) -> Connector {
        let tls = Tls::builder()
            .roots_pem(self.certificate_pem().as_bytes())
            .unwrap();
        Connector::new(
            tls.build().unwrap(),
            Settings::default().deadlines(deadlines),
        )
    }
}
