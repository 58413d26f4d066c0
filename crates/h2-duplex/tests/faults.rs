//! The fault menu: whatever the peer does, both halves of a call get a typed answer in time.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fault;
mod peer;

use std::time::Duration;

use bytes::Bytes;
use fault::Fault;
use h2_duplex::{
    Deadline, Deadlines, Duplex, ErrorCode, ErrorKind, KeepAlive, ReceiveHalf, SendHalf, Settings,
};
use http::{Request, StatusCode};
use peer::{DATA, HEADERS, INITIAL_WINDOW_SIZE, Peer};
use tokio::time::{Instant, sleep};

fn settings(fault: Fault) -> Settings {
    let seconds = |count| Some(Duration::from_secs(count));
    let deadlines = match fault {
        Fault::LongGaps => Deadlines::default(),
        Fault::BlackHole => Deadlines::NONE,
        _ => Deadlines {
            response_head: seconds(10),
            first_byte: seconds(20),
            between_bytes: seconds(30),
            call: seconds(100),
            ..Deadlines::NONE
        },
    };
    let keep_alive = KeepAlive::new(Duration::from_secs(15), Duration::from_secs(5));
    let settings = Settings::default().deadlines(deadlines);
    match fault {
        // These peers do not read while they wait, so they would not answer.
        Fault::LongGaps | Fault::GoAwayAtThenEnd => settings,
        _ => settings.keep_alive(keep_alive),
    }
}

fn expected(fault: Fault) -> Outcome {
    use ErrorKind::{AnsweredEarly, ConnectionLost, GoAway, Protocol, Reset, Unresponsive};
    let early = |status| AnsweredEarly(StatusCode::from_u16(status).unwrap());
    let fails = |body: &'static str, kind| Outcome::new(body, Err(kind), kind);
    let passes =
        |deadline, body, seconds| fails(body, ErrorKind::Deadline(deadline)).after(seconds);
    match fault {
        Fault::ResetBeforeHead(ErrorCode::REFUSED_STREAM) => {
            fails("", Reset(ErrorCode::REFUSED_STREAM)).unprocessed()
        }
        Fault::ResetBeforeHead(code) => fails("", Reset(code)),
        Fault::ResetMidway(code) => fails("half", Reset(code)),
        Fault::CloseBeforeHead => fails("", ConnectionLost),
        Fault::CloseMidway | Fault::CloseWithinFrame => fails("half", ConnectionLost),
        Fault::GoAwayAtThenClose => fails("half", ConnectionLost).saying("INTERNAL_ERROR"),
        Fault::GoAwayBelowBeforeHead => fails("", GoAway(ErrorCode::NO_ERROR)).unprocessed(),
        Fault::GoAwayBelowMidway => fails("half", GoAway(ErrorCode::NO_ERROR)),
        Fault::GoAwayAtThenEnd => Outcome::new("halfmore", Ok(200), early(200)).after(20),
        Fault::GoAwayAtThenSilence | Fault::NoMoreBytes => {
            passes(Deadline::BetweenBytes, "half", 30)
        }
        Fault::EndWhileUploading
        | Fault::EndThenReset(_)
        | Fault::EndAndCloseAtOnce
        | Fault::Trailers => Outcome::new("half", Ok(200), early(200)),
        Fault::RefusalWithBody(status) => {
            Outcome::new("no, not you", Ok(status), early(status)).after(3)
        }
        Fault::RefusalWithoutBody(status) => Outcome::new("", Ok(status), early(status)),
        Fault::NoHead | Fault::NoHeadNoWindow => passes(Deadline::ResponseHead, "", 10),
        Fault::NoFirstByte => passes(Deadline::FirstByte, "", 20),
        Fault::EndlessTrickle => passes(Deadline::Call, TRICKLE, 100),
        Fault::LongGaps => Outcome::new("half...", Ok(200), early(200)).after(31 + 61 + 126),
        Fault::BlackHole => fails("", Unresponsive).after(20),
        Fault::SpeaksHttp1 => fails("", Protocol(ErrorCode::FRAME_SIZE_ERROR)),
        Fault::DataForUnknownStream | Fault::ShorterThanContentLength => {
            fails("", Protocol(ErrorCode::PROTOCOL_ERROR))
        }
        Fault::EmptyFrames => fails("half", Protocol(ErrorCode::ENHANCE_YOUR_CALM)),
    }
}

/// The first 99 of the trickle; the one that comes together with the deadline may or may not count.
const TRICKLE: &str = "half...................................................................................................";

#[derive(Debug)]
struct Outcome {
    body: &'static str,
    receiver: Result<u16, ErrorKind>,
    sender: ErrorKind,
    processed: bool,
    seconds: u64,
    words: &'static str,
}

impl Outcome {
    fn new(body: &'static str, receiver: Result<u16, ErrorKind>, sender: ErrorKind) -> Self {
        Self {
            body,
            receiver,
            sender,
            processed: true,
            seconds: 0,
            words: "",
        }
    }

    fn unprocessed(self) -> Self {
        Self {
            processed: false,
            ..self
        }
    }

    fn after(self, seconds: u64) -> Self {
        Self { seconds, ..self }
    }

    fn saying(self, words: &'static str) -> Self {
        Self { words, ..self }
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_ends_in_its_outcome_in_time_for_both_halves() {
    for fault in Fault::all() {
        let window = if matches!(fault, Fault::NoHeadNoWindow) {
            0
        } else {
            65_535
        };
        let (mut client, _driver, mut peer) =
            Peer::connect(settings(fault), &[(INITIAL_WINDOW_SIZE, window)]).await;
        let head = Request::post("https://test/call").body(()).unwrap();
        let (mut send, mut receive) = client.open(head).await.unwrap();
        peer.opened().await;
        let start = Instant::now();
        let play = tokio::spawn(async move {
            if let Some(mut peer) = fault.play(peer).await {
                peer.linger().await;
            }
        });
        let upload = tokio::spawn(async move {
            loop {
                if let Err(error) = send.send(Bytes::from_static(b"upload")).await {
                    return (error, send);
                }
                sleep(Duration::from_millis(100)).await;
            }
        });
        let mut body = Vec::new();
        let end = loop {
            match receive.next().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break Ok(receive.head().await.unwrap().status.as_u16()),
                Err(error) => break Err(error),
            }
        };
        let elapsed = start.elapsed().as_secs();
        let (send_error, mut send) = upload.await.unwrap();

        let expected = expected(fault);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            expected.body,
            "{fault:?}: {end:?}"
        );
        let kind = end
            .as_ref()
            .map(|status| *status)
            .map_err(h2_duplex::Error::kind);
        assert_eq!(kind, expected.receiver, "{fault:?}: {end:?}");
        assert_eq!(send_error.kind(), expected.sender, "{fault:?}");
        assert_eq!(
            send.ready().await.unwrap_err().kind(),
            expected.sender,
            "{fault:?}"
        );
        assert_eq!(elapsed, expected.seconds, "{fault:?}");
        match end {
            Err(error) => {
                assert_eq!(error.was_processed(), expected.processed, "{fault:?}");
                assert!(
                    error.to_string().contains(expected.words),
                    "{fault:?}: {error}"
                );
                assert_eq!(send_error.to_string(), error.to_string(), "{fault:?}");
                let again = receive.next().await.unwrap_err();
                assert_eq!(again.kind(), error.kind(), "{fault:?}");
            }
            Ok(_) => assert_eq!(receive.next().await.unwrap(), None, "{fault:?}"),
        }
        let trailers = receive.trailers();
        assert_eq!(
            trailers.is_some(),
            matches!(fault, Fault::Trailers),
            "{fault:?}"
        );
        play.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn go_away_is_signalled_and_lets_no_new_call_in() {
    let (mut client, driver, mut peer) = Peer::connect(Settings::default(), &[]).await;
    let head = || Request::post("https://test/call").body(()).unwrap();
    let (mut send, mut receive) = client.open(head()).await.unwrap();
    let monitor = send.monitor();
    assert!(!monitor.is_going_away());
    peer.until(HEADERS).await;
    peer.go_away(1, 0).await;
    monitor.going_away().await;
    assert!(client.is_going_away());
    let error = client.open(head()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GoAway(ErrorCode::NO_ERROR));
    assert!(!error.was_processed());
    // The running call goes on in both directions.
    send.send(Bytes::from_static(b"still here")).await.unwrap();
    assert_eq!(peer.until(DATA).await.payload, b"still here");
    send.finish().await.unwrap();
    peer.head(1, 200, false).await;
    peer.data(1, b"so am I", true).await;
    assert_eq!(receive.next().await.unwrap().unwrap(), "so am I");
    assert_eq!(receive.next().await.unwrap(), None);
    // Nothing is left to do, so the connection closes by itself.
    peer.linger().await;
    driver.await.unwrap().unwrap();
}

/// Frames of any kind with any flags for any stream, and what is not even a frame.
#[tokio::test(start_paused = true)]
async fn no_nonsense_panics_hangs_or_passes_for_an_end() {
    let mut random = 7_u64;
    let mut below = move |limit: u64| {
        // Knuth's MMIX generator: reproducible, and random enough.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let mut byte = move |limit: u64| u8::try_from(below(limit)).unwrap();
    let (mut good, mut bad) = (0, 0);
    for round in 0..2_000 {
        let (mut client, driver, mut peer) = Peer::connect(Settings::default(), &[]).await;
        let head = Request::post("https://test/call").body(()).unwrap();
        let (mut send, mut receive) = client.open(head).await.unwrap();
        peer.opened().await;
        peer.head(1, 200, false).await;
        let mut end_stream = false;
        for _ in 0..byte(8) {
            let kind = if byte(2) == 0 { DATA } else { byte(12) };
            let flags = [0, 0, 1, 4, 5, 8, byte(255)][usize::from(byte(7))];
            let stream = u32::from([1, 1, 1, 1, 0, byte(5)][usize::from(byte(6))]);
            let payload: Vec<u8> = (0..byte(30)).map(|_| byte(255)).collect();
            peer.write(kind, flags, stream, &payload).await;
            end_stream |= [DATA, HEADERS].contains(&kind) && flags & 1 == 1 && stream == 1;
        }
        if byte(4) == 0 {
            let noise: Vec<u8> = (0..byte(40)).map(|_| byte(255)).collect();
            peer.raw(&noise).await;
        }
        drop(peer);
        let end = loop {
            match receive.next().await {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.kind()),
            }
        };
        assert!(end.is_err() || end_stream, "round {round}");
        send.ready().await.unwrap_err();
        drop((client, send, receive));
        let _closed = driver.await.unwrap();
        if end.is_ok() { good += 1 } else { bad += 1 }
    }
    assert!(good > 20 && bad > 1_000, "{good} good ends, {bad} bad ones");
}
