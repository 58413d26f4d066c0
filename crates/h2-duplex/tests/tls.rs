//! TLS and ALPN over an in-memory pipe.
#![expect(clippy::unwrap_used, reason = "tests")]

mod authority;

use std::time::Duration;

use authority::Authority;

use bytes::Bytes;
use h2_duplex::{
    Connector, Deadline, Deadlines, Duplex, Error, ErrorKind, Phase, ReceiveHalf, SendHalf,
    Settings, Tls,
};
use http::{Request, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

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
    let stats = connection.stats();
    assert!(stats.connect.is_none() && stats.tls.is_some(), "{stats:?}");
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

/// How a server ends a TLS connection.
#[derive(Clone, Copy, Debug)]
enum End {
    CloseNotify,
    Cut,
}

/// Answers the first call with one chunk, ends the response or not, and then the connection.
async fn answer_and(acceptor: TlsAcceptor, io: DuplexStream, end_stream: bool, end: End) {
    let tls = acceptor.accept(io).await.unwrap();
    let (taken, cut) = tokio::io::duplex(64 * 1024);
    // h2 stands behind a pipe of its own, so that its orderly close does not reach TLS.
    let relay = tokio::spawn(relay(tls, taken, end));
    let mut connection = h2::server::handshake(cut).await.unwrap();
    let (_request, mut respond) = connection.accept().await.unwrap().unwrap();
    let mut answer = respond
        .send_response(http::Response::new(()), false)
        .unwrap();
    answer
        .send_data(Bytes::from_static(b"hello"), end_stream)
        .unwrap();
    let sent = async { while connection.accept().await.is_some() {} };
    assert!(
        tokio::time::timeout(Duration::from_secs(1), sent)
            .await
            .is_err()
    );
    drop((connection, answer, respond));
    relay.await.unwrap();
}

/// Passes bytes on until the server's side closes, then ends TLS as told.
async fn relay(mut tls: TlsStream<DuplexStream>, mut server: DuplexStream, end: End) {
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = server.read(&mut down) => match read.unwrap() {
                0 => break,
                len => {
                    tls.write_all(down.get(..len).unwrap()).await.unwrap();
                    tls.flush().await.unwrap();
                }
            },
            read = tls.read(&mut up) => {
                let len = read.unwrap();
                server.write_all(up.get(..len).unwrap()).await.unwrap();
            }
        }
    }
    if matches!(end, End::CloseNotify) {
        tls.shutdown().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_tls_is_harmless_only_after_end_stream() {
    for (end_stream, end) in [
        (true, End::CloseNotify),
        (true, End::Cut),
        (false, End::CloseNotify),
        (false, End::Cut),
    ] {
        let authority = Authority::new();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let serve = tokio::spawn(answer_and(authority.server(&[b"h2"]), far, end_stream, end));
        let connector = authority.client(Deadlines::default());
        let (mut connection, driver) = connector.connect_over(near, &uri()).await.unwrap();
        let driver = tokio::spawn(driver);
        let request = Request::post(uri()).body(()).unwrap();
        // The upload stays open all the while.
        let (_send, mut receive) = connection.open(request).await.unwrap();
        serve.await.unwrap();
        // Only now is it read.
        assert!(driver.await.unwrap().is_err() || matches!(end, End::CloseNotify));
        assert_eq!(receive.next().await.unwrap().unwrap(), "hello");
        let last = receive.next().await;
        if end_stream {
            assert_eq!(last.unwrap(), None, "{end:?}");
        } else {
            assert_eq!(
                last.unwrap_err().kind(),
                ErrorKind::ConnectionLost,
                "{end:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_certificate_is_shown_where_the_server_wants_one() {
    let (servers, clients) = (Authority::new(), Authority::new());
    for shown in [true, false] {
        let mut tls = Tls::builder()
            .roots_pem(servers.certificate_pem().as_bytes())
            .unwrap();
        if shown {
            let (chain, key) = (clients.certificate_pem(), clients.key_pem());
            tls = tls.identity_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        }
        let connector = Connector::new(tls.build().unwrap(), Settings::default());
        let (near, far) = tokio::io::duplex(64 * 1024);
        let acceptor = servers.server_for(&clients);
        let uri = uri();
        let (_client, server) =
            tokio::join!(connector.connect_over(near, &uri), acceptor.accept(far));
        assert_eq!(server.is_ok(), shown);
    }
}
