//! Clients that mean harm, or behave as if: the server stays up, and its memory stays bounded. A process of its own, so that
//! memory can be measured.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "suite/events.rs"]
#[expect(dead_code, reason = "the suite's own events; few are needed here")]
mod events;
#[path = "suite/signer.rs"]
mod signer;

use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_loopback::{Builder, Clock, Loopback, Server};
use bytes::Bytes;
use signer::Signer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const PATH: &str = "/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream";

fn builder() -> Builder {
    let clock = Clock::starting_at(UNIX_EPOCH + Duration::from_secs(1_767_323_045));
    Loopback::builder().clock(clock).seed(7)
}

fn server() -> Server {
    builder().build().unwrap()
}

/// The inner frame of an input event.
fn chunk(event: &serde_json::Value) -> Message {
    let part = format!("{{\"bytes\":\"{}\"}}", STANDARD.encode(event.to_string()));
    let text = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    Message::new(Bytes::from(part))
        .add_header(text(":message-type", "event"))
        .add_header(text(":event-type", "chunk"))
}

/// A signed head, the same for every call.
fn head() -> http::Request<()> {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    Signer::example("us-east-1")
        .head(PATH, "localhost", &[], b"", now)
        .0
}

fn connect(server: &Server) -> DuplexStream {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let far_side = server.clone();
    tokio::spawn(async move { far_side.serve_connection(far).await });
    near
}

/// Memory of this process in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Opens a call and gives its status.
async fn still_serves(server: &Server) -> u16 {
    let (send, connection) = h2::client::handshake(connect(server)).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let request = http::Request::post("http://localhost/nothing")
        .body(())
        .unwrap();
    let (response, _) = send.send_request(request, true).unwrap();
    response.await.unwrap().status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_half_open_calls() {
    let server = server();
    let before = resident();
    let mut open = Vec::new();
    for _ in 0..40 {
        let (mut send, connection) = h2::client::handshake(connect(&server)).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..250 {
            send = send.ready().await.unwrap();
            open.push(send.send_request(head(), false).unwrap());
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(open.len(), 10_000);
    let each = (resident().saturating_sub(before)) / open.len();
    assert!(each < 48 * 1024, "{each} bytes for both ends of a call");
    assert_eq!(still_serves(&server).await, 404);
    // The service's own limit ends them all.
    tokio::time::sleep(Duration::from_mins(1)).await;
    for (response, _) in open.into_iter().step_by(1000) {
        assert_eq!(response.await.unwrap().status().as_u16(), 400);
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_instead_of_a_protocol() {
    let server = server();
    for seed in 0_u64..50 {
        let mut near = connect(&server);
        let bytes: Vec<u8> = (0..2000_u64)
            .map(|at| {
                (at.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(seed << 40)
                    >> 33)
                    .to_le_bytes()
            })
            .map(|[byte, ..]| byte)
            .collect();
        // A server that hangs up at the first wrong byte leaves the rest unwritten.
        let _ = near.write_all(&bytes).await;
        let _ = near.shutdown().await;
        let mut answer = Vec::new();
        let _ = near.read_to_end(&mut answer).await;
        assert!(
            answer.len() < 4096,
            "{} bytes in answer to garbage",
            answer.len()
        );
    }
    assert_eq!(still_serves(&server).await, 404);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped() {
    let server = server();
    let mut near = connect(&server);
    let start = tokio::time::Instant::now();
    assert_eq!(near.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_given_up() {
    let server = builder().speech_speed(1000.0).build().unwrap();
    let before = resident();
    let (send, connection) = h2::client::handshake(connect(&server)).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let signer = Signer::example("us-east-1");
    let start = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let (request, mut prior) = signer.head(PATH, "localhost", &[], b"", start);
    let (_response, mut body) = send.send_request(request, false).unwrap();
    let opened = tokio::time::Instant::now();
    let turn: Vec<_> = [
        events::speech(25_000, 24_000),
        events::silence(2000, 24_000),
    ]
    .concat()
    .chunks(24_000)
    .map(events::audio_input)
    .collect();
    let mut inputs: Vec<_> = events::opening(24_000, 24_000);
    for _ in 0..10 {
        inputs.extend(turn.iter().cloned());
    }
    let mut given_up = None;
    for event in inputs {
        let now = start + opened.elapsed();
        let (frame, signature) = signer.frame(Some(&chunk(&event)), &prior, now);
        prior = signature;
        tokio::time::sleep(Duration::from_millis(500)).await;
        body.reserve_capacity(frame.len());
        while body.capacity() < frame.len() && given_up.is_none() {
            let more = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
            given_up = (!matches!(more, Some(Ok(_)))).then_some(());
        }
        if given_up.is_some() || body.send_data(frame, false).is_err() {
            given_up = Some(());
            break;
        }
    }
    assert!(given_up.is_some(), "the server goes on for ever");
    let reason = std::future::poll_fn(|cx| body.poll_reset(cx))
        .await
        .unwrap();
    assert_eq!(reason, h2::Reason::ENHANCE_YOUR_CALM);
    let held = resident().saturating_sub(before);
    assert!(held < 200 << 20, "{held} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_headers() {
    let server = server();
    let (send, connection) = h2::client::handshake(connect(&server)).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let mut request = http::Request::post("http://localhost/nothing");
    for at in 0..200 {
        request = request.header(format!("x-flood-{at}"), "x".repeat(1000));
    }
    let (response, _) = send.send_request(request.body(()).unwrap(), true).unwrap();
    match response.await {
        Ok(response) => assert_eq!(response.status().as_u16(), 431),
        Err(error) => assert!(error.is_reset() || error.is_go_away(), "{error}"),
    }
    assert_eq!(still_serves(&server).await, 404);
}

#[tokio::test(start_paused = true)]
async fn huge_lengths_are_refused_before_they_are_held() {
    let server = server();
    let (send, connection) = h2::client::handshake(connect(&server)).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let (response, mut body) = send.send_request(head(), false).unwrap();
    let mut prelude = vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let crc = crc32fast::hash(&prelude);
    prelude.extend(crc.to_be_bytes());
    body.send_data(Bytes::from(prelude), false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status().as_u16(), 400);
    let mut body = response.into_body();
    let says = body.data().await.unwrap().unwrap();
    let says = String::from_utf8_lossy(&says);
    assert!(
        says.contains("total length 2147483647 is above the limit of 1500000"),
        "{says}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_small_request_does_not_become_an_endless_answer() {
    let server = Loopback::builder().verify(false).build().unwrap();
    let (send, connection) = h2::client::handshake(connect(&server)).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let request = http::Request::post("http://localhost/model/m/converse-stream");
    let (response, mut upload) = send.send_request(request.body(()).unwrap(), false).unwrap();
    let text = "a ".repeat(1 << 20);
    let json =
        format!("{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"{text}\"}}]}}]}}");
    let mut json = Bytes::from(json);
    while !json.is_empty() {
        upload.reserve_capacity(json.len());
        let ready = std::future::poll_fn(|cx| upload.poll_capacity(cx)).await;
        let piece = json.split_to(ready.unwrap().unwrap().min(json.len()));
        upload.send_data(piece, json.is_empty()).unwrap();
    }
    let mut body = response.await.unwrap().into_body();
    let mut len = 0;
    while let Some(bytes) = body.data().await {
        let bytes = bytes.unwrap();
        len += bytes.len();
        body.flow_control().release_capacity(bytes.len()).unwrap();
    }
    assert!((500_000..2_000_000).contains(&len), "{len}");
}
