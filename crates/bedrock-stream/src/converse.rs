//! Replies of models by ConverseStream: the request, sent until its reply begins.

mod events;
mod stream;

use std::time::Duration;

use bytes::Bytes;
use converse_stream::Mapper;
use h2_duplex::{Deadlines, Duplex, SendHalf};

use crate::client::Client;
use crate::endpoint::Operation;
use crate::error::Error;
use crate::link::Link;
use crate::random::random;
use crate::receiver::FrameReceiver;
use crate::retry::Retry;

pub use events::ConverseEvents;
pub use stream::{ConverseStream, Unfinished};

/// A request that is still to be sent.
#[derive(Clone)]
#[must_use = "nothing is asked before `send`"]
pub struct ConverseCall {
    client: Client,
    model: String,
    body: Result<Bytes, Error>,
    retry: Retry,
    deadlines: Option<Deadlines>,
}

impl ConverseCall {
    pub(crate) fn new(
        client: Client,
        model: String,
        body: Result<Bytes, serde_json::Error>,
    ) -> Self {
        Self {
            retry: client.retry(),
            client,
            model,
            body: body.map_err(|error| Error::config(format!("the request: {error}"))),
            deadlines: None,
        }
    }

    /// How often it is sent; as the client says unless set.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The deadlines of each attempt; the client's unless set. Those to connect and for TLS are always the client's.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = Some(deadlines);
        self
    }

    /// Sends the request, again where [`Retry`] says so, until its reply begins: the stream's first event is there.
    ///
    /// Connections are kept for later requests.
    ///
    /// # Errors
    /// Credentials, the connection, or what the service refused the request with; of several attempts the last.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the request.
    pub async fn send(self) -> Result<ConverseStream, Error> {
        let mut connections = self.client.one_way();
        self.send_on(&mut connections).await
    }

    /// As [`send`](Self::send), on a connection of the caller's: a proxy, a tunnel, a pipe in a test. Each attempt opens a
    /// call on it.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_on<D: Duplex>(
        self,
        connection: &mut D,
    ) -> Result<ConverseStream<D::Receive>, Error> {
        let body = self.body.clone()?;
        let mut attempt = 1;
        loop {
            let clock = self.client.clock();
            let offset = clock.offset_millis();
            let error = match self.attempt(connection, body.clone()).await {
                Ok(frames) => return Ok(ConverseStream::new(frames, attempt)),
                Err(error) => error,
            };
            // The refusal of a wrong date tells the right one.
            let corrected =
                attempt == 1 && error.status() == Some(403) && offset != clock.offset_millis();
            let wait = if corrected && self.retry != Retry::NONE {
                Some(Duration::ZERO)
            } else {
                let random = u64::from_le_bytes(random()?);
                self.retry.wait_after(attempt, &error, random)
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error.after_attempts(attempt)),
            }
            attempt += 1;
        }
    }

    /// Sends the request once, with a signature of its own, and waits for the first event.
    async fn attempt<D: Duplex>(
        &self,
        connection: &mut D,
        body: Bytes,
    ) -> Result<FrameReceiver<D::Receive, Mapper>, Error> {
        let client = &self.client;
        let operation = Operation::ConverseStream;
        let head = client
            .one_way_head(&self.model, operation, &body, self.deadlines)
            .await?;
        let (send, receive) = connection.open(head).await.map_err(Error::transport)?;
        let clock = client.clock().clone();
        let mut frames = FrameReceiver::new(receive, Mapper::new(), clock, Link::default());
        tokio::select! {
            // What goes wrong here the receiver knows too, and knows better.
            _ = upload(send, body) => {}
            _ = frames.refused() => {}
        }
        frames.ready().await?;
        if let Some(id) = frames.request_id() {
            let mapper = Mapper::new().with_request_id(id);
            frames.set_inbound(mapper);
        }
        frames.begun().await?;
        Ok(frames)
    }
}

async fn upload(mut half: impl SendHalf, body: Bytes) -> Result<(), h2_duplex::Error> {
    half.send(body).await?;
    half.finish().await
}

/// Shows nothing of the request.
impl std::fmt::Debug for ConverseCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConverseCall")
            .field("model", &self.model)
            .field("body_bytes", &self.body.as_ref().map_or(0, Bytes::len))
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
