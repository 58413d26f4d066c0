//! Requests by ConverseStream.

use bytes::Bytes;
use converse_stream::Mapper;
use h2_duplex::{Deadlines, Duplex};

use crate::client::Client;
use crate::endpoint::Operation;
use crate::error::Error;
use crate::reply::{ConverseStream, Question};
use crate::retry::Retry;

/// A request that is still to be sent.
#[derive(Clone)]
#[must_use = "nothing is asked before `send`"]
pub struct ConverseCall(Question);

impl ConverseCall {
    pub(crate) fn new(
        client: Client,
        model: String,
        body: Result<Bytes, serde_json::Error>,
    ) -> Self {
        let body = body.map_err(|error| Error::config(format!("the request: {error}")));
        Self(Question::new(
            client,
            Operation::ConverseStream,
            model,
            body,
        ))
    }

    /// How often it is sent; as the client says unless set.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// The deadlines of each attempt; the client's unless set. Those to connect and for TLS are always the client's.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.0.deadlines = Some(deadlines);
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
        let mut connections = self.0.client().one_way();
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
        let mapper = |id: Option<&str>| match id {
            Some(id) => Mapper::new().with_request_id(id),
            None => Mapper::new(),
        };
        self.0.send_on(connection, mapper).await
    }
}

/// Shows nothing of the request.
impl std::fmt::Debug for ConverseCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConverseCall")
            .field("model", &self.0.model)
            .field("body_bytes", &self.0.body.as_ref().map_or(0, Bytes::len))
            .field("retry", &self.0.retry)
            .finish_non_exhaustive()
    }
}
