//! A bidirectional call as plain JSON both ways, for programs that speak the protocol themselves.

use std::fmt;
use std::time::Duration;

use bedrock_wire::Outcome;
use eventstream_codec::{Frame, Inbound, Seal, TransportEnd};
use eventstream_sigv4::EventSigner;
use h2_duplex::{Duplex, ReceiveHalf, SendHalf};
use nova_sonic::{Dialect, Names, RawReader, ReadError, Writer};
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::client::Client;
use crate::error::Error;
use crate::link::Link;
use crate::random::random;
use crate::receiver::FrameReceiver;
use crate::sender::FrameSender;

/// A call of InvokeModelWithBidirectionalStream: JSON events in, JSON events out.
///
/// The shape is that of `ReqLLM.Bedrock.BidiStream` (`req_llm` 1.x), for programs that were written for it:
///
/// | there | here |
/// |---|---|
/// | `connect(model, credentials:, region:, connect_timeout:)` | [`connect`](Self::connect): credentials and region are the client's; 15 s, or [`connect_within`](Self::connect_within) |
/// | `send_event(conn, map)` | [`send_event`](Self::send_event), under the protocol's rules; [`send_event_unchecked`](Self::send_event_unchecked), under none |
/// | `next_event(conn, timeout)`: `{:ok, map}`, `:halt`, `{:error, reason}` | [`next_event`](Self::next_event): [`Next::Event`], [`Next::Halt`], an [`Error`]. A timeout is [`Next::TimedOut`] and loses nothing (there it ends the caller, and the event that came late is lost) |
/// | `done_sending(conn)` | [`done_sending`](Self::done_sending), with the signed empty frame before `END_STREAM` (there it is left out) |
/// | `info(conn)` | [`info`](Self::info) |
/// | `close(conn)` | [`close`](Self::close) |
/// | an exception frame is an event among others | it is the [`Error`] that ends the stream |
/// | bytes that are no frames are waited on for ever | they are an [`Error`] |
///
/// All methods take `&self`: one task may send while another waits for the next event.
///
/// ```no_run
/// use std::time::Duration;
/// use bedrock_stream::{BidiStream, Client, Error, Next};
/// use serde_json::json;
///
/// # async fn run(client: &Client) -> Result<(), Error> {
/// let stream = BidiStream::connect(client, "amazon.nova-2-5-sonic").await?;
/// stream.send_event(&json!({"event": {"sessionStart": {}}})).await?;
/// // … promptStart, the SYSTEM block, audio …
/// while let Next::Event(event) = stream.next_event(Duration::from_secs(30)).await? {
///     println!("{event}");
/// }
/// # Ok(()) }
/// ```
pub struct BidiStream<S = crate::ClientSend, R = crate::ClientReceive, K = EventSigner> {
    sending: Mutex<Option<Sending<S, K>>>,
    receiving: Mutex<Option<FrameReceiver<R, RawEvents>>>,
    link: Link,
    /// Set by `close`; wakes whoever waits.
    closed: watch::Sender<bool>,
}

struct Sending<S, K> {
    frames: FrameSender<S, K>,
    writer: Writer,
    /// Events went out that the writer did not look at: only the caller knows whether the session was closed in order.
    unchecked: bool,
    done: bool,
}

/// What [`BidiStream::next_event`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// An event, `{"event": {"<name>": {…}}}`.
    Event(Value),
    /// The stream has ended; so it stays.
    Halt,
    /// Nothing came in time. Nothing is lost: ask again.
    TimedOut,
}

/// How a [`BidiStream`] is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BidiInfo {
    /// What can still be done with it.
    pub transport: TransportState,
    /// The HTTP status of the service's answer; `None` while there is none. The service answers only once it has had input.
    pub status: Option<u16>,
    /// Why it ended before its time.
    pub error: Option<Error>,
}

/// What can still be done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportState {
    /// Open in both directions.
    Open,
    /// Over.
    Closed,
}

impl BidiStream {
    /// How long [`connect`](Self::connect) takes at most.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

    /// Connects and opens the call, within 15 s. Sends no event, and waits for no answer: the service gives none before it
    /// has had input.
    ///
    /// # Errors
    /// Credentials, connection, TLS, or the time.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn connect(client: &Client, model: &str) -> Result<Self, Error> {
        Self::connect_within(client, model, Self::CONNECT_TIMEOUT).await
    }

    /// As [`connect`](Self::connect), within another time.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// As [`connect`](Self::connect).
    pub async fn connect_within(
        client: &Client,
        model: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        let connect = async {
            let mut connection = client.recorded(client.connect().await?);
            Self::connect_on(client, model, &mut connection).await
        };
        timeout(limit, connect).await.unwrap_or_else(|_| {
            Err(Error::transport(h2_duplex::Error::deadline(
                h2_duplex::Deadline::Connect,
                h2_duplex::Phase::Connect,
                limit,
            )))
        })
    }
}

impl<S: SendHalf, R: ReceiveHalf> BidiStream<S, R> {
    /// Opens the call on a connection of the caller's: a proxy, a tunnel, a pipe in a test.
    ///
    /// # Errors
    /// Credentials, or the call.
    ///
    /// # Cancel safety
    /// Dropping the future resets the call.
    pub async fn connect_on<D: Duplex<Send = S, Receive = R>>(
        client: &Client,
        model: &str,
        connection: &mut D,
    ) -> Result<Self, Error> {
        let call = client.sign_bidirectional(model).await?;
        let writer = Writer::new(Dialect::of_model(model), Names::new(random()?));
        let clock = client.clock().clone();
        let (send, receive) = connection.open(call.head).await.map_err(Error::transport)?;
        let link = Link::default();
        let frames = FrameSender::new(send, call.signer, clock.clone(), link.clone());
        let events = RawEvents {
            reader: RawReader::new(),
            link: link.clone(),
        };
        Ok(Self {
            sending: Mutex::new(Some(Sending {
                frames,
                writer,
                unchecked: false,
                done: false,
            })),
            receiving: Mutex::new(Some(
                FrameReceiver::new(receive, events, clock, link.clone()).of_session(),
            )),
            link,
            closed: watch::Sender::new(false),
        })
    }
}

impl<S: SendHalf, R: ReceiveHalf, K: Seal> BidiStream<S, R, K> {
    /// Sends an event, `{"event": {"<name>": {…}}}`, where the order of a session allows it.
    ///
    /// # Errors
    /// The rule that it breaks; or the end of the stream, with what the service said.
    ///
    /// # Cancel safety
    /// An event is sent whole or not at all; what a dropped call had begun goes out with the next one.
    pub async fn send_event(&self, event: &Value) -> Result<(), Error> {
        let json = event.to_string();
        let tools = self.link.clone();
        self.send(false, move |writer, out| {
            for id in tools.take_tools() {
                writer.tool_called(&id);
            }
            writer.raw(&json, out)
        })
        .await
    }

    /// Sends any JSON as an event: no rule is looked at, and none learns of it.
    ///
    /// # Errors
    /// Over 1,000,000 bytes; or the end of the stream.
    ///
    /// # Cancel safety
    /// As [`send_event`](Self::send_event).
    pub async fn send_event_unchecked(&self, event: &Value) -> Result<(), Error> {
        let json = event.to_string();
        self.send(true, move |writer, out| writer.raw_unchecked(&json, out))
            .await
    }

    /// The next event. After the end, and after an error, always [`Next::Halt`].
    ///
    /// # Errors
    /// Why the stream ended before its time; given once.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub async fn next_event(&self, limit: Duration) -> Result<Next, Error> {
        let mut closed = self.closed.subscribe();
        let next = async {
            let mut receiving = self.receiving.lock().await;
            match receiving.as_mut() {
                Some(frames) => frames.next().await,
                None => Ok(None),
            }
        };
        tokio::select! {
            biased;
            next = timeout(limit, next) => match next {
                Ok(event) => Ok(event?.map_or(Next::Halt, Next::Event)),
                Err(_) => Ok(Next::TimedOut),
            },
            _ = closed.wait_for(|closed| *closed) => Ok(Next::Halt),
        }
    }

    /// Ends the sending direction: the signed end, then `END_STREAM`. Events still come. Does not end the session's blocks:
    /// that is the caller's, who sends the events.
    ///
    /// # Errors
    /// The end of the stream, where the service ended it first.
    ///
    /// # Cancel safety
    /// May be called again; what is done stays done.
    pub async fn done_sending(&self) -> Result<(), Error> {
        let mut sending = self.sending.lock().await;
        let Some(sending) = sending.as_mut() else {
            return Err(Error::ended());
        };
        sending.done = true;
        if sending.unchecked {
            self.link.close();
        }
        sending.frames.finish().await
    }

    /// Ends the call, whatever state it is in; where it was not over it is reset. Whoever waits is woken.
    ///
    /// # Cancel safety
    /// May be called again.
    pub async fn close(&self) {
        self.closed.send_replace(true);
        self.receiving.lock().await.take();
        self.sending.lock().await.take();
    }

    /// How it is doing. Waits for nobody.
    pub fn info(&self) -> BidiInfo {
        let cause = self.link.cause();
        let over = cause.is_some() || *self.closed.borrow();
        let in_order = |error: &&Error| !matches!(error.kind(), crate::ErrorKind::Ended);
        BidiInfo {
            transport: if over {
                TransportState::Closed
            } else {
                TransportState::Open
            },
            status: self.link.status(),
            error: cause.filter(in_order).cloned(),
        }
    }

    async fn send<E: Into<Error>>(
        &self,
        unchecked: bool,
        write: impl FnOnce(&mut Writer, &mut bytes::BytesMut) -> Result<(), E>,
    ) -> Result<(), Error> {
        let mut closed = self.closed.subscribe();
        let send = async {
            let mut sending = self.sending.lock().await;
            let Some(sending) = sending.as_mut().filter(|sending| !sending.done) else {
                return Err(self.link.cause().cloned().unwrap_or_else(Error::ended));
            };
            sending.unchecked |= unchecked;
            let writer = &mut sending.writer;
            sending.frames.send_frame(|out| write(writer, out)).await?;
            if sending.writer.is_closed() {
                self.link.close();
            }
            Ok(())
        };
        tokio::select! {
            biased;
            result = send => result,
            _ = closed.wait_for(|closed| *closed) => Err(Error::ended()),
        }
    }
}

impl<S, R, K> fmt::Debug for BidiStream<S, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BidiStream")
            .field("status", &self.link.status())
            .field("ended", &self.link.cause().is_some())
            .finish_non_exhaustive()
    }
}

/// A raw reader that hears from the sender when the session was closed, and tells it of tool calls.
struct RawEvents {
    reader: RawReader,
    link: Link,
}

impl Inbound for RawEvents {
    type Event = Value;
    type Error = ReadError;
    type Outcome = Outcome<u64, ReadError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(Value)) -> Result<(), ReadError> {
        let link = &self.link;
        self.reader.read(frame, &mut |event| {
            let id = event.pointer("/event/toolUse/toolUseId");
            if let Some(id) = id.and_then(Value::as_str) {
                link.tool_called(id);
            }
            sink(event);
        })
    }

    fn finish(&mut self, end: TransportEnd, sink: &mut impl FnMut(Value)) -> Self::Outcome {
        if self.link.is_closed() {
            self.reader.closing();
        }
        self.reader.finish(end, sink)
    }
}
