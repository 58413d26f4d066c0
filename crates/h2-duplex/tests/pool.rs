//! The pool: connections are made, shared, kept and closed as it says. Real sockets and the real
//! clock.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{
    Connector, Deadline, Deadlines, Duplex, ErrorKind, Pool, ReceiveHalf, Receiver, SendHalf,
    Sender, Settings,
};
use http::{Request, Uri};
use tokio::net::TcpListener;

/// An echo server in plain text that counts its connections.
struct Echo {
    uri: Uri,
    connections: Arc<AtomicUsize>,
}

impl Echo {
    async fn start(max_calls: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/echo", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(tcp, max_calls));
            }
        });
        Self { uri, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn post(&self) -> Request<()> {
        Request::post(self.uri.clone()).body(()).unwrap()
    }
}

async fn serve(tcp: tokio::net::TcpStream, max_calls: u32) {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(max_calls);
    let mut connection = builder.handshake::<_, Bytes>(tcp).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        if request.uri().path() == "/last" {
            connection.graceful_shutdown();
        }
        tokio::spawn(async move {
            let mut answer = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            let mut body = request.into_body();
            while let Some(Ok(chunk)) = body.data().await {
                body.flow_control().release_capacity(chunk.len()).unwrap();
                if !chunk.is_empty() {
                    answer.send_data(chunk, false).unwrap();
                }
            }
            // The client may have gone.
            let _gone = answer.send_data(Bytes::new(), true);
        });
    }
}

fn pool(settings: Settings, connections: usize) -> Pool {
    Pool::with_limit(Connector::plaintext(settings), connections)
}

async fn say(send: &mut Sender, receive: &mut Receiver, word: &'static str) {
    send.send(Bytes::from(word)).await.unwrap();
    assert_eq!(receive.next().await.unwrap().unwrap(), word);
}

async fn end(mut send: Sender, mut receive: Receiver) {
    send.finish().await.unwrap();
    assert_eq!(receive.next().await.unwrap(), None);
}

#[tokio::test]
async fn one_call_a_connection_and_connections_are_used_again() {
    let echo = Echo::start(100).await;
    let mut pool = pool(Settings::default(), 10);
    let (mut send, mut receive) = pool.open(echo.post()).await.unwrap();
    let (mut send2, mut receive2) = pool.open(echo.post()).await.unwrap();
    say(&mut send, &mut receive, "first").await;
    say(&mut send2, &mut receive2, "second").await;
    assert_eq!(echo.connections(), 2);
    end(send, receive).await;
    let (mut send3, mut receive3) = pool.open(echo.post()).await.unwrap();
    say(&mut send3, &mut receive3, "third").await;
    assert_eq!(echo.connections(), 2);
    end(send2, receive2).await;
    end(send3, receive3).await;
    pool.shut_down().await;
    assert_eq!(
        pool.open(echo.post()).await.unwrap_err().kind(),
        ErrorKind::ShutDown
    );
}

#[tokio::test]
async fn calls_share_a_connection_up_to_the_peers_limit() {
    let echo = Echo::start(2).await;
    let mut pool = pool(Settings::default().max_calls(50), 10);
    pool.warm(&echo.uri, 1).await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..5 {
        let (mut send, mut receive) = pool.open(echo.post()).await.unwrap();
        say(&mut send, &mut receive, "hello").await;
        calls.push((send, receive));
    }
    // The peer's limit is known once it has answered; until then at most it refuses.
    assert_eq!(echo.connections(), 3);
    for (send, receive) in calls {
        end(send, receive).await;
    }
}

#[tokio::test]
async fn calls_that_come_together_wait_for_one_connection() {
    let echo = Echo::start(100).await;
    let pool = pool(Settings::default().max_calls(50), 10);
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (mut pool, head) = (pool.clone(), echo.post());
        opening.spawn(async move { pool.open(head).await.unwrap() });
    }
    for (send, receive) in opening.join_all().await {
        end(send, receive).await;
    }
    assert_eq!(echo.connections(), 1);
}

#[tokio::test]
async fn a_call_beyond_the_limit_waits_its_turn_or_for_its_deadline() {
    let echo = Echo::start(100).await;
    let mut pool = pool(Settings::default(), 1);
    let (mut send, mut receive) = pool.open(echo.post()).await.unwrap();
    say(&mut send, &mut receive, "busy").await;
    let mut hurried = echo.post();
    let connect = Some(Duration::from_millis(20));
    hurried.extensions_mut().insert(Deadlines {
        connect,
        ..Deadlines::NONE
    });
    let error = pool.open(hurried).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline(Deadline::Connect));
    assert!(!error.was_processed());
    let mut waiting = pool.clone();
    let patient = echo.post();
    let waits = tokio::spawn(async move { waiting.open(patient).await.unwrap() });
    tokio::task::yield_now().await;
    end(send, receive).await;
    let (mut send, mut receive) = waits.await.unwrap();
    say(&mut send, &mut receive, "my turn").await;
    assert_eq!(echo.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_goes_away_gets_no_new_calls() {
    let echo = Echo::start(100).await;
    let mut pool = pool(Settings::default().max_calls(10), 1);
    let uri: Uri = echo
        .uri
        .to_string()
        .replace("echo", "last")
        .parse()
        .unwrap();
    let last = Request::post(uri).body(()).unwrap();
    let (mut send, mut receive) = pool.open(last).await.unwrap();
    let monitor = send.monitor();
    say(&mut send, &mut receive, "before").await;
    monitor.going_away().await;
    let (mut send2, mut receive2) = pool.open(echo.post()).await.unwrap();
    say(&mut send2, &mut receive2, "elsewhere").await;
    say(&mut send, &mut receive, "still here").await;
    assert_eq!(echo.connections(), 2);
    end(send, receive).await;
    end(send2, receive2).await;
}

#[tokio::test]
async fn shutting_down_lets_running_calls_end() {
    let echo = Echo::start(100).await;
    let mut pool = pool(Settings::default(), 10);
    let (mut send, mut receive) = pool.open(echo.post()).await.unwrap();
    say(&mut send, &mut receive, "hello").await;
    let closing = pool.clone();
    let closed = tokio::spawn(async move { closing.shut_down().await });
    tokio::task::yield_now().await;
    say(&mut send, &mut receive, "goodbye").await;
    assert!(!closed.is_finished());
    end(send, receive).await;
    closed.await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let head = Request::post(&uri).body(()).unwrap();
    let error = pool(Settings::default(), 1).open(head).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        error
            .to_string()
            .contains(uri.trim_matches('/').trim_start_matches("http://"))
    );
}
