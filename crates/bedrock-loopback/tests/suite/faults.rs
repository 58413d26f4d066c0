//! Each fault of the menu, and what a client sees of it.

use std::time::Duration;

use bedrock_loopback::{Builder, Fault, FaultKind};
use serde_json::Value;

use crate::client::{Call, Client, Ending, Got, builder};
use crate::events::{audio_input, closing, opening, silence, speech};
use crate::oneway::{CONVERSE_STREAM, says};

fn with(fault: &str) -> Builder {
    builder().fault(fault.parse::<Fault>().unwrap())
}

async fn converse(builder: Builder) -> Call {
    let server = builder.build().unwrap();
    Client::connect(&server)
        .await
        .post(CONVERSE_STREAM, &says("one two"))
        .await
}

/// What a ConverseStream of eight frames comes to: names of events, how it ended, after what time.
async fn stream(fault: &str) -> (Vec<String>, Ending, Duration) {
    let start = tokio::time::Instant::now();
    let (got, ending) = converse(with(fault)).await.outcome().await;
    let names = got.into_iter().map(|got| match got {
        Got::Event(name, _) | Got::Exception(name, _) => name,
    });
    (names.collect(), ending, start.elapsed())
}

const WHOLE: [&str; 6] = [
    "messageStart",
    "contentBlockDelta",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
];

#[tokio::test(start_paused = true)]
async fn streams_that_end_too_early_or_badly() {
    for (fault, frames, ended) in [
        ("end-early@2", 2, Ending::Clean),
        ("end-mid-frame@3", 2, Ending::CutInFrame),
        ("no-message-stop", 4, Ending::Clean),
    ] {
        let (names, ending, _) = stream(fault).await;
        assert_eq!(
            (&names[..], ending),
            (&WHOLE.map(str::to_owned)[..frames], ended),
            "{fault}"
        );
    }
    for (fault, frames) in [
        ("cut@2", 2),
        ("cut-mid-frame@3", 2),
        ("reset-no-error@2", 2),
        ("reset-cancel@1", 1),
        ("reset-internal@5", 5),
        ("goaway-below@2", 2),
    ] {
        let (names, ending, _) = stream(fault).await;
        assert_eq!(names, WHOLE[..frames], "{fault}");
        assert!(matches!(ending, Ending::Failed(_)), "{fault}: {ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bits_that_flip() {
    for fault in ["flip-prelude-crc@2", "flip-payload@2", "flip-message-crc@2"] {
        let (names, ending, _) = stream(fault).await;
        assert_eq!((names.len(), ending), (1, Ending::BadFrame), "{fault}");
    }
    for seed in 0..20 {
        let (got, ending) = converse(with("flip-any@3").seed(seed))
            .await
            .outcome()
            .await;
        // A longer length is seen at once or at the end, as the decoder likes.
        let seen = [Ending::BadFrame, Ending::CutInFrame].contains(&ending);
        assert!(got.len() == 2 && seen, "seed {seed}: {ending:?}");
    }
    let (names, ending, _) = stream("flip-length").await;
    assert!(names.is_empty() && ending != Ending::Clean, "{ending:?}");
}

#[tokio::test(start_paused = true)]
async fn frames_that_nobody_expects() {
    for (fault, at, name, frames) in [
        ("exception-validation@2", 1, "validationException", 2),
        ("exception-throttling@1", 0, "throttlingException", 1),
        ("exception-internal@3", 2, "internalServerException", 3),
        ("exception-unavailable", 1, "serviceUnavailableException", 2),
        ("exception-model-stream", 1, "modelStreamErrorException", 2),
        ("exception-model-timeout", 1, "modelTimeoutException", 2),
        ("exception-unknown", 1, "somethingNewException", 2),
        ("exception-after-stop", 5, "internalServerException", 6),
        ("error-frame@4", 3, "error", 4),
        ("unknown-event@2", 1, "somethingNew", 7),
        ("unknown-message-type@2", 1, "somethingNew", 7),
        ("initial-response", 0, "initial-response", 7),
        ("metadata-twice", 6, "metadata", 7),
        ("no-metadata", 4, "messageStop", 5),
    ] {
        let (names, ending, _) = stream(fault).await;
        assert_eq!(
            (names[at].as_str(), names.len()),
            (name, frames),
            "{fault}: {names:?}"
        );
        assert_eq!(ending, Ending::Clean, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn blocks_beside_the_text() {
    for (fault, member, stop) in [
        ("reasoning", "signature", "end_turn"),
        ("redacted-reasoning", "redactedContent", "end_turn"),
        ("zero-arg-tool", "toolUseId", "tool_use"),
    ] {
        let (got, ending) = converse(with(fault)).await.outcome().await;
        let shown = format!("{got:?}");
        assert!(
            shown.contains(member) && shown.contains(stop),
            "{fault}: {shown}"
        );
        assert_eq!(ending, Ending::Clean);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_that_are_long_but_end() {
    for (fault, seconds) in [("gap-31s@2", 31), ("gap-61s@3", 61), ("gap-126s", 126)] {
        let (names, ending, took) = stream(fault).await;
        assert_eq!((names.len(), ending), (6, Ending::Clean), "{fault}");
        assert_eq!(took.as_secs(), seconds, "{fault}");
    }
    for fault in [
        "one-byte-chunks",
        "one-chunk",
        "answer-after-end",
        "cut-after-end",
        "goaway-above@2",
    ] {
        let (names, ending, _) = stream(fault).await;
        assert_eq!(
            (&names[..], ending),
            (&WHOLE.map(str::to_owned)[..], Ending::Clean),
            "{fault}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silences_that_do_not_end() {
    for (fault, frames) in [
        ("silence@2", 2),
        ("black-hole@1", 1),
        ("goaway-silence@3", 3),
        ("head-never", 0),
    ] {
        let mut call = converse(with(fault)).await;
        for _ in 0..frames {
            call.next().await.unwrap();
        }
        let more = tokio::time::timeout(Duration::from_hours(1), call.next()).await;
        assert!(more.is_err(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_acknowledges_nothing() {
    for (fault, answered) in [("silence", true), ("black-hole", false)] {
        let server = with(fault).build().unwrap();
        let (mut client, mut pings) = Client::connect_with_pings(&server).await;
        client
            .post(CONVERSE_STREAM, &says("x"))
            .await
            .next()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let pong =
            tokio::time::timeout(Duration::from_mins(1), pings.ping(h2::Ping::opaque())).await;
        assert_eq!(pong.is_ok(), answered, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_goaway_ends_the_connection_for_new_calls_only() {
    let server = with("goaway-above@2").build().unwrap();
    let mut client = Client::connect(&server).await;
    let (got, ending) = client
        .post(CONVERSE_STREAM, &says("x y"))
        .await
        .outcome()
        .await;
    assert_eq!((got.len(), ending), (6, Ending::Clean));
    assert!(client.try_ready().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn errors_in_place_of_an_answer() {
    for (fault, status, name) in [
        ("http-error@429", 429, "ThrottlingException"),
        ("http-error@400", 400, "ValidationException"),
        ("http-error@500", 500, "InternalServerException"),
        ("http-error", 503, "ServiceUnavailableException"),
        ("expired-credentials", 403, "ExpiredTokenException"),
        ("clock-ahead", 403, "InvalidSignatureException"),
        ("clock-behind", 403, "InvalidSignatureException"),
    ] {
        let error = converse(with(fault)).await.http_error().await;
        assert_eq!(
            (error.0, error.1.as_str()),
            (status, name),
            "{fault}: {}",
            error.2
        );
        // The duplex call gets it while its upload is open, and the upload is stopped.
        let server = with(fault).build().unwrap();
        let mut call = Client::connect(&server).await.open().await;
        let error = call.http_error().await;
        assert_eq!(
            (error.0, error.1.as_str()),
            (status, name),
            "{fault}: {}",
            error.2
        );
        assert_eq!(call.reset().await, h2::Reason::NO_ERROR, "{fault}");
    }
    let mut call = converse(with("http-html")).await;
    let headers = call.head().await;
    assert_eq!(
        (call.status, headers["content-type"].to_str().unwrap()),
        (502, "text/html")
    );
    for (fault, reason) in [
        ("reset-before-head", "internal error"),
        ("reset-refused", "refused"),
    ] {
        let (got, ending) = converse(with(fault)).await.outcome().await;
        assert!(got.is_empty(), "{fault}");
        assert!(
            format!("{ending:?}").contains(reason),
            "{fault}: {ending:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_be_over_after_some_calls() {
    let server = with("http-error@503*2").build().unwrap();
    let mut client = Client::connect(&server).await;
    for status in [503, 503, 200, 200] {
        let mut call = client.post(CONVERSE_STREAM, &says("x")).await;
        call.head().await;
        assert_eq!(call.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn faults_combine() {
    let both = with("gap-31s@2")
        .fault(FaultKind::OneByteChunks)
        .fault(Fault::new(FaultKind::EndEarly).at(3));
    let start = tokio::time::Instant::now();
    let (got, ending) = converse(both).await.outcome().await;
    assert_eq!((got.len(), ending), (3, Ending::Clean));
    assert_eq!(start.elapsed().as_secs(), 31);
}

/// A spoken turn, closed in order; what came of it.
async fn speak(builder: Builder) -> (Vec<Got>, Ending) {
    let server = builder.build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    let mut events = opening(16_000, 16_000);
    let voice = [speech(1000, 16_000), silence(2500, 16_000)].concat();
    events.extend(voice.chunks(512).map(audio_input));
    for event in events {
        call.send(&event).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    for event in closing() {
        call.send(&event).await;
    }
    call.end().await;
    call.outcome().await
}

fn members<'g>(got: &'g [Got], name: &str) -> Vec<&'g Value> {
    got.iter()
        .filter_map(|got| match got {
            Got::Event(event, members) if event == name => Some(members),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_without_faults() {
    let (got, ending) = speak(builder()).await;
    assert_eq!(members(&got, "completionEnd").len(), 1);
    assert_eq!(ending, Ending::Clean);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_break() {
    for (fault, kind, says) in [
        (
            "model-timeout@3",
            "modelTimeoutException",
            "Model has timed out",
        ),
        (
            "instability",
            "validationException",
            "System instability detected. Please retry your request.",
        ),
        (
            "expire@4",
            "validationException",
            "The security token included in the request is expired",
        ),
    ] {
        let (got, ending) = speak(with(fault)).await;
        let Some(Got::Exception(name, message)) = got.last() else {
            panic!("{fault}: {got:?}");
        };
        assert!(
            name == kind && message.starts_with(says),
            "{fault}: {message}"
        );
        assert_eq!(ending, Ending::Clean);
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_that_go_on_wrongly() {
    let (got, _) = speak(with("interrupt-audio@2")).await;
    assert_eq!(members(&got, "audioOutput").len(), 2);
    let stops: Vec<_> = members(&got, "contentEnd")
        .iter()
        .map(|end| end["stopReason"].clone())
        .collect();
    assert_eq!(stops.last().unwrap(), "INTERRUPTED");

    let (got, _) = speak(with("empty-transcript")).await;
    assert_eq!(members(&got, "textOutput")[0]["content"], "");

    let (got, ending) = speak(with("deaf")).await;
    assert_eq!((got.len(), ending), (0, Ending::Clean));
}

#[tokio::test(start_paused = true)]
async fn heads_that_come_late() {
    let server = with("head-after@4").build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    for event in &opening(16_000, 16_000)[..3] {
        call.send(event).await;
    }
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call.head())
            .await
            .is_err()
    );
    call.send(&opening(16_000, 16_000)[3]).await;
    call.head().await;
    assert_eq!(call.status, 200);
}

/// How many bytes of audio a client can send before flow control stops it.
async fn uploaded(fault: &str) -> usize {
    let server = with(fault).stream_window(65_535).build().unwrap();
    let (mut client, mut pings) = Client::connect_with_pings(&server).await;
    // Once a ping has come back, the client has seen the server's settings.
    pings.ping(h2::Ping::opaque()).await.unwrap();
    let mut call = client.open().await;
    let mut sent = 0;
    for event in opening(16_000, 16_000)
        .into_iter()
        .chain(std::iter::repeat_n(audio_input(&[0; 4096]), 40))
    {
        let one = tokio::time::timeout(Duration::from_secs(30), call.send(&event));
        if one.await.is_err() {
            break;
        }
        sent += 1;
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn windows_that_stay_shut() {
    assert_eq!(uploaded("window-zero").await, 0);
    let never = uploaded("window-never").await;
    assert!((5..20).contains(&never), "{never}");
    assert_eq!(uploaded("window-late").await, 46);
    assert_eq!(uploaded("silence@1000").await, 46);
}

#[tokio::test(start_paused = true)]
async fn protocols_that_tls_does_not_offer() {
    for (fault, offered) in [
        ("alpn-http1", None),
        ("alpn-none", None),
        ("deaf", Some(&b"h2"[..])),
    ] {
        let server = with(fault).build().unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let far_side = server.clone();
        tokio::spawn(async move { far_side.serve_tls(far).await });
        let tls = crate::client::connector(server.ca_pem());
        let connected = tls.connect("localhost".try_into().unwrap(), near).await;
        let protocol = connected
            .ok()
            .and_then(|stream| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
        assert_eq!(protocol.as_deref(), offered, "{fault}");
    }
}
