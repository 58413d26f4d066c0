//! A peer that writes and reads HTTP/2 frames by hand (RFC 9113), so that it can also break the
//! rules.
#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use h2_duplex::{Connection, Error, Settings, handshake};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Peer {
    io: DuplexStream,
    /// Whether PING is answered.
    pub(crate) answers_ping: bool,
}

pub(crate) type DriverTask = JoinHandle<Result<(), Error>>;

impl Peer {
    /// Connects a client; the peer has read its preface and SETTINGS and has sent its own.
    pub(crate) async fn connect(
        settings: Settings,
        announced: &[(u16, u32)],
    ) -> (Connection, DriverTask, Self) {
        let (near, far) = tokio::io::duplex(1024 * 1024);
        let (client, driver) = handshake(near, &settings).await.unwrap();
        let driver = tokio::spawn(driver);
        let mut peer = Self {
            io: far,
            answers_ping: true,
        };
        let mut preface = [0; 24];
        peer.io.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        peer.settings(announced).await;
        (client, driver, peer)
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![len[1], len[2], len[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.raw(&frame).await;
    }

    pub(crate) async fn settings(&mut self, values: &[(u16, u32)]) {
        let mut payload = Vec::new();
        for (id, value) in values {
            payload.extend_from_slice(&id.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        self.write(SETTINGS, 0, 0, &payload).await;
    }

    /// A response head; HPACK: literal field with the name of static entry 8 (`:status`).
    pub(crate) async fn head(&mut self, stream: u32, status: u16, end: bool) {
        let mut block = vec![0x08, 3];
        block.extend_from_slice(status.to_string().as_bytes());
        self.write(HEADERS, END_HEADERS | u8::from(end), stream, &block)
            .await;
    }

    pub(crate) async fn data(&mut self, stream: u32, bytes: &[u8], end: bool) {
        self.write(DATA, u8::from(end), stream, bytes).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.write(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    pub(crate) async fn go_away(&mut self, last: u32, code: u32) {
        self.write(
            GOAWAY,
            0,
            0,
            &[last.to_be_bytes(), code.to_be_bytes()].concat(),
        )
        .await;
    }

    pub(crate) async fn window_update(&mut self, stream: u32, increment: u32) {
        self.write(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
            .await;
    }

    /// The next frame, `None` at the end; SETTINGS and PING are answered on the way.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await.ok()?;
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.io.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let frame = Frame {
            kind: head[3],
            flags: head[4],
            stream,
            payload,
        };
        if frame.flags & ACK == 0 {
            // The client may already have gone.
            match frame.kind {
                SETTINGS => drop(
                    self.io
                        .write_all(&[0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0])
                        .await,
                ),
                PING if self.answers_ping => self.write(PING, ACK, 0, &frame.payload).await,
                _ => {}
            }
        }
        Some(frame)
    }

    /// The next frame of this kind.
    pub(crate) async fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.next().await.unwrap();
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Waits until the client has opened a call and has acknowledged our SETTINGS.
    pub(crate) async fn opened(&mut self) {
        let (mut opened, mut acknowledged) = (false, false);
        while !(opened && acknowledged) {
            let frame = self.next().await.unwrap();
            opened |= frame.kind == HEADERS;
            acknowledged |= frame.kind == SETTINGS && frame.flags & ACK != 0;
        }
    }

    /// Reads on until the client closes.
    pub(crate) async fn linger(&mut self) {
        while self.next().await.is_some() {}
    }
}
