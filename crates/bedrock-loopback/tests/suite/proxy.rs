//! The way through a CONNECT proxy, and what goes wrong on it.

use std::time::Duration;

use bedrock_loopback::{Builder, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::client::{builder, connector_for};

fn with(fault: &str) -> Server {
    builder()
        .fault(fault.parse::<bedrock_loopback::Fault>().unwrap())
        .build()
        .unwrap()
}

/// Asks for a tunnel: the answer's first line, empty where there was none, and the connection.
async fn connect(server: &Server) -> (String, DuplexStream) {
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let far_side = server.clone();
    tokio::spawn(async move { far_side.serve_tls(far).await });
    let ask = b"CONNECT localhost:443 HTTP/1.1\r\nhost: localhost:443\r\n\r\n";
    near.write_all(ask).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match near.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let head = String::from_utf8(head).unwrap();
    (head.lines().next().unwrap_or_default().to_owned(), near)
}

/// The protocol that TLS through the tunnel comes to, or why it does not.
async fn negotiate(server: &Server) -> Result<Option<Vec<u8>>, String> {
    let (head, near) = connect(server).await;
    assert_eq!(head, "HTTP/1.1 200 Connection established");
    let tls = connector_for(server.ca_pem(), &[b"h2", b"http/1.1"]);
    let connected = tls.connect("localhost".try_into().unwrap(), near).await;
    connected
        .map(|stream| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
        .map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_leads_to_the_server() {
    let server = builder().build().unwrap();
    assert_eq!(negotiate(&server).await, Ok(Some(b"h2".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_in_plain_text_leads_to_the_server_too() {
    let server = builder().build().unwrap();
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve_connection(far).await });
    near.write_all(b"CONNECT a:80 HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut head = [0; 39];
    near.read_exact(&mut head).await.unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200 "));
    let (client, connection) = h2::client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("http://a/nothing").body(()).unwrap();
    let (response, _) = client
        .ready()
        .await
        .unwrap()
        .send_request(request, true)
        .unwrap();
    assert_eq!(response.await.unwrap().status(), 404);
}

#[tokio::test(start_paused = true)]
async fn boxes_that_intercept() {
    let http1 = negotiate(&with("connect-no-h2")).await;
    assert_eq!(http1, Ok(Some(b"http/1.1".to_vec())));
    let untrusted = negotiate(&with("connect-untrusted")).await.unwrap_err();
    assert!(untrusted.contains("UnknownIssuer"), "{untrusted}");
}

#[tokio::test(start_paused = true)]
async fn proxies_that_refuse() {
    for (fault, line) in [
        ("connect-refused", "HTTP/1.1 407 Refused"),
        ("connect-refused@503", "HTTP/1.1 503 Refused"),
        ("connect-dropped", ""),
    ] {
        let (head, mut near) = connect(&with(fault)).await;
        assert_eq!(head, line, "{fault}");
        assert_eq!(near.read(&mut [0]).await.unwrap(), 0, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_closes_its_tunnel() {
    let (head, mut near) = connect(&with("connect-cut")).await;
    assert_eq!(head, "HTTP/1.1 200 Connection established");
    assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing() {
    let server = with("connect-silent");
    let answered = tokio::time::timeout(Duration::from_hours(1), connect(&server)).await;
    assert!(answered.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_may_come_to_its_senses() {
    let server = with("connect-refused*2");
    for line in [
        "HTTP/1.1 407 Refused",
        "HTTP/1.1 407 Refused",
        "HTTP/1.1 200 Connection established",
    ] {
        assert_eq!(connect(&server).await.0, line);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_proxy_is_none_of_a_call() {
    let builder: Builder = builder().fault(
        "connect-refused*1"
            .parse::<bedrock_loopback::Fault>()
            .unwrap(),
    );
    let server = builder.build().unwrap();
    // A call that needs no proxy does not use it up.
    let mut client = crate::client::Client::connect(&server).await;
    let body = serde_json::json!({"messages": [{"role": "user", "content": [{"text": "x"}]}]});
    let path = "/model/amazon.nova-lite-v1%3A0/converse-stream";
    let mut call = client.post(path, &body).await;
    call.head().await;
    assert_eq!(call.status, 200);
    assert_eq!(connect(&server).await.0, "HTTP/1.1 407 Refused");
}
