//! A whole request, sent until its reply begins.

use std::time::Duration;

use bytes::Bytes;
use converse_stream::MessageMapper;
use h2_duplex::{Deadlines, Duplex, SendHalf};
use http::HeaderMap;

use super::ReplyStream;
use crate::client::Client;
use crate::endpoint::Operation;
use crate::error::Error;
use crate::link::Link;
use crate::random::random;
use crate::receiver::FrameReceiver;
use crate::retry::Retry;

/// A request of one of the operations that take a whole body and stream their reply.
#[derive(Clone)]
pub(crate) struct Question {
    client: Client,
    operation: Operation,
    pub(crate) model: String,
    /// Headers of the operation, beside those of every request.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, Error>,
    pub(crate) retry: Retry,
    pub(crate) deadlines: Option<Deadlines>,
}

impl Question {
    pub(crate) fn new(
        client: Client,
        operation: Operation,
        model: String,
        body: Result<Bytes, Error>,
    ) -> Self {
        Self {
            retry: client.retry(),
            client,
            operation,
            model,
            headers: HeaderMap::new(),
            body,
            deadlines: None,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends it until its reply begins. `mapper` makes what reads the reply, given the request id of the response.
    pub(crate) async fn send_on<D, M>(
        &self,
        connection: &mut D,
        mapper: impl Fn(Option<&str>) -> M,
    ) -> Result<ReplyStream<D::Receive, M>, Error>
    where
        D: Duplex,
        M: MessageMapper + Send + 'static,
    {
        let body = self.body.clone()?;
        let mut attempt = 1;
        loop {
            let clock = self.client.clock();
            let offset = clock.offset_millis();
            // Boxed once a request: its future holds those of both protocols, and callers would hold it too.
            let attempted = Box::pin(self.attempt(connection, body.clone(), &mapper)).await;
            let error = match attempted {
                Ok((frames, headers)) => return Ok(ReplyStream::new(frames, headers, attempt)),
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

    /// Sends it once, with a signature of its own, and waits for the first event.
    async fn attempt<D: Duplex, M: MessageMapper>(
        &self,
        connection: &mut D,
        body: Bytes,
        mapper: &impl Fn(Option<&str>) -> M,
    ) -> Result<(FrameReceiver<D::Receive, M>, HeaderMap), Error> {
        let client = &self.client;
        let url = client.url(&self.model, self.operation)?;
        let head = client
            .one_way_head(url, &self.headers, &body, self.deadlines)
            .await?;
        let (send, receive) = connection.open(head).await.map_err(Error::transport)?;
        let clock = client.clock().clone();
        let mut frames = FrameReceiver::new(receive, mapper(None), clock, Link::default());
        tokio::select! {
            // What goes wrong here the receiver knows too, and knows better.
            _ = upload(send, body) => {}
            _ = frames.refused() => {}
        }
        frames.ready().await?;
        if let Some(id) = frames.request_id() {
            let mapper = mapper(Some(id));
            frames.set_inbound(mapper);
        }
        let headers = frames.headers().await?;
        frames.begun().await?;
        Ok((frames, headers))
    }
}

async fn upload(mut half: impl SendHalf, body: Bytes) -> Result<(), h2_duplex::Error> {
    half.send(body).await?;
    half.finish().await
}
