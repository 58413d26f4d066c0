//! A certificate authority that lives as long as the server, and a certificate for this machine's names.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The server's TLS side and the authority that clients must trust. The authority's key is dropped once it has signed.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
}

impl Tls {
    /// Makes an authority and a certificate for this machine's names and `more_names`.
    pub(crate) fn generate(more_names: &[String], alpn: &[&[u8]]) -> Result<Self, String> {
        Self::signed_by("bedrock-loopback test authority", more_names, alpn)
    }

    /// The same from an authority that no client has heard of.
    pub(crate) fn by_stranger() -> Result<Self, String> {
        Self::signed_by("a stranger", &[], &[b"h2"])
    }

    fn signed_by(name: &str, more_names: &[String], alpn: &[&[u8]]) -> Result<Self, String> {
        let (ca, ca_key) = authority(name).map_err(|error| error.to_string())?;
        let ca_pem = ca.pem();
        let (chain, key) = leaf(more_names, &ca_key).map_err(|error| error.to_string())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Self {
            config: Arc::new(config),
            ca_pem,
        })
    }

    /// The same without HTTP/2.
    pub(crate) fn http1_only(&self) -> Self {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            config: Arc::new(config),
            ca_pem: self.ca_pem.clone(),
        }
    }
}

type Chain = Vec<rustls_pki_types::CertificateDer<'static>>;

fn authority(name: &str) -> Result<(rcgen::Certificate, Issuer<'static, KeyPair>), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate, Issuer::new(params, key)))
}

fn leaf(
    more_names: &[String],
    issuer: &Issuer<'static, KeyPair>,
) -> Result<(Chain, PrivateKeyDer<'static>), rcgen::Error> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend_from_slice(more_names);
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "bedrock-loopback");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((chain, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_its_own_authority() {
        let first = Tls::generate(&[], &[b"h2"]).unwrap();
        let second = Tls::generate(&["example.test".to_owned()], &[b"h2"]).unwrap();
        assert!(first.ca_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert_ne!(first.ca_pem, second.ca_pem);
        assert_eq!(first.config.alpn_protocols, [b"h2".to_vec()]);
    }
}
