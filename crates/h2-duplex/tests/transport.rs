//! The HTTP/2 transport against h2's server over an in-memory pipe, under virtual time.

mod server;

use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{
    Deadline, Deadlines, Duplex, ErrorCode, ErrorKind, ReceiveHalf, SendHalf, Settings, handshake,
};
use http::StatusCode;
use server::{Pair, collect, post, respond};

#[tokio::test(start_paused = true)]
async fn both_directions_flow_and_end_and_the_driver_finishes() {
    let mut pair = Pair::new(Settings::default()).await;
    let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
    let (request, mut respond) = pair.server.accept().await;
    let mut body = request.into_body();
    // The head comes only after the third chunk, as some services do.
    for _ in 0..3 {
        send.send(Bytes::from_static(b"early")).await.unwrap();
    }
    assert_eq!(server::read(&mut body, 15).await, b"earlyearlyearly");
    let mut answer = respond
        .send_response(http::Response::new(()), false)
        .unwrap();
    assert_eq!(receive.head().await.unwrap().status, 200);
    for round in 0..200_u32 {
        send.send(Bytes::from(round.to_be_bytes().to_vec()))
            .await
            .unwrap();
        assert_eq!(server::read(&mut body, 4).await, round.to_be_bytes());
        answer
            .send_data(Bytes::from_static(b"pong"), false)
            .unwrap();
        assert_eq!(receive.next().await.unwrap().unwrap(), "pong");
    }
    send.finish().await.unwrap();
    assert_eq!(server::rest(&mut body).await, b"");
    answer.send_data(Bytes::from_static(b"bye"), true).unwrap();
    assert_eq!(receive.next().await.unwrap().unwrap(), "bye");
    assert_eq!(receive.next().await.unwrap(), None);
    assert_eq!(receive.next().await.unwrap(), None);
    // Both halves are still held; the driver must finish all the same.
    drop(pair.client);
    pair.driver.await.unwrap().unwrap();
    drop((send, receive));
}

#[tokio::test(start_paused = true)]
async fn many_small_unread_frames_neither_kill_the_connection_nor_cost_more_than_their_bytes() {
    let mut pair = Pair::new(Settings::default().receive_window(400_000)).await;
    let (_send, mut receive) = pair.client.open(post()).await.unwrap();
    let (_request, respond_to) = pair.server.accept().await;
    let mut answer = respond(respond_to, StatusCode::OK);
    // h2 alone closes the connection (ENHANCE_YOUR_CALM) after some hundred of these.
    for round in 0..60_000_u32 {
        let byte = u8::try_from(round % 251).unwrap();
        answer.send_data(Bytes::from(vec![byte]), false).unwrap();
    }
    answer.send_data(Bytes::new(), true).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let all = collect(&mut receive).await.unwrap();
    assert_eq!(all.len(), 60_000);
    assert!(
        all.iter()
            .enumerate()
            .all(|(at, byte)| at % 251 == usize::from(*byte))
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_a_half_resets_the_call_at_once() {
    for drop_sender in [true, false] {
        let mut pair = Pair::new(Settings::default()).await;
        let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
        let (request, respond_to) = pair.server.accept().await;
        let mut answer = respond(respond_to, StatusCode::OK);
        receive.head().await.unwrap();
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
        let reason = std::future::poll_fn(|cx| answer.poll_reset(cx))
            .await
            .unwrap();
        assert_eq!(reason, h2::Reason::CANCEL);
        let error = request.into_body().data().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(h2::Reason::CANCEL));
    }
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_stops_the_sender_and_comes_whole() {
    let mut pair = Pair::new(Settings::default()).await;
    let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
    let (_request, respond_to) = pair.server.accept().await;
    let mut answer = respond(respond_to, StatusCode::FORBIDDEN);
    let error = loop {
        if let Err(error) = send.send(Bytes::from(vec![0; 50_000])).await {
            break error;
        }
    };
    assert_eq!(
        error.kind(),
        ErrorKind::AnsweredEarly(StatusCode::FORBIDDEN)
    );
    drop(send);
    for part in ["you ", "may ", "not"] {
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer.send_data(Bytes::from(part), part == "not").unwrap();
    }
    assert_eq!(collect(&mut receive).await.unwrap(), b"you may not");
    assert_eq!(receive.head().await.unwrap().status, 403);
    drop((receive, pair.client));
    pair.driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_complete_answer_the_sender_may_still_finish() {
    let mut pair = Pair::new(Settings::default()).await;
    let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
    let (request, respond_to) = pair.server.accept().await;
    let mut answer = respond(respond_to, StatusCode::OK);
    answer.send_data(Bytes::from_static(b"all"), true).unwrap();
    assert_eq!(collect(&mut receive).await.unwrap(), b"all");
    let error = send.send(Bytes::from_static(b"more")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AnsweredEarly(StatusCode::OK));
    drop(send);
    let error = request.into_body().data().await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::CANCEL));

    let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
    let (request, respond_to) = pair.server.accept().await;
    let mut answer = respond(respond_to, StatusCode::OK);
    answer.send_data(Bytes::from_static(b"all"), true).unwrap();
    assert_eq!(collect(&mut receive).await.unwrap(), b"all");
    send.finish().await.unwrap();
    assert_eq!(server::rest(&mut request.into_body()).await, b"");
}

#[tokio::test(start_paused = true)]
async fn only_end_stream_is_a_clean_end() {
    for code in [
        ErrorCode::NO_ERROR,
        ErrorCode::CANCEL,
        ErrorCode::INTERNAL_ERROR,
        ErrorCode::REFUSED_STREAM,
    ] {
        let mut pair = Pair::new(Settings::default()).await;
        let (mut send, mut receive) = pair.client.open(post()).await.unwrap();
        let (_request, respond_to) = pair.server.accept().await;
        let mut answer = respond(respond_to, StatusCode::OK);
        answer
            .send_data(Bytes::from_static(b"half"), false)
            .unwrap();
        assert_eq!(receive.next().await.unwrap().unwrap(), "half");
        answer.send_reset(code.0.into());
        let error = receive.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset(code));
        assert!(error.was_processed());
        assert_eq!(
            receive.next().await.unwrap_err().kind(),
            ErrorKind::Reset(code)
        );
        assert_eq!(
            send.ready().await.unwrap_err().kind(),
            ErrorKind::Reset(code)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_named() {
    let second = Some(Duration::from_secs(1));
    let cases = [
        (
            Deadline::ResponseHead,
            Deadlines {
                response_head: second,
                ..Deadlines::NONE
            },
        ),
        (
            Deadline::FirstByte,
            Deadlines {
                first_byte: second,
                ..Deadlines::NONE
            },
        ),
        (
            Deadline::BetweenBytes,
            Deadlines {
                between_bytes: second,
                ..Deadlines::NONE
            },
        ),
        (
            Deadline::Call,
            Deadlines {
                call: second,
                ..Deadlines::NONE
            },
        ),
    ];
    for (deadline, deadlines) in cases {
        let mut pair = Pair::new(Settings::default()).await;
        let mut head = post();
        head.extensions_mut().insert(deadlines);
        let (mut send, mut receive) = pair.client.open(head).await.unwrap();
        let (_request, respond_to) = pair.server.accept().await;
        let mut answer = None;
        if deadline != Deadline::ResponseHead {
            answer = Some(respond(respond_to, StatusCode::OK));
            receive.head().await.unwrap();
        }
        if let (Deadline::BetweenBytes, Some(answer)) = (deadline, &mut answer) {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(900)).await;
                answer.send_data(Bytes::from_static(b"x"), false).unwrap();
                receive.next().await.unwrap();
            }
        }
        let start = tokio::time::Instant::now();
        let error = receive.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline(deadline));
        assert_eq!(start.elapsed().as_millis(), 1000, "{deadline:?}");
        assert_eq!(
            send.ready().await.unwrap_err().kind(),
            ErrorKind::Deadline(deadline)
        );
    }
}

/// The peer closed an idle connection, and the call came before anybody noticed.
#[tokio::test(start_paused = true)]
async fn a_call_of_which_nothing_has_left_was_not_processed() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (mut client, mut driver) = handshake(near, &Settings::default()).await.unwrap();
    let settle = async |driver: &mut h2_duplex::Driver<_>| {
        let idle = tokio::time::timeout(Duration::from_secs(1), driver).await;
        assert!(idle.is_err(), "the connection is open");
    };
    settle(&mut driver).await;
    let (_first_send, mut first) = client.open(post()).await.unwrap();
    settle(&mut driver).await;
    let (mut send, mut receive) = client.open(post()).await.unwrap();
    drop(far);
    let _lost = driver.await;
    // The first call's head was on its way, the second's was not.
    for (receive, processed) in [(&mut first, true), (&mut receive, false)] {
        let error = receive.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert_eq!(error.was_processed(), processed);
    }
    assert!(!send.ready().await.unwrap_err().was_processed());
}
