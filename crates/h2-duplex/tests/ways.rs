//! The ways to a server: CONNECT, SOCKS5, exceptions, another address, a connector of one's own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod authority;

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use authority::Authority;
use bytes::Bytes;
use h2_duplex::{
    Connector, Deadline, Deadlines, Duplex, Error, ErrorKind, Phase, Proxy, ReceiveHalf, Settings,
};
use http::{Request, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// An h2 server over TLS that says hello to every call.
async fn server(authority: &Authority, alpn: &[&[u8]]) -> SocketAddr {
    let acceptor = authority.server(alpn);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(tcp).await else {
                    return;
                };
                let Ok(mut connection) = h2::server::handshake(tls).await else {
                    return;
                };
                while let Some(Ok((_request, mut respond))) = connection.accept().await {
                    let mut answer = respond
                        .send_response(http::Response::new(()), false)
                        .unwrap();
                    answer
                        .send_data(Bytes::from_static(b"hello"), true)
                        .unwrap();
                }
            });
        }
    });
    address
}

/// A proxy that leads every client to `target`, whatever it asks for, and notes what it asked for.
struct TestProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl TestProxy {
    /// `script`: how many bytes to read before each answer (0: until an empty line).
    async fn start(target: SocketAddr, script: &'static [(usize, &'static [u8])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                for (len, answer) in script {
                    let mut request = vec![0; *len];
                    near.read_exact(&mut request).await.unwrap();
                    while *len == 0 && !request.ends_with(b"\r\n\r\n") {
                        request.push(near.read_u8().await.unwrap());
                    }
                    notes.lock().unwrap().push(request);
                    near.write_all(answer).await.unwrap();
                }
                let mut far = TcpStream::connect(target).await.unwrap();
                tokio::spawn(async move { drop(copy_bidirectional(&mut near, &mut far).await) });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Vec<u8>> {
        self.asked.lock().unwrap().clone()
    }
}

const CONNECTED: &[(usize, &[u8])] = &[(0, b"HTTP/1.1 200 OK\r\n\r\n")];
const REFUSED: &[(usize, &[u8])] = &[(0, b"HTTP/1.1 403 Forbidden\r\n\r\n")];
/// Method 0; then CONNECT to the name `test`, port 443.
const SOCKS5: &[(usize, &[u8])] = &[
    (3, &[5, 0]),
    (4 + 1 + 4 + 2, &[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]),
];

fn uri() -> Uri {
    Uri::from_static("https://test/call")
}

async fn hello(connector: Connector) -> Result<(), Error> {
    let mut connection = connector.connect_and_spawn(&uri()).await?;
    let (_send, mut receive) = connection
        .open(Request::post(uri()).body(()).unwrap())
        .await?;
    assert_eq!(receive.next().await?.unwrap(), "hello");
    Ok(())
}

#[tokio::test]
async fn through_a_connect_proxy_with_a_password() {
    let authority = Authority::new();
    let proxy = TestProxy::start(server(&authority, &[b"h2"]).await, CONNECTED).await;
    let way = Proxy::all(&format!("http://me:sec%20ret@{}", proxy.address)).unwrap();
    assert!(!format!("{way:?}").contains("ret"));
    hello(authority.client(Deadlines::default()).proxy(way))
        .await
        .unwrap();
    let asked = String::from_utf8(proxy.asked().concat()).unwrap();
    assert!(
        asked.starts_with("CONNECT test:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    // base64 of "me:sec ret"
    assert!(
        asked.contains("proxy-authorization: Basic bWU6c2VjIHJldA==\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn through_a_socks5_proxy_that_resolves_the_name() {
    let authority = Authority::new();
    let proxy = TestProxy::start(server(&authority, &[b"h2"]).await, SOCKS5).await;
    let way = Proxy::all(&format!("socks5h://{}", proxy.address)).unwrap();
    hello(authority.client(Deadlines::default()).proxy(way))
        .await
        .unwrap();
    let request = proxy.asked().pop().unwrap();
    assert_eq!(request, b"\x05\x01\x00\x03\x04test\x01\xbb");
}

#[tokio::test]
async fn errors_name_the_proxy() {
    let authority = Authority::new();
    let old = server(&authority, &[b"http/1.1"]).await;
    let proxy = TestProxy::start(old, CONNECTED).await;
    let way = Proxy::all(&format!("http://{}", proxy.address)).unwrap();
    let error = hello(authority.client(Deadlines::default()).proxy(way))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Alpn, Phase::Tls));
    let words = format!("test:443 via proxy {}", proxy.address);
    assert!(error.to_string().contains(&words), "{error}");

    let proxy = TestProxy::start(old, REFUSED).await;
    let way = Proxy::all(&format!("http://{}", proxy.address)).unwrap();
    let error = hello(authority.client(Deadlines::default()).proxy(way))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Proxy, Phase::Connect)
    );
    let words = format!("test:443 via proxy {}): it answered 403", proxy.address);
    assert!(error.to_string().contains(&words), "{error}");
    assert!(!error.was_processed());
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_with_the_host_behind_it() {
    let authority = Authority::new();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let way = Proxy::all(&format!("http://{address}")).unwrap();
    let error = hello(authority.client(Deadlines::default()).proxy(way))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let words = format!("test:443 via proxy {address}");
    assert!(error.to_string().contains(&words), "{error}");
}

#[tokio::test]
async fn a_peer_that_speaks_http1_only_says_so_and_can_be_reached() {
    let authority = Authority::new();
    let old = server(&authority, &[b"http/1.1"]).await;
    let proxy = TestProxy::start(old, CONNECTED).await;
    let way = Proxy::all(&format!("http://{}", proxy.address)).unwrap();
    let connector = authority.client(Deadlines::default()).proxy(way);
    let error = hello(connector.clone().offer_http1()).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Alpn, Phase::Tls));
    let words = format!(
        "negotiated http/1.1 with test:443 via proxy {}; this needs h2",
        proxy.address
    );
    assert!(error.to_string().contains(&words), "{error}");
    connector.connect_http1(&uri()).await.unwrap();

    // HTTP/2 is named first.
    let new = server(&authority, &[b"h2", b"http/1.1"]).await;
    let connector = authority.client(Deadlines::default()).offer_http1();
    hello(connector.connect_to(new.to_string())).await.unwrap();
}

#[tokio::test]
async fn a_connector_without_tls_refuses_https_before_it_connects() {
    let connector = Connector::plaintext(Settings::default()).connect_to("127.0.0.1:1");
    let error = hello(connector).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Tls, Phase::Connect)
    );
    assert!(!error.was_processed());
}

#[tokio::test]
async fn excepted_hosts_go_direct_and_connect_to_leads_elsewhere() {
    let authority = Authority::new();
    let target = server(&authority, &[b"h2"]).await;
    let proxy = TestProxy::start(target, REFUSED).await;
    let way = Proxy::except(&format!("http://{}", proxy.address), "elsewhere, test").unwrap();
    // TLS and HTTP/2 go on naming `test`, for which alone the certificate is good.
    let connector = authority.client(Deadlines::default()).proxy(way);
    hello(connector.connect_to(target.to_string()))
        .await
        .unwrap();
    assert_eq!(proxy.asked(), Vec::<Vec<u8>>::new());
}

#[test]
fn unusable_proxies_are_refused_when_they_are_set() {
    for uri in ["", "ftp://proxy:21", "http://", "no proxy at all"] {
        assert_eq!(
            Proxy::all(uri).unwrap_err().kind(),
            ErrorKind::Proxy,
            "{uri}"
        );
    }
}

/// A `tower::Service` that gives one stream, an error, or nothing.
#[derive(Clone)]
enum Service {
    Gives(Arc<Mutex<Option<DuplexStream>>>),
    Fails,
    NeverReady,
}

impl tower_service::Service<Uri> for Service {
    type Response = DuplexStream;
    type Error = std::io::Error;
    type Future = Ready<Result<DuplexStream, std::io::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        if matches!(self, Self::NeverReady) {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        assert_eq!(uri, "https://test/call");
        ready(match self {
            Self::Gives(stream) => Ok(stream.lock().unwrap().take().unwrap()),
            _ => Err(std::io::Error::other("no way")),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_of_ones_own() {
    let authority = Authority::new();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = authority.server(&[b"h2"]);
    let serving = tokio::spawn(async move {
        drop(
            h2::server::handshake::<_>(acceptor.accept(far).await.unwrap())
                .await
                .unwrap(),
        );
    });
    let gives = Service::Gives(Arc::new(Mutex::new(Some(near))));
    let connector = authority.client(Deadlines::default());
    let (_connection, driver) = connector
        .clone()
        .service(gives)
        .connect(&uri())
        .await
        .unwrap();
    let _ended = tokio::join!(driver, serving);

    let error = connector
        .clone()
        .service(Service::Fails)
        .connect(&uri())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.to_string(),
        "connect: no connection (test:443): no way"
    );

    let start = tokio::time::Instant::now();
    let error = connector
        .service(Service::NeverReady)
        .connect(&uri())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline(Deadline::Connect));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}
