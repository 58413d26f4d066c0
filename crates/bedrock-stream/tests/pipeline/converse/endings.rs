//! A reply that was cut is never complete, wherever it was cut.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use bedrock_stream::{Client, ConverseCall, ErrorKind, Retry};
use bytes::Bytes;
use converse_stream::Event;
use futures_core::Stream as _;

use super::script::{Answer, MODEL, ask, lima, request, signing};

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    Client::builder()
        .region("us-east-1")
        .endpoint_url("http://localhost:1")
        .bearer_token("key")
        .build()
        .unwrap()
});

fn once() -> ConverseCall {
    CLIENT.converse(MODEL, &request()).retry(Retry::NONE)
}

#[tokio::test(start_paused = true)]
async fn a_reply_cut_at_any_byte_is_never_complete() {
    let whole = lima();
    for cut in 0..=whole.len() {
        for answer in [
            Answer::Cut(whole.slice(..cut)),
            Answer::Whole(whole.slice(..cut)),
        ] {
            let lost = matches!(answer, Answer::Cut(_));
            let (_, reply) = ask(once(), vec![answer]).await;
            let Ok(mut reply) = reply else { continue };
            let mut text = String::new();
            let end = loop {
                match reply.next().await {
                    Ok(Some(Event::Text { text: more, .. })) => text.push_str(&more),
                    Ok(Some(_)) => {}
                    end => break end.map(|_| ()),
                }
            };
            let outcome = reply.outcome().unwrap();
            assert_eq!(outcome.is_complete(), !lost && cut == whole.len(), "{cut}");
            assert_eq!(end.is_ok(), outcome.is_complete(), "cut at {cut}");
            // Asked once more, it says the same.
            assert_eq!(reply.next().await.is_ok(), outcome.is_complete());
            assert_eq!(reply.reply().text(), text, "what came is kept");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flipped_bit_is_never_complete() {
    let whole = lima();
    for bit in (0..whole.len() * 8).step_by(3) {
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (_, reply) = ask(once(), vec![Answer::Whole(damaged.into())]).await;
        let Ok(reply) = reply else { continue };
        let unfinished = reply.collect().await.expect_err("damaged");
        let error = &unfinished.error;
        assert!(
            matches!(error.kind(), ErrorKind::Decode(_)),
            "{bit}: {error}"
        );
        assert_eq!(error.request_id(), Some("r-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn frames_and_events_come_from_the_same_place() {
    let (_, reply) = ask(once(), vec![Answer::Whole(lima())]).await;
    let mut reply = reply.unwrap();
    let first = reply.next_frame().await.unwrap().unwrap();
    assert!(first.frame().payload().starts_with(b"{"));
    let Some(Event::BlockStart { .. }) = reply.next().await.unwrap() else {
        panic!("the text's block begins")
    };
    let mut frames = vec![first];
    while let Some(frame) = reply.next_frame().await.unwrap() {
        frames.push(frame);
    }
    assert_eq!(reply.reply().text(), "Lima");
    assert!(reply.outcome().unwrap().is_complete());
    assert!(frames.len() > 2, "{} frames", frames.len());
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_events_ends_after_its_error() {
    let whole = lima();
    for (answer, complete) in [
        (Answer::Whole(whole.clone()), true),
        (Answer::Cut(whole), false),
    ] {
        let (_, reply) = ask(once(), vec![answer]).await;
        let mut events = reply.unwrap().into_events();
        let (mut text, mut errors) = (String::new(), 0);
        while let Some(event) = poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await {
            match event {
                Ok(Event::Text { text: more, .. }) => text.push_str(&more),
                Ok(_) => {}
                Err(_) => errors += 1,
            }
        }
        assert_eq!(text, "Lima");
        assert_eq!(errors, usize::from(!complete));
        assert_eq!(events.outcome().unwrap().is_complete(), complete);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_reply_cancels_the_request() {
    let (mut connection, mut peer) = h2_duplex::pipe(64 * 1024);
    let call = signing().converse(MODEL, &request());
    let serve = async {
        let mut call = peer.accept().await.unwrap();
        while call.receive.next().await.unwrap().is_some() {}
        call.send.head(http::Response::new(()));
        call.send.send(lima().slice(..200)).await.unwrap();
        call
    };
    let (reply, mut call) = tokio::join!(call.send_on(&mut connection), serve);
    let mut reply = reply.unwrap();
    assert!(reply.next().await.unwrap().is_some());
    call.send
        .send(Bytes::from_static(&[0]))
        .await
        .expect("open");
    drop(reply);
    let error = call.send.send(Bytes::from_static(&[0])).await.unwrap_err();
    assert_eq!(error.kind(), h2_duplex::ErrorKind::Cancelled, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_cancels_the_request() {
    let (mut connection, mut peer) = h2_duplex::pipe(64 * 1024);
    let call = signing().converse(MODEL, &request());
    let patience = Duration::from_secs(1);
    let sent = tokio::time::timeout(patience, call.send_on(&mut connection)).await;
    assert!(sent.is_err(), "nobody answers");
    let mut call = peer.accept().await.unwrap();
    let late = call.send.send(Bytes::from_static(&[0])).await;
    assert!(late.is_err());
}
