//! A client made of other people's parts: h2, rustls, and AWS's own signer and event-stream codec.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_loopback::{Builder, Clock, Loopback, Server};
use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::signer::Signer;

pub(crate) const PATH: &str = "/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream";
pub(crate) const AUTHORITY: &str = "localhost:8443";

/// 2026-01-02T03:04:05Z, where every test's clock starts.
pub(crate) fn start_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

/// A builder whose clock starts at [`start_time`] and whose identifiers repeat.
pub(crate) fn builder() -> Builder {
    Loopback::builder()
        .clock(Clock::starting_at(start_time()))
        .seed(7)
}

/// A connection to a server over an in-memory pipe, TLS and ALPN included.
pub(crate) struct Client {
    send: SendRequest<Bytes>,
    region: String,
    started: Instant,
}

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::connect_with_pings(server).await.0
    }

    /// Whether a new call can be opened.
    pub(crate) async fn try_ready(&self) -> Result<(), h2::Error> {
        self.send.clone().ready().await.map(drop)
    }

    /// A connection and the means to ping over it.
    pub(crate) async fn connect_with_pings(server: &Server) -> (Self, h2::PingPong) {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let far_side = server.clone();
        tokio::spawn(async move { far_side.serve_tls(far).await });
        let tls = connector(server.ca_pem());
        let name = "localhost".try_into().unwrap();
        let stream = tls.connect(name, near).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut builder = h2::client::Builder::new();
        // A burst of one-byte frames in one read exhausts h2's default before any reader can run.
        builder.data_frame_budget(64 << 20);
        let (send, mut connection) = builder.handshake(stream).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        let client = Self {
            send,
            region: server.region().to_owned(),
            started: Instant::now(),
        };
        (client, pings)
    }

    pub(crate) fn now(&self) -> SystemTime {
        start_time() + self.started.elapsed()
    }

    /// Opens a signed duplex call.
    pub(crate) async fn open(&mut self) -> Call {
        let signer = Signer::example(&self.region);
        let headers = [("content-type", "application/vnd.amazon.eventstream")];
        let (request, seed) = signer.head(PATH, AUTHORITY, &headers, b"", self.now());
        self.open_with(request, signer, seed).await
    }

    /// Sends a signed request with a whole body.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Call {
        let signer = Signer::example(&self.region);
        let headers = [("content-type", "application/json")];
        let body = body.to_string();
        let (request, seed) = signer.head(path, AUTHORITY, &headers, body.as_bytes(), self.now());
        let mut call = self.open_with(request, signer, seed).await;
        call.send_bytes(body.into(), true).await;
        call
    }

    pub(crate) async fn open_with(
        &mut self,
        request: http::Request<()>,
        signer: Signer,
        seed: String,
    ) -> Call {
        self.send = self.send.clone().ready().await.unwrap();
        let (response, body) = self.send.send_request(request, false).unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(drain(response, sender));
        Call {
            body,
            received,
            has_head: false,
            signer,
            prior: seed,
            started: self.started,
            decoder: MessageFrameDecoder::new(),
            buffered: bytes::BytesMut::new(),
            status: 0,
            request_id: String::new(),
        }
    }
}

pub(crate) fn connector(ca_pem: &str) -> TlsConnector {
    connector_for(ca_pem, &[b"h2"])
}

pub(crate) fn connector_for(ca_pem: &str, alpn: &[&[u8]]) -> TlsConnector {
    let ca = rustls_pki_types::CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// The inner frame of an input event.
pub(crate) fn chunk(event: &Value) -> Message {
    let part = json!({ "bytes": STANDARD.encode(event.to_string()) });
    let text = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    Message::new(Bytes::from(part.to_string()))
        .add_header(text(":message-type", "event"))
        .add_header(text(":event-type", "chunk"))
        .add_header(text(":content-type", "application/json"))
}

/// What a server sends inside a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    /// An event's name and members.
    Event(String, Value),
    /// An exception's type and message.
    Exception(String, String),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Clean,
    CutInFrame,
    BadFrame,
    Failed(String),
}

/// A call.
pub(crate) struct Call {
    body: SendStream<Bytes>,
    received: mpsc::UnboundedReceiver<Received>,
    has_head: bool,
    pub(crate) signer: Signer,
    pub(crate) prior: String,
    started: Instant,
    decoder: MessageFrameDecoder,
    buffered: bytes::BytesMut,
    pub(crate) status: u16,
    pub(crate) request_id: String,
}

impl Call {
    pub(crate) fn now(&self) -> SystemTime {
        start_time() + self.started.elapsed()
    }

    /// Signs and sends one event.
    pub(crate) async fn send(&mut self, event: &Value) {
        let (frame, signature) = self
            .signer
            .frame(Some(&chunk(event)), &self.prior, self.now());
        self.prior = signature;
        self.send_bytes(frame, false).await;
    }

    /// Sends the signed end and `END_STREAM`.
    pub(crate) async fn end(&mut self) {
        let (frame, signature) = self.signer.frame(None, &self.prior, self.now());
        self.prior = signature;
        self.send_bytes(frame, true).await;
    }

    /// Sends bytes as they are, honouring flow control. A stream that the server has ended takes nothing more.
    pub(crate) async fn send_bytes(&mut self, mut bytes: Bytes, end: bool) {
        while !bytes.is_empty() {
            self.body.reserve_capacity(bytes.len());
            if self.body.capacity() == 0 {
                let capacity = std::future::poll_fn(|cx| self.body.poll_capacity(cx)).await;
                let Some(Ok(_)) = capacity else { return };
            }
            let piece = bytes.split_to(bytes.len().min(self.body.capacity()));
            let last = end && bytes.is_empty();
            if self.body.send_data(piece, last).is_err() {
                return;
            }
        }
        if end && bytes.is_empty() {
            // END_STREAM went with the last piece; an empty frame sends it alone.
            let _ = self.body.send_data(Bytes::new(), true);
        }
    }

    /// Waits for the response head.
    pub(crate) async fn head(&mut self) -> http::HeaderMap {
        let Some(Received::Head(status, headers)) = self.received.recv().await else {
            panic!("no head");
        };
        self.has_head = true;
        self.status = status;
        headers["x-amzn-requestid"]
            .to_str()
            .unwrap()
            .clone_into(&mut self.request_id);
        headers
    }

    /// The next thing in the stream; `None` at a clean `END_STREAM` on a frame boundary.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        if !self.has_head {
            self.head().await;
        }
        loop {
            if let DecodedFrame::Complete(message) =
                self.decoder.decode_frame(&mut self.buffered).unwrap()
            {
                return Some(read(&message));
            }
            match self.received.recv().await.unwrap() {
                Received::Data(bytes) => self.buffered.extend_from_slice(&bytes),
                Received::End => {
                    assert!(self.buffered.is_empty(), "cut inside a frame");
                    return None;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Everything until the call ends, and how it ended.
    pub(crate) async fn outcome(&mut self) -> (Vec<Got>, Ending) {
        let mut all = Vec::new();
        loop {
            match self.decoder.decode_frame(&mut self.buffered) {
                Ok(DecodedFrame::Complete(message)) => all.push(read(&message)),
                Ok(DecodedFrame::Incomplete) => match self.received.recv().await.unwrap() {
                    Received::Head(status, _) => self.status = status,
                    Received::Data(bytes) => self.buffered.extend_from_slice(&bytes),
                    Received::End if self.buffered.is_empty() => return (all, Ending::Clean),
                    Received::End => return (all, Ending::CutInFrame),
                    Received::Failed(error) => return (all, Ending::Failed(error.to_string())),
                },
                Err(_) => return (all, Ending::BadFrame),
            }
        }
    }

    /// Everything until `END_STREAM`.
    pub(crate) async fn rest(&mut self) -> Vec<Got> {
        let mut all = Vec::new();
        while let Some(got) = self.next().await {
            all.push(got);
        }
        all
    }

    /// Waits for the server to stop the upload, and gives its reason.
    pub(crate) async fn reset(&mut self) -> h2::Reason {
        std::future::poll_fn(|cx| self.body.poll_reset(cx))
            .await
            .unwrap()
    }

    /// A whole JSON body.
    pub(crate) async fn json(&mut self) -> (u16, Value) {
        if !self.has_head {
            self.head().await;
        }
        let mut body = Vec::new();
        while let Some(Received::Data(bytes)) = self.received.recv().await {
            body.extend_from_slice(&bytes);
        }
        (self.status, serde_json::from_slice(&body).unwrap())
    }

    /// An error answer's name and message.
    pub(crate) async fn http_error(&mut self) -> (u16, String, String) {
        let headers = self.head().await;
        let (_, body) = self.json().await;
        let kind = headers["x-amzn-errortype"].to_str().unwrap();
        let name = kind.split(':').next().unwrap().to_owned();
        (
            self.status,
            name,
            body["message"].as_str().unwrap().to_owned(),
        )
    }
}

/// A response as it comes in.
#[derive(Debug)]
pub(crate) enum Received {
    Head(u16, http::HeaderMap),
    Data(Bytes),
    End,
    Failed(h2::Error),
}

/// Takes data off the connection as it comes.
async fn drain(response: ResponseFuture, to: mpsc::UnboundedSender<Received>) {
    let last = match read_response(response, &to).await {
        Ok(()) => Received::End,
        Err(error) => Received::Failed(error),
    };
    let _ = to.send(last);
}

async fn read_response(
    response: ResponseFuture,
    to: &mpsc::UnboundedSender<Received>,
) -> Result<(), h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let _ = to.send(Received::Head(head.status.as_u16(), head.headers));
    while let Some(bytes) = body.data().await {
        let bytes = bytes?;
        body.flow_control().release_capacity(bytes.len())?;
        let _ = to.send(Received::Data(bytes));
    }
    Ok(())
}

fn read(message: &Message) -> Got {
    let header = |name: &str| {
        let mut headers = message.headers().iter();
        let header = headers.find(|header| header.name().as_str() == name);
        header.map(|header| header.value().as_string().unwrap().as_str().to_owned())
    };
    let payload: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
    if let Some(kind) = header(":exception-type") {
        return Got::Exception(kind, payload["message"].as_str().unwrap().to_owned());
    }
    let message_type = header(":message-type").unwrap();
    if message_type != "event" {
        return Got::Event(message_type, payload);
    }
    let event_type = header(":event-type").unwrap();
    let Some(bytes) = payload["bytes"].as_str() else {
        return Got::Event(event_type, payload);
    };
    let chunk: Value = serde_json::from_slice(&STANDARD.decode(bytes).unwrap()).unwrap();
    match chunk.get("event").and_then(Value::as_object) {
        Some(event) => {
            let (name, members) = event.iter().next().unwrap();
            Got::Event(name.clone(), members.clone())
        }
        None => Got::Event(event_type, chunk),
    }
}
