//! A client at a pipe: speaks WebSocket, plays speech in real time, reports what it has played.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bedrock_talk::Talk;
use futures_core::Stream as _;
use futures_sink::Sink as _;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::stage::question;

/// How much the pipe between client and bridge holds.
const PIPE: usize = 16 * 1024;
/// Samples of 100 ms.
const TICK_SAMPLES: u64 = 2_400;

pub(crate) struct Guest {
    socket: WebSocketStream<DuplexStream>,
    /// Samples of each answer that have come.
    pub(crate) came: BTreeMap<u32, u64>,
    pub(crate) played: BTreeMap<u32, u64>,
    /// Whether it plays what comes, and says so.
    pub(crate) plays: bool,
    next_tick: Instant,
    /// What was said, speech left out.
    pub(crate) heard: Vec<Value>,
    /// Where each piece of speech began: `(turn, offset, samples)`.
    pub(crate) pieces: Vec<(u32, u64, u64)>,
}

/// How a connection ended: the code, where there was one.
pub(crate) type Closed = Option<u16>;

impl Guest {
    /// Connects without saying anything.
    pub(crate) async fn silent(talk: &Talk) -> Self {
        let (near, far) = tokio::io::duplex(PIPE);
        let (talk, request) = (talk.clone(), http::Request::new(()).into_parts().0);
        tokio::spawn(async move { talk.serve_upgraded(far, request).await });
        Self::on(near).await
    }

    pub(crate) async fn phone(talk: &Talk) -> Self {
        let (near, far) = tokio::io::duplex(PIPE);
        let (talk, request) = (talk.clone(), http::Request::new(()).into_parts().0);
        tokio::spawn(async move { talk.serve_phone(far, request).await });
        Self::on(near).await
    }

    async fn on(near: DuplexStream) -> Self {
        Self {
            socket: WebSocketStream::from_raw_socket(near, Role::Client, None).await,
            came: BTreeMap::new(),
            played: BTreeMap::new(),
            plays: true,
            next_tick: Instant::now() + Duration::from_millis(100),
            heard: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Connects and has a session; gives the `ready`.
    pub(crate) async fn join(talk: &Talk) -> (Self, Value) {
        Self::say_hello(talk, json!({})).await
    }

    pub(crate) async fn say_hello(talk: &Talk, more: Value) -> (Self, Value) {
        let mut guest = Self::silent(talk).await;
        let mut hello = json!({"type": "hello", "version": 1});
        hello
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        guest.say(&hello).await;
        let first = guest.until(|_| true).await.unwrap();
        (guest, first)
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Message) -> Result<(), ()> {
        let socket = &mut self.socket;
        poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx))
            .await
            .map_err(drop)?;
        Pin::new(&mut *socket).start_send(message).map_err(drop)?;
        poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx))
            .await
            .map_err(drop)
    }

    /// Speaks the question at the pace of speech, then mutes; what comes meanwhile waits.
    pub(crate) async fn ask(&mut self) {
        let mut pace = tokio::time::interval(Duration::from_millis(32));
        self.say(&json!({"type": "unmute"})).await;
        for chunk in question() {
            pace.tick().await;
            self.send(Message::binary(chunk)).await.unwrap();
        }
        self.say(&json!({"type": "mute"})).await;
    }

    /// Listens and plays until this is true of an event, which it gives; or until the connection closes.
    pub(crate) async fn until(
        &mut self,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Closed> {
        loop {
            let message = tokio::select! {
                message = poll_fn(|cx| Pin::new(&mut self.socket).poll_next(cx)) => message,
                () = sleep_until(self.next_tick) => {
                    self.play().await;
                    continue;
                }
            };
            match message {
                Some(Ok(Message::Text(text))) => {
                    let event: Value = serde_json::from_str(&text).unwrap();
                    if event["type"] == "interrupted" {
                        // It stops at once, and says how far it was.
                        let turn = u32::try_from(event["turn"].as_u64().unwrap()).unwrap();
                        let played = self.played.get(&turn).copied().unwrap_or(0);
                        self.came.insert(turn, played);
                    }
                    self.heard.push(event.clone());
                    if wanted(&event) {
                        return Ok(event);
                    }
                }
                Some(Ok(Message::Binary(bytes))) => {
                    assert_eq!(bytes[..4], [1, 0, 0, 0]);
                    let number =
                        |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
                    let samples = (bytes.len() as u64 - 12) / 2;
                    let (turn, offset) = (number(4), u64::from(number(8)));
                    self.pieces.push((turn, offset, samples));
                    self.came.insert(turn, offset + samples);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    pub(crate) async fn until_type(&mut self, kind: &str) -> Value {
        let found = self.until(|event| event["type"] == kind).await;
        found.unwrap_or_else(|closed| panic!("closed ({closed:?}) before {kind}: {:?}", self.heard))
    }

    /// Listens for so long.
    pub(crate) async fn listen(&mut self, time: Duration) {
        let over = tokio::time::timeout(time, self.until(|_| false)).await;
        assert!(over.is_err(), "closed: {over:?} after {:?}", self.heard);
    }

    /// Listens to the end; gives the close code.
    pub(crate) async fn end(&mut self) -> Closed {
        self.until(|_| false).await.unwrap_err()
    }

    /// What the server said last that has this type.
    pub(crate) fn last(&self, kind: &str) -> Option<&Value> {
        self.heard.iter().rev().find(|event| event["type"] == kind)
    }

    async fn play(&mut self) {
        self.next_tick += Duration::from_millis(100);
        if !self.plays {
            return;
        }
        let unplayed = self
            .came
            .iter()
            .find(|(turn, came)| self.played.get(turn).copied().unwrap_or(0) < **came);
        if let Some((&turn, &came)) = unplayed {
            let before = self.played.get(&turn).copied().unwrap_or(0);
            let samples = came.min(before + TICK_SAMPLES);
            self.played.insert(turn, samples);
            let played = json!({"type": "played", "turn": turn, "samples": samples});
            let _ = self.send(Message::text(played.to_string())).await;
        }
    }
}
