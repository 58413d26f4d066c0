//! TLS and ALPN over an in-memory pipe.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{
    Connector, Deadline, Deadlines, Duplex, Error, ErrorKind, Phase, ReceiveHalf, SendHalf,
    Settings, Tls,
};
use http::{Request, Uri};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

struct Authority {
    certificate: rcgen::Certificate,
    key: rcgen::KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["test".to_owned()]).unwrap();
        Self {
            certificate: parameters.self_signed(&key).unwrap(),
            key,
        }
    }

    fn server(&self, alpn: &[&[u8]]) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![self.certificate.der().clone()],
                PrivateKeyDer::try_from(self.key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    fn client(&self, deadlines: Deadlines) -> Connector {
        let tls = Tls::builder()
            .roots_pem(self.certificate.pem().as_bytes())
            .unwrap();
        Connector::new(
            tls.build().unwrap(),
            Settings::default().deadlines(deadlines),
        )
    }
}

fn uri() -> Uri {
    Uri::from_static("https://test/call")
}

async fn refused(connector: Connector, acceptor: TlsAcceptor) -> Error {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let uri = uri();
    let (result, _server) = tokio::join!(connector.connect_over(near, &uri), acceptor.accept(far));
    result.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_through_tls() {
    let authority = Authority::new();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = authority.server(&[b"h2"]);
    let serve = tokio::spawn(async move {
        let tls: TlsStream<DuplexStream> = acceptor.accept(far).await.unwrap();
        let mut connection = h2::server::handshake(tls).await.unwrap();
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            let mut answer = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            answer
                .send_data(Bytes::from_static(b"hello"), true)
                .unwrap();
        }
    });
    let connector = authority.client(Deadlines::default());
    let (mut connection, driver) = connector.connect_over(near, &uri()).await.unwrap();
    let driver = tokio::spawn(driver);
    let request = Request::post(uri()).body(()).unwrap();
    let (mut send, mut receive) = connection.open(request).await.unwrap();
    send.finish().await.unwrap();
    assert_eq!(receive.next().await.unwrap().unwrap(), "hello");
    assert_eq!(receive.next().await.unwrap(), None);
    drop(connection);
    driver.await.unwrap().unwrap();
    serve.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn alpn_is_checked_before_anything_is_sent() {
    let authority = Authority::new();
    let none = refused(
        authority.client(Deadlines::default()),
        authority.server(&[]),
    )
    .await;
    assert_eq!((none.kind(), none.phase()), (ErrorKind::Alpn, Phase::Tls));
    assert!(
        none.to_string()
            .contains("negotiated no protocol with test:443"),
        "{none}"
    );
    let other = refused(
        authority.client(Deadlines::default()),
        authority.server(&[b"http/1.1"]),
    )
    .await;
    assert_eq!(other.kind(), ErrorKind::Alpn);
    assert!(!other.was_processed());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_not_trusted() {
    let stranger = Authority::new().server(&[b"h2"]);
    let error = refused(Authority::new().client(Deadlines::default()), stranger).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.to_string().contains("test:443"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_meets_the_deadline_of_tls() {
    let deadlines = Deadlines {
        tls: Some(Duration::from_secs(3)),
        ..Deadlines::NONE
    };
    let (near, _far) = tokio::io::duplex(64 * 1024);
    let start = tokio::time::Instant::now();
    let error = Authority::new()
        .client(deadlines)
        .connect_over(near, &uri())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline(Deadline::Tls));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[test]
fn unusable_settings_are_refused() {
    assert!(Tls::builder().build().is_err());
    assert!(Tls::builder().roots_pem(b"no certificate").is_err());
}
