//! No header and no body byte reaches logs (at TRACE, h2's included) or `Debug`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod server;

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2_duplex::{Duplex, ReceiveHalf, SendHalf, Settings};
use http::StatusCode;
use server::{Pair, post, respond};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

const SECRET: &str = "spoken-in-confidence";

#[tokio::test(start_paused = true)]
async fn neither_logs_nor_debug_show_what_is_said() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let mut pair = Pair::new(Settings::default()).await;
    assert_eq!(SECRET.len(), 20);
    let mut head = post();
    head.headers_mut()
        .insert("authorization", SECRET.parse().unwrap());
    let (mut send, mut receive) = pair.client.open(head).await.unwrap();
    send.send(Bytes::from_static(SECRET.as_bytes()))
        .await
        .unwrap();
    let (request, respond_to) = pair.server.accept().await;
    let mut answer = respond(respond_to, StatusCode::OK);
    assert_eq!(
        server::read(&mut request.into_body(), SECRET.len()).await,
        SECRET.as_bytes()
    );
    answer
        .send_data(Bytes::from_static(SECRET.as_bytes()), false)
        .unwrap();
    receive.head().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let refused = send
        .try_send(Bytes::from(SECRET.repeat(100_000)))
        .unwrap_err();
    let shown = format!("{send:?} {receive:?} {refused:?} {:?}", pair.client);
    assert_eq!(receive.next().await.unwrap().unwrap(), SECRET);
    drop((send, receive, pair.client));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = |end| log.lines().find(|line| line.contains(end)).unwrap();
    let call = line("h2_duplex: call ended");
    for field in [
        "call{connection=",
        " stream=1 status=200 head=",
        " first_byte=",
        " sent=20 received=20 stalled=0ns",
        " failure=the call was dropped on our side",
    ] {
        assert!(call.contains(field), "{field} is not in {call}");
    }
    let connection = line("h2_duplex: connection ended");
    assert!(
        connection.contains(" calls=1 resets=0 sent="),
        "{connection}"
    );
    assert!(log.contains("TRACE"), "h2 has said something too");
    for text in [log, shown] {
        let bytes: Vec<_> = SECRET.bytes().map(|byte| byte.to_string()).collect();
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains(&bytes.join(", ")), "{text}");
    }
}
