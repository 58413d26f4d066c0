//! A client behind a box that speaks HTTP/1.1 only, over pipes in memory: one-way calls get through and are never complete where they
//! were cut; the duplex call says why it cannot be.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bedrock_loopback::{FaultKind, Loopback, Server};
use bedrock_stream::{Client, Clock, Credentials, ErrorKind, Outcome, Retry};
use converse_stream::{ConverseRequest, Message};
use eventstream_codec::Timestamp;
use h2_duplex::ErrorKind as TransportKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const MODEL: &str = "us.amazon.nova-micro-v1:0";
const START_SECS: u64 = 1_795_302_000;

/// Connections to a server behind a pipe, of whose bytes only so many come through.
#[derive(Clone)]
struct Way {
    server: Server,
    cut_after: usize,
    made: Arc<AtomicUsize>,
}

impl Way {
    fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START_SECS);
        let server = Loopback::builder()
            .fault(FaultKind::AlpnHttp1)
            .clock(bedrock_loopback::Clock::starting_at(start))
            .build()
            .unwrap();
        Self {
            server,
            cut_after: usize::MAX,
            made: Arc::default(),
        }
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    fn client(&self) -> Client {
        let start = i64::try_from(START_SECS).unwrap() * 1000;
        let (id, secret) = (self.server.access_key_id(), self.server.secret_access_key());
        Client::builder()
            .region(self.server.region())
            .endpoint_url("https://localhost")
            .trust_pem(self.server.ca_pem())
            .clock(Clock::starting_at(Timestamp::from_millis(start)))
            .credentials(Credentials::new(id, secret))
            .retry(Retry::NONE)
            .connector(self.clone())
            .build()
            .unwrap()
    }
}

impl tower_service::Service<http::Uri> for Way {
    type Response = DuplexStream;
    type Error = std::io::Error;
    type Future = Ready<std::io::Result<DuplexStream>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: http::Uri) -> Self::Future {
        self.made.fetch_add(1, Ordering::SeqCst);
        let (near, middle) = tokio::io::duplex(16 * 1024);
        let (other, far) = tokio::io::duplex(16 * 1024);
        let server = self.server.clone();
        tokio::spawn(async move { server.serve_tls(far).await });
        tokio::spawn(relay(middle, other, self.cut_after));
        ready(Ok(near))
    }
}

/// Passes bytes on until so many have come from the server; then both ends are gone.
async fn relay(client: DuplexStream, server: DuplexStream, mut left: usize) {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let up = async {
        // The server may have enough.
        let _closed = tokio::io::copy(&mut from_client, &mut to_server).await;
        std::future::pending::<()>().await;
    };
    let down = async {
        let mut space = [0; 4096];
        while left > 0 {
            let count = from_server.read(&mut space).await.unwrap().min(left);
            if count == 0 {
                break;
            }
            left -= count;
            if to_client.write_all(&space[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

fn request() -> ConverseRequest {
    ConverseRequest::new().with_message(Message::user("one two three"))
}

#[tokio::test(start_paused = true)]
async fn a_one_way_call_falls_back_and_the_next_one_knows() {
    let way = Way::new();
    let client = way.client();
    let ask = async || {
        let reply = client.converse(MODEL, &request()).send().await.unwrap();
        reply.collect().await.unwrap().text()
    };
    assert_eq!(ask().await, "one two three");
    assert_eq!(way.made(), 2, "asked for HTTP/2 first");
    assert_eq!(ask().await, "one two three");
    assert_eq!(way.made(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_duplex_call_says_why_it_cannot_be() {
    let way = Way::new();
    let error = way.client().sonic("amazon.nova-2-5-sonic").open().await;
    let error = error.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else {
        unreachable!("{error}")
    };
    assert_eq!(transport.kind(), TransportKind::Alpn);
    assert!(error.to_string().contains("localhost:443"), "{error}");
    assert!(error.to_string().contains("HTTP/2"), "{error}");
    assert_eq!(way.made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_cut_at_any_byte_of_the_connection_is_never_complete() {
    let mut way = Way::new();
    let (mut incomplete, mut cut) = (0, 0);
    loop {
        way.cut_after = cut;
        // Both attempts, that over HTTP/2 and the one after it, are cut there.
        let outcome = match way.client().converse(MODEL, &request()).send().await {
            Err(error) => Err(error),
            Ok(mut reply) => {
                let mut end = Ok(());
                while end.is_ok() {
                    match reply.next().await {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(error) => end = Err(error),
                    }
                }
                let complete = matches!(reply.outcome(), Some(Outcome::Complete(_)));
                assert_eq!(end.is_ok(), complete, "cut after {cut}");
                end
            }
        };
        if outcome.is_ok() {
            break;
        }
        incomplete += 1;
        cut += 7;
        assert!(cut < 100_000, "{outcome:?}");
    }
    assert!(incomplete > 100, "{incomplete}");
}
