//! Calls over HTTP/1.1 with a peer whose every byte is written by hand.

use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Deadline, ErrorKind, ReceiveHalf, SendHalf};
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

const BODY: &[u8] = b"hello, and goodbye";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n\
    d\r\n, and goodbye\r\n0\r\n\r\n";
const COUNTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\nhello, and goodbye";
const UNTIL_CLOSED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello, and goodbye";

fn post(deadlines: Deadlines) -> Request<()> {
    Request::post("https://gateway.example:443/model/m/converse-stream")
        .header("content-length", "7")
        .extension(deadlines)
        .body(())
        .unwrap()
}

/// A call, and the other end of its connection.
fn call(deadlines: Deadlines) -> (Http1Send, Http1Receive, DuplexStream) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (send, receive) = open_on(near, post(deadlines));
    (send, receive, far)
}

async fn request(peer: &mut DuplexStream) -> String {
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\nrequest") {
        all.push(peer.read_u8().await.unwrap());
    }
    String::from_utf8(all).unwrap()
}

async fn say(send: &mut Http1Send) -> Result<(), Error> {
    say_rest(send, "request").await
}

async fn say_rest(send: &mut Http1Send, rest: &'static str) -> Result<(), Error> {
    send.send(Bytes::from_static(rest.as_bytes())).await?;
    send.finish().await
}

/// Reads the beginning of the request: nobody answers before it.
async fn begun(peer: &mut DuplexStream) {
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\nreq") {
        all.push(peer.read_u8().await.unwrap());
    }
}

async fn hear(receive: &mut Http1Receive) -> (Vec<u8>, Result<(), Error>) {
    let mut heard = Vec::new();
    loop {
        match receive.next().await {
            Ok(Some(chunk)) => heard.extend_from_slice(&chunk),
            Ok(None) => return (heard, Ok(())),
            Err(error) => return (heard, Err(error)),
        }
    }
}

/// How a call ends that is answered so, and then cut.
async fn answered(answer: &[u8]) -> (Vec<u8>, Result<(), Error>) {
    let (mut send, mut receive, mut peer) = call(Deadlines::NONE);
    say(&mut send).await.unwrap();
    request(&mut peer).await;
    peer.write_all(answer).await.unwrap();
    drop(peer);
    let end = hear(&mut receive).await;
    let again = receive.next().await.map(|chunk| assert_eq!(chunk, None));
    assert_eq!(again.is_ok(), end.1.is_ok());
    end
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_out_in_origin_form_and_its_answer_comes_back() {
    let (mut send, mut receive, mut peer) = call(Deadlines::NONE);
    say(&mut send).await.unwrap();
    let asked = request(&mut peer).await;
    assert!(
        asked.starts_with("POST /model/m/converse-stream HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("\r\nhost: gateway.example\r\n"), "{asked}");
    peer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        .await
        .unwrap();
    for byte in CHUNKED {
        peer.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(receive.head().await.unwrap().status, StatusCode::OK);
    assert_eq!(receive.head().await.unwrap().status, StatusCode::OK);
    let (heard, end) = hear(&mut receive).await;
    end.unwrap();
    assert_eq!(heard, BODY);
}

#[tokio::test(start_paused = true)]
async fn an_answer_cut_at_any_byte_is_never_complete() {
    for answer in [CHUNKED, COUNTED] {
        for cut in 0..=answer.len() {
            let (heard, end) = answered(&answer[..cut]).await;
            assert!(BODY.starts_with(&heard), "cut at {cut}");
            assert_eq!(end.is_ok(), cut == answer.len(), "cut at {cut}: {end:?}");
            let Err(error) = end else { continue };
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
            assert!(error.was_processed());
        }
    }
    let (heard, end) = answered(UNTIL_CLOSED).await;
    assert_eq!(heard, BODY);
    let error = end.unwrap_err();
    assert!(
        error.to_string().contains("cannot be told from a cut"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_without_a_body_have_an_end() {
    for head in ["204 No Content", "200 OK\r\ncontent-length: 0"] {
        let (_, end) = answered(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes()).await;
        end.unwrap();
    }
    let (_, end) = answered(b"SSH-2.0-OpenSSH\r\n").await;
    assert!(matches!(end.unwrap_err().kind(), ErrorKind::Protocol(_)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_the_upload_and_comes_whole() {
    let (mut send, mut receive, mut peer) = call(Deadlines::NONE);
    send.send(Bytes::from_static(b"req")).await.unwrap();
    begun(&mut peer).await;
    let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 8\r\n\r\n";
    peer.write_all(refusal).await.unwrap();
    let refused = ErrorKind::AnsweredEarly(StatusCode::FORBIDDEN);
    assert_eq!(receive.head().await.unwrap().status, StatusCode::FORBIDDEN);
    assert_eq!(send.ready().await.unwrap_err().kind(), refused);
    let more = Bytes::from_static(b"uest");
    assert_eq!(send.send(more).await.unwrap_err().kind(), refused);
    drop(send);
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.write_all(b"not you!").await.unwrap();
    let (heard, end) = hear(&mut receive).await;
    end.unwrap();
    assert_eq!(heard, b"not you!");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_half_closes_the_connection_and_tells_the_other() {
    let (mut send, mut receive, mut peer) = call(Deadlines::NONE);
    send.send(Bytes::from_static(b"req")).await.unwrap();
    drop(send);
    assert_eq!(
        receive.next().await.unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    let mut came = Vec::new();
    peer.read_to_end(&mut came).await.unwrap();
    assert!(!came.ends_with(b"request"));

    let (mut send, receive, mut peer) = call(Deadlines::NONE);
    say(&mut send).await.unwrap();
    request(&mut peer).await;
    drop(receive);
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(send.finish().await.map_err(|error| error.kind()), Ok(()));

    let (mut send, receive, _peer) = call(Deadlines::NONE);
    drop(receive);
    assert_eq!(send.ready().await.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// The deadline that a call meets which is answered so and no further, and after what time.
async fn silence_after(answer: &[u8], deadlines: Deadlines) -> (ErrorKind, ErrorKind, u64) {
    let (mut send, mut receive, mut peer) = call(deadlines);
    // Never finished: the sender has to hear of it, too.
    send.send(Bytes::from_static(b"req")).await.unwrap();
    begun(&mut peer).await;
    peer.write_all(answer).await.unwrap();
    let start = tokio::time::Instant::now();
    let (_, end) = hear(&mut receive).await;
    let seconds = start.elapsed().as_secs();
    let of_sender = send.ready().await.unwrap_err().kind();
    (end.unwrap_err().kind(), of_sender, seconds)
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_named_and_both_halves_hear_of_them() {
    let seconds = |count| Some(Duration::from_secs(count));
    let all = Deadlines {
        response_head: seconds(1),
        first_byte: seconds(2),
        between_bytes: seconds(3),
        call: seconds(10),
        ..Deadlines::NONE
    };
    let head = &CHUNKED[..47];
    assert!(head.ends_with(b"\r\n\r\n"));
    for (answer, deadline, after) in [
        (&[][..], Deadline::ResponseHead, 1),
        (head, Deadline::FirstByte, 2),
        (&CHUNKED[..60], Deadline::BetweenBytes, 3),
    ] {
        let expected = ErrorKind::Deadline(deadline);
        assert_eq!(
            silence_after(answer, all).await,
            (expected, expected, after)
        );
    }
    let whole = Deadlines {
        call: seconds(10),
        ..Deadlines::NONE
    };
    let expected = ErrorKind::Deadline(Deadline::Call);
    assert_eq!(silence_after(head, whole).await, (expected, expected, 10));
}

/// What is sent goes out whole, whatever futures are dropped on the way.
#[tokio::test(start_paused = true)]
async fn a_dropped_send_leaves_the_bytes_whole() {
    let (near, mut far) = tokio::io::duplex(16);
    let (mut send, _receive) = open_on(near, post(Deadlines::NONE));
    let moment = Duration::from_millis(1);
    let mut came = Vec::new();
    for part in ["re", "qu", "es"] {
        let sending = send.send(Bytes::from_static(part.as_bytes()));
        let _cut_short = tokio::time::timeout(moment, sending).await;
        while tokio::time::timeout(moment, send.ready()).await.is_err() {
            came.push(far.read_u8().await.unwrap());
        }
    }
    let rest = tokio::spawn(async move {
        while !came.ends_with(b"\r\n\r\nrequest") {
            came.push(far.read_u8().await.unwrap());
        }
        far
    });
    say_rest(&mut send, "t").await.unwrap();
    drop(rest.await.unwrap());
}
