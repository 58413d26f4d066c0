//! Requests by InvokeModelWithResponseStream: the model's own JSON.

mod options;

use bytes::Bytes;
use converse_stream::family::{Family, InvokeMapper};
use converse_stream::request::config::{Latency, ServiceTierType};
use h2_duplex::{Deadlines, Duplex};

use crate::client::Client;
use crate::endpoint::Operation;
use crate::error::Error;
use crate::random::random;
use crate::reply::{InvokeStream, Question};
use crate::retry::Retry;

pub use options::TraceMode;

/// A request in a model's own JSON that is still to be sent.
#[derive(Clone)]
#[must_use = "nothing is asked before `send`"]
pub struct InvokeCall {
    question: Question,
    family: Option<Family>,
}

impl InvokeCall {
    pub(crate) fn new(client: Client, model: String, body: Bytes) -> Self {
        let operation = Operation::InvokeModelWithResponseStream;
        Self {
            question: Question::new(client, operation, model, Ok(body)),
            family: None,
        }
    }

    /// The family whose chunks the reply is made of; by the model's id, or by the first chunk, unless set.
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// What kind of answer is wanted (`X-Amzn-Bedrock-Accept`); `application/json` unless set.
    pub fn accept(self, media_type: &str) -> Self {
        self.option(options::ACCEPT, media_type)
    }

    /// Whether the reply tells what a guardrail found (`X-Amzn-Bedrock-Trace`).
    pub fn trace(self, mode: TraceMode) -> Self {
        self.option(options::TRACE, mode.as_str())
    }

    /// The guardrail, by its id or ARN, and its version (`DRAFT`, or a number).
    pub fn guardrail(self, identifier: &str, version: &str) -> Self {
        self.option(options::GUARDRAIL_IDENTIFIER, identifier)
            .option(options::GUARDRAIL_VERSION, version)
    }

    /// How fast the model shall answer.
    pub fn latency(self, latency: &Latency) -> Self {
        self.option(options::LATENCY, latency.as_str())
    }

    /// With which precedence the request is served.
    pub fn service_tier(self, tier: &ServiceTierType) -> Self {
        self.option(options::SERVICE_TIER, tier.as_str())
    }

    /// Labels for invocation logs: a JSON object of strings, 8,500 characters at most.
    pub fn request_metadata(self, json: &str) -> Self {
        self.option(options::REQUEST_METADATA, json)
    }

    /// How often it is sent; as the client says unless set.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.question.retry = retry;
        self
    }

    /// The deadlines of each attempt; the client's unless set. Those to connect and for TLS are always the client's.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.question.deadlines = Some(deadlines);
        self
    }

    /// Sends the request, again where [`Retry`] says so, until its reply begins: the stream's first chunk is there.
    ///
    /// Connections are kept for later requests.
    ///
    /// # Errors
    /// Credentials, a value that no header can hold, the connection, or what the service refused the request with; of
    /// several attempts the last.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the request.
    pub async fn send(self) -> Result<InvokeStream, Error> {
        let mut connections = self.question.client().one_way();
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
    ) -> Result<InvokeStream<D::Receive>, Error> {
        let ids = random()?;
        let mapper = |id: Option<&str>| {
            let mut mapper = InvokeMapper::new(ids).with_model_id(&self.question.model);
            if let Some(family) = self.family {
                mapper = mapper.with_family(family);
            }
            match id {
                Some(id) => mapper.with_request_id(id),
                None => mapper,
            }
        };
        self.question.send_on(connection, mapper).await
    }

    fn option(mut self, name: &'static str, value: &str) -> Self {
        if let Err(error) = options::set(&mut self.question.headers, name, value) {
            // The first fault is told when the request is to be sent.
            self.question.body = self.question.body.and(Err(error));
        }
        self
    }
}

/// Shows nothing of the request.
impl std::fmt::Debug for InvokeCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvokeCall")
            .field("model", &self.question.model)
            .field("family", &self.family)
            .field(
                "body_bytes",
                &self.question.body.as_ref().map_or(0, Bytes::len),
            )
            .field("retry", &self.question.retry)
            .finish_non_exhaustive()
    }
}
