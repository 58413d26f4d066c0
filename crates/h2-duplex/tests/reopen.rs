//! Calls that are opened again: only where the peer provably did not take them, and with every byte
//! once.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fault;
mod peer;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use fault::Fault;
use h2_duplex::pipe::{Acceptor, PeerCall, Pipe};
use h2_duplex::{
    Deadlines, Duplex, Error, ErrorCode, ErrorKind, Phase, ReceiveHalf, Receiver, Reopen, SendHalf,
    Sender, Settings, pipe,
};
use http::{Request, Response};
use peer::Peer;

const REFUSED: ErrorKind = ErrorKind::Reset(ErrorCode::REFUSED_STREAM);

fn post() -> Request<()> {
    Request::post("https://test/call").body(()).unwrap()
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn calls() -> (Reopen<Pipe>, Acceptor) {
    let (client, acceptor) = pipe(1024);
    (Reopen::new(client), acceptor)
}

async fn refuse(acceptor: &mut Acceptor) {
    let mut call = acceptor.accept().await.unwrap();
    call.send.reset(ErrorCode::REFUSED_STREAM);
}

async fn body(call: &mut PeerCall) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = call.receive.next().await.unwrap() {
        all.extend_from_slice(&chunk);
    }
    all
}

/// Whether no further call comes.
async fn is_quiet(acceptor: &mut Acceptor) -> bool {
    let second = Duration::from_secs(1);
    tokio::time::timeout(second, acceptor.accept())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn the_sender_goes_on_as_if_nothing_had_been() {
    let (mut calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.open(post()).await.unwrap();
    send.send(bytes("one ")).await.unwrap();
    send.send(bytes("two ")).await.unwrap();
    refuse(&mut acceptor).await;
    send.send(bytes("three ")).await.unwrap();
    let mut call = acceptor.accept().await.unwrap();
    assert_eq!(call.head.uri(), "https://test/call");
    send.send(bytes("four")).await.unwrap();
    send.finish().await.unwrap();
    assert_eq!(body(&mut call).await, b"one two three four");
    call.send.head(Response::new(()));
    call.send.send(bytes("answer")).await.unwrap();
    call.send.finish();
    assert_eq!(receive.head().await.unwrap().status, 200);
    assert_eq!(receive.next().await.unwrap().unwrap(), "answer");
    assert_eq!(receive.next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_receiver_sends_again_what_a_finished_sender_had_sent() {
    let (mut calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.open(post()).await.unwrap();
    send.send(bytes("all of it")).await.unwrap();
    send.finish().await.unwrap();
    drop(send);
    let serve = async {
        refuse(&mut acceptor).await;
        refuse(&mut acceptor).await;
        let mut call = acceptor.accept().await.unwrap();
        assert_eq!(body(&mut call).await, b"all of it");
        call.send.head(Response::new(()));
        call.send.finish();
    };
    let (end, ()) = tokio::join!(receive.next(), serve);
    assert_eq!(end.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn it_is_not_tried_for_ever_and_the_error_stays_true() {
    let (calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.times(1).open(post()).await.unwrap();
    send.send(bytes("hello")).await.unwrap();
    refuse(&mut acceptor).await;
    send.ready().await.unwrap();
    refuse(&mut acceptor).await;
    for error in [
        send.ready().await.unwrap_err(),
        receive.next().await.unwrap_err(),
        send.send(bytes("more")).await.unwrap_err(),
        receive.head().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), REFUSED);
        assert!(!error.was_processed());
    }
    assert!(is_quiet(&mut acceptor).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_held_is_not_sent_again() {
    let (calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.replay_limit(8).open(post()).await.unwrap();
    send.send(bytes("1234567")).await.unwrap();
    send.send(bytes("89")).await.unwrap();
    refuse(&mut acceptor).await;
    assert_eq!(receive.next().await.unwrap_err().kind(), REFUSED);
    assert_eq!(send.ready().await.unwrap_err().kind(), REFUSED);
    assert!(is_quiet(&mut acceptor).await);
}

/// The chunk that no longer fits comes after the refusal: the newest call gets it, directly.
#[tokio::test(start_paused = true)]
async fn a_chunk_beyond_the_limit_goes_to_the_newest_call() {
    let (calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.replay_limit(8).open(post()).await.unwrap();
    send.send(bytes("1234567")).await.unwrap();
    refuse(&mut acceptor).await;
    let heard = tokio::spawn(async move { receive.next().await });
    tokio::task::yield_now().await;
    send.send(bytes("89")).await.unwrap();
    send.finish().await.unwrap();
    let mut call = acceptor.accept().await.unwrap();
    assert_eq!(body(&mut call).await, b"123456789");
    call.send.reset(ErrorCode::REFUSED_STREAM);
    assert_eq!(heard.await.unwrap().unwrap_err().kind(), REFUSED);
}

#[tokio::test(start_paused = true)]
async fn an_answered_call_stays_as_it_is() {
    let (mut calls, mut acceptor) = calls();
    let (mut send, mut receive) = calls.open(post()).await.unwrap();
    let mut call = acceptor.accept().await.unwrap();
    call.send.head(Response::new(()));
    receive.head().await.unwrap();
    send.send(bytes("hello")).await.unwrap();
    call.send.reset(ErrorCode::REFUSED_STREAM);
    assert!(send.ready().await.unwrap_err().was_processed());
    assert!(receive.next().await.unwrap_err().was_processed());
    assert!(is_quiet(&mut acceptor).await);
}

#[tokio::test(start_paused = true)]
async fn nobody_opens_again_for_a_half_that_is_gone() {
    for sender_goes in [true, false] {
        let (mut calls, mut acceptor) = calls();
        let (mut send, mut receive) = calls.open(post()).await.unwrap();
        send.send(bytes("half a")).await.unwrap();
        refuse(&mut acceptor).await;
        let error = if sender_goes {
            drop(send);
            receive.next().await.unwrap_err()
        } else {
            drop(receive);
            send.ready().await.unwrap_err()
        };
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(is_quiet(&mut acceptor).await);
    }
}

/// A half that goes while the newer call waits for it takes that call with it.
#[tokio::test(start_paused = true)]
async fn a_half_that_goes_later_cancels_the_newer_call() {
    let (mut calls, mut acceptor) = calls();
    let (mut send, receive) = calls.open(post()).await.unwrap();
    refuse(&mut acceptor).await;
    send.ready().await.unwrap();
    let mut call = acceptor.accept().await.unwrap();
    drop(receive);
    let error = call.receive.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(send.ready().await.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// Knuth's MMIX generator: reproducible, and random enough.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Polls `future` some times, as if something else won a `select!` each time.
async fn interrupted<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Whoever notices, whenever it happens and whatever is dropped meanwhile: the last call has every
/// byte once.
#[tokio::test(start_paused = true)]
async fn random_refusals_and_dropped_futures_lose_and_double_nothing() {
    let mut refused = 0;
    for seed in 0..3_000 {
        let mut random = Random(seed);
        let (client, mut acceptor) = pipe(usize::try_from(1 + random.below(20)).unwrap());
        let mut calls = Reopen::new(client).times(3);
        let (mut send, mut receive) = calls.open(post()).await.unwrap();
        let refusals = random.below(4);
        let mut of_peer = Random(seed + 1_000_000);
        let serve = tokio::spawn(async move {
            for _ in 0..refusals {
                let mut call = acceptor.accept().await.unwrap();
                for _ in 0..of_peer.below(4) {
                    // A future that is dropped here has read nothing.
                    let polls = of_peer.below(10);
                    drop(interrupted(call.receive.next(), polls).await);
                }
                call.send.reset(ErrorCode::REFUSED_STREAM);
            }
            let mut call = acceptor.accept().await.unwrap();
            let all = body(&mut call).await;
            call.send.head(Response::new(()));
            call.send.finish();
            all
        });
        let mut of_receiver = Random(seed + 2_000_000);
        let listen = tokio::spawn(async move {
            loop {
                let polls = 1 + of_receiver.below(5);
                if let Some(end) = interrupted(receive.next(), polls).await {
                    return end;
                }
            }
        });
        let mut said = Vec::new();
        for number in 0..random.below(8) {
            let chunk = format!(
                "{number}{}",
                "x".repeat(usize::try_from(random.below(30)).unwrap())
            );
            said.extend_from_slice(chunk.as_bytes());
            while interrupted(send.ready(), 1 + random.below(4))
                .await
                .is_none()
            {}
            // Cut short, a send is finished by the next call of any method.
            let polls = 1 + random.below(4);
            drop(interrupted(send.send(chunk.into()), polls).await);
        }
        while interrupted(send.finish(), 1 + random.below(4))
            .await
            .is_none()
        {}
        drop(send);
        assert_eq!(serve.await.unwrap(), said, "seed {seed}");
        assert_eq!(listen.await.unwrap().unwrap(), None, "seed {seed}");
        refused += refusals;
    }
    assert!(refused > 3_000, "{refused} refusals");
}

/// Opens each call on a connection of its own: the first meets a fault, the others an answer.
#[derive(Clone)]
struct Line {
    fault: Fault,
    opened: Arc<AtomicUsize>,
}

impl Duplex for Line {
    type Send = Sender;
    type Receive = Receiver;

    async fn open(&mut self, head: Request<()>) -> Result<(Sender, Receiver), Error> {
        let settings = Settings::default().deadlines(Deadlines {
            response_head: Some(Duration::from_secs(10)),
            first_byte: Some(Duration::from_secs(20)),
            between_bytes: Some(Duration::from_secs(30)),
            call: Some(Duration::from_secs(100)),
            ..Deadlines::NONE
        });
        let (mut client, _driver, mut peer) = Peer::connect(settings, &[]).await;
        let halves = client.open(head).await?;
        let first = self.opened.fetch_add(1, Ordering::SeqCst) == 0;
        let fault = self.fault;
        tokio::spawn(async move {
            peer.opened().await;
            if first {
                if let Some(mut peer) = fault.play(peer).await {
                    peer.linger().await;
                }
                return;
            }
            let mut upload = Vec::new();
            while upload.len() < 6 {
                upload.extend(peer.until(peer::DATA).await.payload);
            }
            assert!(upload.starts_with(b"upload"));
            peer.head(1, 200, false).await;
            peer.data(1, b"again", true).await;
            peer.linger().await;
        });
        Ok(halves)
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_whole_fault_menu_only_what_was_not_taken_is_opened_again() {
    let mut again = 0;
    for fault in Fault::all() {
        let line = Line {
            fault,
            opened: Arc::default(),
        };
        let (mut send, mut receive) = Reopen::new(line.clone()).open(post()).await.unwrap();
        let upload = tokio::spawn(async move {
            loop {
                if let Err(error) = send.send(bytes("upload")).await {
                    return error;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut heard = Vec::new();
        let end = loop {
            match receive.next().await {
                Ok(Some(chunk)) => heard.extend_from_slice(&chunk),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let stopped = upload.await.unwrap();
        let not_taken = matches!(
            fault,
            Fault::ResetBeforeHead(ErrorCode::REFUSED_STREAM) | Fault::GoAwayBelowBeforeHead
        );
        let opened = line.opened.load(Ordering::SeqCst);
        if not_taken {
            again += 1;
            assert_eq!(opened, 2, "{fault:?}");
            end.unwrap();
            assert_eq!(heard, b"again", "{fault:?}");
            assert!(matches!(stopped.kind(), ErrorKind::AnsweredEarly(_)));
        } else {
            assert_eq!(opened, 1, "{fault:?}: {end:?}");
            if let Err(error) = end {
                assert!(error.was_processed(), "{fault:?}: {error}");
                assert_eq!(stopped.to_string(), error.to_string(), "{fault:?}");
            }
        }
    }
    assert_eq!(again, 2);
}

/// Where no newer call can be had, both halves hear why.
#[tokio::test(start_paused = true)]
async fn a_failure_to_open_again_is_told_to_both_halves() {
    /// Opens one call, and then finds nobody.
    #[derive(Clone)]
    struct Once(Pipe, Arc<AtomicUsize>);

    impl Duplex for Once {
        type Send = <Pipe as Duplex>::Send;
        type Receive = <Pipe as Duplex>::Receive;

        async fn open(&mut self, head: Request<()>) -> Result<(Self::Send, Self::Receive), Error> {
            if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
                return self.0.open(head).await;
            }
            Err(Error::new(ErrorKind::Connect, Phase::Connect))
        }
    }

    let (client, mut acceptor) = pipe(1024);
    let opened = Arc::<AtomicUsize>::default();
    let mut calls = Reopen::new(Once(client, Arc::clone(&opened)));
    let (mut send, mut receive) = calls.open(post()).await.unwrap();
    refuse(&mut acceptor).await;
    for error in [
        receive.next().await.unwrap_err(),
        send.ready().await.unwrap_err(),
        receive.next().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(!error.was_processed());
    }
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}
