//! One client's connection: what waits for it is bounded, and it may not be slow for long.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream as _;
use futures_sink::Sink as _;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::allowance::Allowance;
use super::speech::Speech;
use crate::limits::Limits;
use crate::notice::Departure;
use crate::protocol::millis;
use crate::socket::Stream;
use crate::wire::{Command, Wire};

/// How often a client is asked for a sign of life, and after how long without any it is gone.
const PING: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(45);
/// By how much a poll may come too late.
const PUNCTUAL: Duration = Duration::from_millis(1);
/// How long the last words to a client may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// A client's connection.
pub(crate) struct Line {
    socket: WebSocketStream<Stream>,
    wire: Wire,
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    unflushed: bool,
    /// Since when the client has not taken what is sent.
    stuck: Option<Instant>,
    allowance: Allowance,
    heard_at: Instant,
    ping_at: Instant,
    /// When whoever polls this has said that he will again.
    promised: Instant,
    unread_bytes: usize,
    unread_time: Duration,
}

/// What a connection brings.
pub(crate) enum Heard {
    Command(Command),
    /// It is over, or must be.
    Lost(Departure),
    /// Nothing, but it is [due](Line::due) earlier than it was.
    Sooner,
}

impl Line {
    /// `rate` is what speech takes up the line, in bytes a second.
    pub(crate) fn new(
        socket: WebSocketStream<Stream>,
        wire: Wire,
        rate: usize,
        limits: &Limits,
    ) -> Self {
        let now = Instant::now();
        let speech = rate as u64;
        let rate = speech.saturating_mul(u64::from(limits.upload_speed));
        let burst = speech.saturating_mul(millis(limits.upload_burst)) / 1000;
        Self {
            socket,
            wire,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            unflushed: false,
            stuck: None,
            allowance: Allowance::new(rate, burst, now),
            heard_at: now,
            ping_at: now + PING,
            promised: now,
            unread_bytes: limits.unread_bytes,
            unread_time: limits.unread_time,
        }
    }

    /// Says a JSON text, where the client's protocol has such.
    pub(crate) fn say(&mut self, text: String) {
        if self.wire.has_events() {
            self.push(Message::text(text));
        }
    }

    /// The user spoke over an answer.
    pub(crate) fn interrupt(&mut self, turn: u32) {
        if let Some(message) = self.wire.interrupt(turn) {
            self.push(message);
        }
    }

    /// When this must be polled again though nothing comes.
    pub(crate) fn due(&mut self) -> Instant {
        self.promised = self.due_at(Instant::now());
        self.promised
    }

    fn due_at(&mut self, now: Instant) -> Instant {
        let silent = self.heard_at + SILENCE;
        let stuck = self.stuck.map(|since| since + self.unread_time);
        let allowed = self.allowance.due(now);
        let others = [stuck, allowed].into_iter().flatten();
        others.fold(self.ping_at.min(silent), Instant::min)
    }

    /// Sends what there is to send, and gives what has come.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, speech: &mut Speech) -> Poll<Heard> {
        let now = Instant::now();
        if self.waiting_bytes > self.unread_bytes
            || self
                .stuck
                .is_some_and(|since| now >= since + self.unread_time)
        {
            return Poll::Ready(Heard::Lost(Departure::TooSlow));
        }
        if now >= self.heard_at + SILENCE {
            return Poll::Ready(Heard::Lost(Departure::Silent));
        }
        if now >= self.ping_at {
            self.ping_at = now + PING;
            self.push(Message::Ping(bytes::Bytes::new()));
        }
        match self.poll_send(cx, Some(speech)) {
            Poll::Ready(Err(error)) => return Poll::Ready(Heard::Lost(departure(&error))),
            Poll::Ready(Ok(())) => self.stuck = None,
            Poll::Pending => {
                self.stuck.get_or_insert(now);
            }
        }
        match self.poll_receive(cx, now) {
            Poll::Pending if self.due_at(now) + PUNCTUAL < self.promised => {
                Poll::Ready(Heard::Sooner)
            }
            other => other,
        }
    }

    /// Says the last words and hangs up; nobody waits for that.
    pub(crate) fn hang_up(mut self, code: u16, reason: &'static str) {
        self.push(Message::Close(Some(CloseFrame {
            code: code.into(),
            reason: reason.into(),
        })));
        tokio::spawn(timeout(FAREWELL, async move {
            let sent = std::future::poll_fn(|cx| self.poll_send(cx, None)).await;
            if sent.is_ok() {
                // Until the client has hung up too: what it had sent before must not make the system reset the connection.
                while let Some(Ok(_)) =
                    std::future::poll_fn(|cx| Pin::new(&mut self.socket).poll_next(cx)).await
                {
                }
            }
        }));
    }

    fn push(&mut self, message: Message) {
        self.waiting_bytes += message.len();
        self.waiting.push_back(message);
    }

    /// Ready when all that may be sent is with the system.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        mut speech: Option<&mut Speech>,
    ) -> Poll<Result<(), Error>> {
        loop {
            if self.waiting.is_empty()
                && let Some(chunk) = speech.as_deref_mut().and_then(Speech::next)
            {
                self.wire.speech(&chunk, &mut self.waiting);
                self.waiting_bytes += self.waiting.iter().map(Message::len).sum::<usize>();
            }
            if self.waiting.is_empty() {
                break;
            }
            ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
            if let Some(message) = self.waiting.pop_front() {
                self.waiting_bytes -= message.len();
                self.unflushed = true;
                Pin::new(&mut self.socket).start_send(message)?;
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Heard> {
        if self.allowance.due(now).is_some() {
            return Poll::Pending;
        }
        loop {
            let heard = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                None | Some(Ok(Message::Close(_))) => {
                    return Poll::Ready(Heard::Lost(Departure::Gone));
                }
                Some(Err(error)) => return Poll::Ready(Heard::Lost(departure(&error))),
                Some(Ok(message)) => message,
            };
            self.heard_at = now;
            self.allowance.take(heard.len(), now);
            if matches!(heard, Message::Ping(_)) {
                // Its answer goes out with the next flush.
                self.unflushed = true;
            }
            if let Some(command) = self.wire.read(heard) {
                return Poll::Ready(Heard::Command(command));
            }
            if self.allowance.due(now).is_some() {
                return Poll::Pending;
            }
        }
    }
}

fn departure(error: &Error) -> Departure {
    match error {
        // Most connections end so.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Departure::Gone,
        Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_) => Departure::Misuse,
        _ => Departure::Gone,
    }
}
