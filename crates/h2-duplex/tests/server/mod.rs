//! h2's own server at the other end of an in-memory pipe.
#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use h2_duplex::{Connection, Error, ReceiveHalf, Receiver, Settings, handshake};
use http::{Request, Response, StatusCode};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) struct Pair {
    pub(crate) client: Connection,
    pub(crate) driver: JoinHandle<Result<(), Error>>,
    pub(crate) server: Server,
}

impl Pair {
    pub(crate) async fn new(settings: Settings) -> Self {
        Self::with_server(settings, h2::server::Builder::new()).await
    }

    pub(crate) async fn with_server(settings: Settings, builder: h2::server::Builder) -> Self {
        let (near, far) = tokio::io::duplex(256 * 1024);
        let server = Server::start(far, builder);
        let (client, driver) = handshake(near, &settings).await.unwrap();
        Self {
            client,
            driver: tokio::spawn(driver),
            server,
        }
    }
}

type Accepted = (Request<RecvStream>, SendResponse<Bytes>);

pub(crate) struct Server {
    accepted: mpsc::UnboundedReceiver<Accepted>,
}

impl Server {
    pub(crate) fn start(io: DuplexStream, builder: h2::server::Builder) -> Self {
        let (calls, accepted) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut connection = builder.handshake(io).await.unwrap();
            while let Some(Ok(call)) = connection.accept().await {
                let _test_is_over = calls.send(call);
            }
        });
        Self { accepted }
    }

    pub(crate) async fn accept(&mut self) -> Accepted {
        self.accepted.recv().await.unwrap()
    }

    /// The next call; `None` when the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<Accepted> {
        self.accepted.recv().await
    }
}

pub(crate) fn post() -> Request<()> {
    Request::post("https://test/call").body(()).unwrap()
}

pub(crate) fn respond(mut to: SendResponse<Bytes>, status: StatusCode) -> h2::SendStream<Bytes> {
    let head = Response::builder().status(status).body(()).unwrap();
    to.send_response(head, false).unwrap()
}

/// Reads at least `count` bytes, giving credit.
pub(crate) async fn read(body: &mut RecvStream, count: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < count {
        let chunk = body.data().await.unwrap().unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        all.extend_from_slice(&chunk);
    }
    all
}

/// Reads to the end.
pub(crate) async fn rest(body: &mut RecvStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        all.extend_from_slice(&chunk);
    }
    all
}

pub(crate) async fn collect(receive: &mut Receiver) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    while let Some(chunk) = receive.next().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}
