//! Real sockets: what only a kernel does. The clock is real, and nothing waits for it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Duplex, ErrorKind, ReceiveHalf, SendHalf, Settings, handshake};
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// SETTINGS; a response head with `:status: 403`, `:status: 200`; DATA `no`; the same with
/// `END_STREAM`.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const HEAD_403: &[u8] = &[0, 0, 5, 1, 4, 0, 0, 0, 1, 8, 3, b'4', b'0', b'3'];
const HEAD_200: &[u8] = &[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
const DATA: &[u8] = &[0, 0, 2, 0, 0, 0, 0, 0, 1, b'n', b'o'];
const LAST_DATA: &[u8] = &[0, 0, 2, 0, 1, 0, 0, 0, 1, b'n', b'o'];

/// Answers as soon as anything came, and closes at once. What it leaves unread makes the kernel
/// send a TCP reset.
async fn answer_and_reset(answer: &[&[u8]]) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let answer = answer.concat();
    tokio::spawn(async move {
        let mut some = [0; 200];
        server.read_exact(&mut some).await.unwrap();
        server.write_all(&answer).await.unwrap();
    });
    client
}

/// Uploads until it cannot; how both halves ended.
async fn call(io: TcpStream) -> (Result<Vec<u8>, ErrorKind>, ErrorKind) {
    let (mut connection, driver) = handshake(io, &Settings::default()).await.unwrap();
    let driver = tokio::spawn(driver);
    let head = Request::post("http://test/").body(()).unwrap();
    let (mut send, mut receive) = connection.open(head).await.unwrap();
    let upload = tokio::spawn(async move {
        loop {
            if let Err(error) = send.send(Bytes::from_static(&[0; 1000])).await {
                return error.kind();
            }
            tokio::task::yield_now().await;
        }
    });
    let sender = upload.await.unwrap();
    // All has happened before anything is read.
    let _ended = driver.await.unwrap();
    let mut body = Vec::new();
    let receiver = loop {
        match receive.next().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break Ok(body),
            Err(error) => break Err(error.kind()),
        }
    };
    (receiver, sender)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_survives_the_reset_of_its_connection() {
    let refused = ErrorKind::AnsweredEarly(StatusCode::FORBIDDEN);
    let lost = ErrorKind::ConnectionLost;
    let limit = Duration::from_secs(30);
    for _ in 0..100 {
        let io = answer_and_reset(&[SETTINGS, HEAD_403, DATA, LAST_DATA]).await;
        let ended = tokio::time::timeout(limit, call(io)).await.unwrap();
        assert_eq!(ended, (Ok(b"nono".to_vec()), refused));
        let io = answer_and_reset(&[SETTINGS, HEAD_200, DATA]).await;
        let ended = tokio::time::timeout(limit, call(io)).await.unwrap();
        assert_eq!(ended, (Err(lost), lost));
    }
}
