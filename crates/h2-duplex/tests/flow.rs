//! Flow control: every window size, bursts, small frames, slow readers; no deadlock, bounded
//! memory.

mod peer;
mod server;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Deadlines, Duplex, ReceiveHalf, SendHalf, Settings, TrySendError};
use http::StatusCode;
use peer::{DATA, INITIAL_WINDOW_SIZE, Peer, WINDOW_UPDATE};
use server::{Pair, collect, post, respond};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

const MIB: usize = 1024 * 1024;

fn pattern(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

#[tokio::test(start_paused = true)]
async fn every_window_carries_a_burst_both_ways_within_its_bound() {
    for (window, len) in [
        (1, 3_000),
        (16, 50_000),
        (65_535, 16 * MIB),
        (16 * 1_048_576, 16 * MIB),
    ] {
        let mut server = h2::server::Builder::new();
        server
            .initial_window_size(window)
            .initial_connection_window_size(window.max(65_535));
        let settings = Settings::default().receive_window(window);
        let mut pair = Pair::with_server(settings, server).await;
        let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
        let (request, respond_to) = pair.server.accept().await;
        let mut answer = respond(respond_to, StatusCode::OK);
        let expected = Bytes::from(pattern(len));
        let upload = expected.clone();
        let monitor = receive.monitor();
        let up = tokio::spawn(async move {
            send.send(upload).await.unwrap();
            send.finish().await.unwrap();
        });
        let mut body = request.into_body();
        let down = tokio::spawn({
            let expected = expected.clone();
            async move {
                answer.send_data(expected, true).unwrap();
                server::rest(&mut body).await
            }
        });
        // Nobody reads yet: the peer must not get further than the window.
        sleep(Duration::from_secs(1)).await;
        let unread = monitor.stats().unread;
        assert_eq!(
            unread,
            len.min(usize::try_from(window).unwrap()),
            "window {window}"
        );
        assert_eq!(
            collect(&mut receive).await.unwrap(),
            expected,
            "window {window}"
        );
        assert_eq!(down.await.unwrap(), expected, "window {window}");
        up.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_byte_frames_both_ways_at_every_window() {
    for window in [1, 16, 65_535, 16 * 1_048_576] {
        let (mut client, _driver, mut peer) = Peer::connect(
            Settings::default().receive_window(window),
            &[(INITIAL_WINDOW_SIZE, window)],
        )
        .await;
        let (mut send, mut receive) = client.open(post()).await.unwrap();
        peer.opened().await;
        peer.head(1, 200, false).await;
        let mut credit = window;
        for byte in pattern(3_000) {
            send.send(Bytes::from(vec![byte])).await.unwrap();
            let mut came = None;
            while came.is_none() || credit == 0 {
                let frame = peer.next().await.unwrap();
                match (frame.kind, frame.stream) {
                    (DATA, 1) => came = Some(frame.payload),
                    (WINDOW_UPDATE, 1) => {
                        credit += u32::from_be_bytes(frame.payload.try_into().unwrap());
                    }
                    _ => {}
                }
            }
            assert_eq!(came.unwrap(), [byte], "window {window}");
            peer.window_update(0, 1).await;
            peer.window_update(1, 1).await;
            peer.data(1, &[byte], false).await;
            credit -= 1;
            assert_eq!(receive.next().await.unwrap().unwrap(), [byte].as_slice());
        }
        peer.data(1, b"", true).await;
        assert_eq!(receive.next().await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_sender_holds_no_window_against_another_call() {
    let settings = Settings::default().max_calls(2);
    let (mut client, _driver, mut peer) =
        Peer::connect(settings, &[(INITIAL_WINDOW_SIZE, 1_000_000)]).await;
    let (mut first, _first) = client.open(post()).await.unwrap();
    peer.opened().await;
    let (mut second, _second) = client.open(post()).await.unwrap();
    // The first is told that it may send, and does not.
    first.ready().await.unwrap();
    drop(first.reserve(5).await.unwrap());
    // A peer that updates only when the connection's window is exhausted must see all 65,535 bytes.
    let upload = tokio::spawn(async move {
        second.send(Bytes::from(pattern(100_000))).await.unwrap();
        second
    });
    let mut got = Vec::new();
    while got.len() < 65_535 {
        got.extend(peer.until(DATA).await.payload);
    }
    assert!(
        tokio::time::timeout(Duration::from_secs(5), peer.until(DATA))
            .await
            .is_err()
    );
    peer.window_update(0, 1_000_000).await;
    while got.len() < 100_000 {
        got.extend(peer.until(DATA).await.payload);
    }
    assert_eq!(got, pattern(100_000));
    let stalled = upload.await.unwrap().monitor().stats().stalled;
    assert_eq!(stalled.as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_opens_by_settings_lets_the_sender_go_on() {
    let (mut client, _driver, mut peer) =
        Peer::connect(Settings::default(), &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let (mut send, _receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    assert!(
        tokio::time::timeout(Duration::from_secs(9), send.ready())
            .await
            .is_err()
    );
    assert_eq!(send.writable(), 0);
    peer.settings(&[(INITIAL_WINDOW_SIZE, 10)]).await;
    send.ready().await.unwrap();
    assert_eq!(send.writable(), 10);
    send.send(Bytes::from_static(b"0123456789")).await.unwrap();
    assert_eq!(peer.until(DATA).await.payload, b"0123456789");
    peer.window_update(1, 5).await;
    send.ready().await.unwrap();
    assert_eq!(send.writable(), 5);
}

#[tokio::test(start_paused = true)]
async fn try_send_and_reserve_say_would_block() {
    let (mut client, _driver, mut peer) =
        Peer::connect(Settings::default(), &[(INITIAL_WINDOW_SIZE, 10)]).await;
    let (mut send, _receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    send.ready().await.unwrap();
    let refused = send
        .try_send(Bytes::from_static(b"eleven byte"))
        .unwrap_err();
    assert!(matches!(refused, TrySendError::WouldBlock(chunk) if chunk == "eleven byte"));
    send.try_send(Bytes::from_static(b"six by")).unwrap();
    assert_eq!(peer.until(DATA).await.payload, b"six by");
    assert_eq!((send.writable(), send.monitor().stats().queued), (4, 0));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), send.reserve(5))
            .await
            .is_err()
    );
    peer.window_update(1, 1).await;
    let permit = send.reserve(5).await.unwrap();
    assert_eq!(permit.len(), 5);
    permit.send(Bytes::from_static(b"fiveX"));
    assert_eq!(peer.until(DATA).await.payload, b"fiveX");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_send_leaves_the_bytes_whole() {
    let (mut client, _driver, mut peer) =
        Peer::connect(Settings::default(), &[(INITIAL_WINDOW_SIZE, 2)]).await;
    let (mut send, _receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    let second = Duration::from_secs(1);
    assert!(
        tokio::time::timeout(second, send.send(Bytes::from_static(b"abcd")))
            .await
            .is_err()
    );
    assert_eq!(peer.until(DATA).await.payload, b"ab");
    assert!(tokio::time::timeout(second, send.ready()).await.is_err());
    peer.window_update(1, 3).await;
    send.ready().await.unwrap();
    assert_eq!(peer.until(DATA).await.payload, b"cd");
    peer.window_update(1, 100).await;
    send.send(Bytes::from_static(b"ef")).await.unwrap();
    send.finish().await.unwrap();
    let mut rest = Vec::new();
    loop {
        let frame = peer.until(DATA).await;
        rest.extend(frame.payload);
        if frame.flags & peer::END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(rest, b"ef");
}

/// Counts the writes that reach the stream.
struct Counted {
    io: tokio::io::DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn what_lies_ready_leaves_in_few_writes_and_at_once() {
    let (near, far) = tokio::io::duplex(1024 * 1024);
    let writes = Arc::new(AtomicUsize::new(0));
    let io = Counted {
        io: near,
        writes: Arc::clone(&writes),
    };
    let (mut client, driver) = h2_duplex::handshake(io, &Settings::default())
        .await
        .unwrap();
    let driver = tokio::spawn(driver);
    let mut server = server::Server::start(far, h2::server::Builder::new());
    let (mut send, mut receive) = client.open(post()).await.unwrap();
    let (request, respond_to) = server.accept().await;
    let mut answer = respond(respond_to, StatusCode::OK);
    receive.head().await.unwrap();
    let before = writes.load(Ordering::Relaxed);
    // Queued without a pause, as a writer does that has more than it can send.
    for _ in 0..20 {
        send.send(Bytes::from_static(&[7; 1000])).await.unwrap();
    }
    let start = tokio::time::Instant::now();
    let mut body = request.into_body();
    assert_eq!(server::read(&mut body, 20_000).await.len(), 20_000);
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(writes.load(Ordering::Relaxed) - before, 1);
    send.finish().await.unwrap();
    answer.send_data(Bytes::new(), true).unwrap();
    assert_eq!(receive.next().await.unwrap(), None);
    drop(client);
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn credit_is_given_for_what_was_read_only() {
    let (mut client, _driver, mut peer) =
        Peer::connect(Settings::default().receive_window(1000), &[]).await;
    let (_send, mut receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    peer.head(1, 200, false).await;
    peer.data(1, &[7; 1000], false).await;
    let quiet = tokio::time::timeout(Duration::from_secs(1), peer.until(WINDOW_UPDATE)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    receive.next().await.unwrap();
    let update = loop {
        let update = peer.until(WINDOW_UPDATE).await;
        if update.stream == 1 {
            break update;
        }
    };
    assert_eq!(update.payload, 1000_u32.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn the_clock_between_bytes_stands_while_bytes_lie_unread() {
    let limit = Some(Duration::from_secs(10));
    let settings = Settings::default().receive_window(4).deadlines(Deadlines {
        between_bytes: limit,
        ..Deadlines::NONE
    });
    let (mut client, _driver, mut peer) = Peer::connect(settings, &[]).await;
    let (_send, mut receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    peer.head(1, 200, false).await;
    peer.data(1, b"full", false).await;
    // The reader is slow, the peer cannot send: nobody is to blame.
    sleep(Duration::from_secs(35)).await;
    assert_eq!(receive.next().await.unwrap().unwrap(), "full");
    // Now the peer may, and gets its ten seconds.
    sleep(Duration::from_secs(9)).await;
    peer.data(1, b"more", false).await;
    assert_eq!(receive.next().await.unwrap().unwrap(), "more");
    let start = tokio::time::Instant::now();
    receive.next().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 10);
}
