//! PING, idle connections, the peer's limit, cancelled waits: the life of a connection.
#![expect(clippy::unwrap_used, reason = "tests")]

mod peer;

use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{
    Deadlines, Duplex, ErrorCode, ErrorKind, KeepAlive, Phase, ReceiveHalf, SendHalf, Settings,
    handshake,
};
use http::Request;
use peer::{GOAWAY, HEADERS, MAX_CONCURRENT_STREAMS, PING, Peer, RST_STREAM};
use tokio::time::{Instant, sleep, timeout};

const MINUTE: Duration = Duration::from_secs(60);

fn post() -> Request<()> {
    Request::post("https://test/call").body(()).unwrap()
}

fn pinging() -> (Settings, KeepAlive) {
    let when = KeepAlive::new(Duration::from_secs(10), Duration::from_secs(5));
    (
        Settings::default()
            .deadlines(Deadlines::NONE)
            .keep_alive(when.clone()),
        when,
    )
}

#[tokio::test(start_paused = true)]
async fn pings_go_out_only_in_silence_with_a_call_open_and_measure_the_round_trip() {
    let (settings, _) = pinging();
    let (mut client, _driver, mut peer) = Peer::connect(settings, &[]).await;
    peer.answers_ping = false;
    assert!(
        timeout(MINUTE, peer.until(PING)).await.is_err(),
        "no call, no ping"
    );
    let (send, _receive) = client.open(post()).await.unwrap();
    peer.until(HEADERS).await;
    let opened = Instant::now();
    let ping = peer.until(PING).await;
    assert_eq!(opened.elapsed().as_secs(), 10);
    sleep(Duration::from_millis(80)).await;
    peer.write(PING, peer::ACK, 0, &ping.payload).await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(
        send.monitor().stats().rtt.map(|rtt| rtt.as_millis()),
        Some(80)
    );
    // A talking peer is not asked.
    peer.head(1, 200, false).await;
    for _ in 0..10 {
        sleep(Duration::from_secs(9)).await;
        peer.data(1, b".", false).await;
    }
    assert!(
        timeout(Duration::from_secs(9), peer.until(PING))
            .await
            .is_err()
    );
    peer.until(PING).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_but_does_not_answer_is_alive() {
    let (settings, _) = pinging();
    let (mut client, _driver, mut peer) = Peer::connect(settings, &[]).await;
    peer.answers_ping = false;
    let (_send, mut receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    peer.head(1, 200, false).await;
    peer.until(PING).await;
    for _ in 0..20 {
        sleep(Duration::from_secs(4)).await;
        peer.data(1, b".", false).await;
        receive.next().await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(
        receive.next().await.unwrap_err().kind(),
        ErrorKind::Unresponsive
    );
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn enhance_your_calm_doubles_the_interval() {
    let (settings, when) = pinging();
    for expected in [20, 40] {
        let (mut client, _driver, mut peer) = Peer::connect(settings.clone(), &[]).await;
        let (_send, mut receive) = client.open(post()).await.unwrap();
        peer.until(PING).await;
        peer.go_away(0, ErrorCode::ENHANCE_YOUR_CALM.0).await;
        let error = receive.next().await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::GoAway(ErrorCode::ENHANCE_YOUR_CALM)
        );
        assert_eq!(when.interval().as_secs(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_closes_in_order_and_a_busy_one_does_not() {
    let settings = Settings::default()
        .deadlines(Deadlines::NONE)
        .idle_timeout(MINUTE);
    let (mut client, driver, mut peer) = Peer::connect(settings, &[]).await;
    sleep(MINUTE / 2).await;
    let (send, receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    sleep(10 * MINUTE).await;
    assert!(!driver.is_finished());
    drop((send, receive));
    assert_eq!(
        peer.until(RST_STREAM).await.payload,
        ErrorCode::CANCEL.0.to_be_bytes()
    );
    let start = Instant::now();
    peer.until(GOAWAY).await;
    assert_eq!(start.elapsed(), MINUTE);
    peer.linger().await;
    driver.await.unwrap().unwrap();
    let error = client.open(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_processed()),
        (ErrorKind::ConnectionLost, false)
    );
}

#[tokio::test(start_paused = true)]
async fn the_peers_limit_is_an_error_at_once_and_ends_with_a_call() {
    let (mut client, _driver, mut peer) =
        Peer::connect(Settings::default(), &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    let (first, _receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    let error = client.open(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyCalls { limit: 1 });
    assert_eq!((error.phase(), error.was_processed()), (Phase::Open, false));
    drop(first);
    let (mut second, _receive) = client.open(post()).await.unwrap();
    second.send(Bytes::from_static(b"mine")).await.unwrap();
    assert_eq!(peer.until(peer::DATA).await.stream, 3);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_fails_its_calls() {
    let (near, _far) = tokio::io::duplex(64 * 1024);
    let (mut client, driver) = handshake(near, &Settings::default()).await.unwrap();
    let (mut send, mut receive) = client.open(post()).await.unwrap();
    drop(driver);
    assert_eq!(
        receive.next().await.unwrap_err().kind(),
        ErrorKind::DriverStopped
    );
    assert_eq!(
        send.ready().await.unwrap_err().kind(),
        ErrorKind::DriverStopped
    );
    let error = client.open(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_processed()),
        (ErrorKind::DriverStopped, false)
    );
}

#[tokio::test(start_paused = true)]
async fn requests_that_http2_cannot_carry_are_refused_without_harm() {
    let (mut client, _driver, mut peer) = Peer::connect(Settings::default(), &[]).await;
    let no_authority = Request::post("/path/only").body(()).unwrap();
    let connection = Request::post("https://test/")
        .header("connection", "close")
        .body(())
        .unwrap();
    for bad in [no_authority, connection] {
        let error = client.open(bad).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.was_processed()),
            (ErrorKind::InvalidRequest, false)
        );
    }
    let (mut send, _receive) = client.open(post()).await.unwrap();
    send.finish().await.unwrap();
    peer.opened().await;
}

#[tokio::test(start_paused = true)]
async fn waits_may_be_dropped_at_any_time() {
    let (mut client, _driver, mut peer) = Peer::connect(Settings::default(), &[]).await;
    let (mut send, mut receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    let moment = Duration::from_millis(1);
    assert!(timeout(moment, receive.head()).await.is_err());
    peer.head(1, 200, false).await;
    assert_eq!(
        timeout(moment, receive.head())
            .await
            .unwrap()
            .unwrap()
            .status,
        200
    );
    assert_eq!(receive.head().await.unwrap().status, 200);
    for round in 0..50_u8 {
        assert!(timeout(moment, receive.next()).await.is_err());
        peer.data(1, &[round], false).await;
        assert_eq!(receive.next().await.unwrap().unwrap(), [round][..]);
    }
    send.finish().await.unwrap();
    send.finish().await.unwrap();
    assert_eq!(
        send.ready().await.unwrap_err().kind(),
        ErrorKind::SendFinished
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_counts_its_calls_resets_and_bytes() {
    let (mut client, _driver, mut peer) = Peer::connect(Settings::default(), &[]).await;
    let (send, mut receive) = client.open(post()).await.unwrap();
    peer.opened().await;
    let before = client.stats();
    assert_eq!((before.calls, before.resets), (1, 0));
    assert_eq!((before.connect, before.tls), (None, None));
    peer.reset(1, 8).await;
    receive.next().await.unwrap_err();
    let after = send.monitor().connection();
    assert_eq!((after.calls, after.resets), (1, 1));
    // RST_STREAM has 13 bytes.
    assert_eq!(after.sent, before.sent);
    assert!(after.received >= before.received + 13);
}
