//! The in-memory pipe keeps the contract of the traits.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use h2_duplex::{Duplex, ErrorCode, ErrorKind, ReceiveHalf, SendHalf, pipe};
use http::{Request, Response, StatusCode};

fn status(status: StatusCode) -> Response<()> {
    Response::builder().status(status).body(()).unwrap()
}

/// Polls a future once and drops it.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn both_directions_flow_and_end() {
    let (mut client, mut acceptor) = pipe(4);
    let (mut send, mut receive) = client.open(Request::new(())).await.unwrap();
    let mut peer = acceptor.accept().await.unwrap();
    let up = async {
        send.send(Bytes::from_static(b"more than the window"))
            .await
            .unwrap();
        send.finish().await.unwrap();
    };
    let echo = async {
        peer.send.head(status(StatusCode::OK));
        while let Some(chunk) = peer.receive.next().await.unwrap() {
            peer.send.send(chunk).await.unwrap();
        }
        peer.send.finish();
    };
    let down = async {
        let mut all = Vec::new();
        while let Some(chunk) = receive.next().await.unwrap() {
            assert!(chunk.len() <= 4);
            all.extend_from_slice(&chunk);
        }
        assert_eq!(all, b"more than the window");
        assert_eq!(receive.head().await.unwrap().status, 200);
        assert_eq!(receive.next().await.unwrap(), None);
    };
    tokio::join!(up, echo, down);
}

#[tokio::test]
async fn an_early_answer_stops_the_sender_and_keeps_its_body() {
    let (mut client, mut acceptor) = pipe(64);
    let (mut send, mut receive) = client.open(Request::new(())).await.unwrap();
    let mut peer = acceptor.accept().await.unwrap();
    peer.send.head(status(StatusCode::FORBIDDEN));
    let error = send.ready().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::AnsweredEarly(StatusCode::FORBIDDEN)
    );
    drop(send);
    peer.send.send(Bytes::from_static(b"why")).await.unwrap();
    peer.send.finish();
    assert_eq!(receive.head().await.unwrap().status, 403);
    assert_eq!(receive.next().await.unwrap().unwrap(), "why");
    assert_eq!(receive.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_cut_or_reset_is_the_same_error_for_both_halves_after_what_arrived() {
    for reset in [
        None,
        Some(ErrorCode::NO_ERROR),
        Some(ErrorCode::REFUSED_STREAM),
    ] {
        let (mut client, mut acceptor) = pipe(64);
        let (mut send, mut receive) = client.open(Request::new(())).await.unwrap();
        let mut peer = acceptor.accept().await.unwrap();
        peer.send.head(status(StatusCode::OK));
        peer.send.send(Bytes::from_static(b"half")).await.unwrap();
        match reset {
            Some(code) => peer.send.reset(code),
            None => peer.send.cut(),
        }
        assert_eq!(receive.next().await.unwrap().unwrap(), "half");
        let kind = reset.map_or(ErrorKind::ConnectionLost, ErrorKind::Reset);
        assert_eq!(receive.next().await.unwrap_err().kind(), kind);
        assert_eq!(receive.next().await.unwrap_err().kind(), kind);
        let error = send.send(Bytes::from_static(b"x")).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.was_processed());
    }
}

#[tokio::test]
async fn dropping_either_half_cancels_the_call() {
    for drop_sender in [true, false] {
        let (mut client, mut acceptor) = pipe(64);
        let (mut send, mut receive) = client.open(Request::new(())).await.unwrap();
        let mut peer = acceptor.accept().await.unwrap();
        if drop_sender {
            drop(send);
            assert_eq!(
                receive.next().await.unwrap_err().kind(),
                ErrorKind::Cancelled
            );
        } else {
            drop(receive);
            assert_eq!(send.ready().await.unwrap_err().kind(), ErrorKind::Cancelled);
        }
        assert_eq!(
            peer.receive.next().await.unwrap_err().kind(),
            ErrorKind::Cancelled
        );
    }
}

#[tokio::test]
async fn a_dropped_send_leaves_the_bytes_whole() {
    let (mut client, mut acceptor) = pipe(2);
    let (mut send, _receive) = client.open(Request::new(())).await.unwrap();
    let mut peer = acceptor.accept().await.unwrap();
    assert!(once(send.send(Bytes::from_static(b"abcd"))).await.is_none());
    assert!(once(send.ready()).await.is_none());
    assert_eq!(peer.receive.next().await.unwrap().unwrap(), "ab");
    assert!(once(send.send(Bytes::from_static(b"ef"))).await.is_none());
    assert_eq!(peer.receive.next().await.unwrap().unwrap(), "cd");
    send.finish().await.unwrap();
    assert_eq!(peer.receive.next().await.unwrap().unwrap(), "ef");
    assert_eq!(peer.receive.next().await.unwrap(), None);
}

#[tokio::test]
async fn an_unanswered_call_is_refused_when_the_acceptor_goes() {
    let (mut client, acceptor) = pipe(64);
    let (_send, mut receive) = client.open(Request::new(())).await.unwrap();
    drop(acceptor);
    let error = receive.head().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset(ErrorCode::REFUSED_STREAM));
    assert!(!error.was_processed());
    assert!(client.open(Request::new(())).await.is_err());
}

#[tokio::test]
async fn accept_ends_when_the_clients_are_gone() {
    let (client, mut acceptor) = pipe(64);
    drop(client.clone());
    assert!(once(acceptor.accept()).await.is_none());
    drop(client);
    assert!(acceptor.accept().await.is_none());
}
