//! How one-way calls travel: on kept HTTP/2 connections, or over HTTP/1.1 where nothing else is spoken.

use std::fmt;

use bytes::Bytes;
use h2_duplex::{
    Connector, Duplex, Error, Pool, ReceiveHalf, Reopen, ReopenReceive, ReopenSend, SendHalf,
};

#[cfg(feature = "http1")]
use crate::http1::{Http1, Http1Receive, Http1Send};
use crate::recording::{RecordedReceive, RecordedSend, Recorder, Recording};

/// Opens a client's one-way calls, and opens one again at once where the service provably did not take it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OneWay(Recorder<Ways>);

/// The ways that a call can take.
#[derive(Clone, Debug)]
struct Ways {
    http2: Reopen<Pool>,
    #[cfg(feature = "http1")]
    http1: Http1,
}

impl OneWay {
    pub(crate) fn new(connector: Connector) -> Self {
        #[cfg(feature = "http1")]
        let (http1, connector) = (Http1::new(connector.clone()), connector.offer_http1());
        // The caller holds the body anyway, for its retries.
        let http2 = Reopen::new(Pool::new(connector)).replay_limit(usize::MAX);
        let ways = Ways {
            http2,
            #[cfg(feature = "http1")]
            http1,
        };
        Self(Recorder::maybe(ways, None))
    }

    /// The same, its calls recorded.
    pub(crate) fn recording(self, recording: Option<Recording>) -> Self {
        Self(Recorder::maybe(self.0.into_inner(), recording))
    }

    pub(crate) async fn warm(&self, origin: &http::Uri, connections: usize) -> Result<(), Error> {
        self.0
            .inner()
            .http2
            .get_ref()
            .warm(origin, connections)
            .await
    }
}

impl Duplex for OneWay {
    type Send = OneWaySend;
    type Receive = OneWayReceive;

    fn open(
        &mut self,
        head: http::Request<()>,
    ) -> impl Future<Output = Result<(OneWaySend, OneWayReceive), Error>> + Send {
        let open = self.0.open(head);
        async move {
            let (send, receive) = open.await?;
            Ok((OneWaySend(send), OneWayReceive(receive)))
        }
    }
}

impl Duplex for Ways {
    type Send = Sending;
    type Receive = Receiving;

    #[cfg(not(feature = "http1"))]
    async fn open(&mut self, head: http::Request<()>) -> Result<(Sending, Receiving), Error> {
        let (send, receive) = self.http2.open(head).await?;
        Ok((Sending::Http2(send), Receiving::Http2(receive)))
    }

    #[cfg(feature = "http1")]
    async fn open(&mut self, head: http::Request<()>) -> Result<(Sending, Receiving), Error> {
        let mut refused = None;
        if !self.http1.is_spoken() {
            match self.http2.open(head.clone()).await {
                Ok((send, receive)) => {
                    return Ok((Sending::Http2(send), Receiving::Http2(receive)));
                }
                Err(error) if error.kind() == h2_duplex::ErrorKind::Alpn => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        match Box::pin(self.http1.open(head)).await {
            Ok((send, receive)) => Ok((Sending::Http1(send), Receiving::Http1(receive))),
            // It did not agree to HTTP/1.1 either.
            Err(error) if error.kind() == h2_duplex::ErrorKind::Alpn => {
                Err(refused.unwrap_or(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// The sending half of a one-way call.
pub struct OneWaySend(RecordedSend<Sending>);

enum Sending {
    Http2(ReopenSend<Pool>),
    #[cfg(feature = "http1")]
    Http1(Http1Send),
}

impl SendHalf for Sending {
    async fn ready(&mut self) -> Result<(), Error> {
        match self {
            Sending::Http2(half) => half.ready().await,
            #[cfg(feature = "http1")]
            Sending::Http1(half) => half.ready().await,
        }
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        match self {
            Sending::Http2(half) => half.send(chunk).await,
            #[cfg(feature = "http1")]
            Sending::Http1(half) => half.send(chunk).await,
        }
    }

    async fn finish(&mut self) -> Result<(), Error> {
        match self {
            Sending::Http2(half) => half.finish().await,
            #[cfg(feature = "http1")]
            Sending::Http1(half) => half.finish().await,
        }
    }
}

impl SendHalf for OneWaySend {
    async fn ready(&mut self) -> Result<(), Error> {
        self.0.ready().await
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.0.send(chunk).await
    }

    async fn finish(&mut self) -> Result<(), Error> {
        self.0.finish().await
    }
}

/// The receiving half of a one-way call.
pub struct OneWayReceive(RecordedReceive<Receiving>);

enum Receiving {
    Http2(ReopenReceive<Pool>),
    #[cfg(feature = "http1")]
    Http1(Http1Receive),
}

impl ReceiveHalf for Receiving {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        match self {
            Receiving::Http2(half) => half.head().await,
            #[cfg(feature = "http1")]
            Receiving::Http1(half) => half.head().await,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self {
            Receiving::Http2(half) => half.next().await,
            #[cfg(feature = "http1")]
            Receiving::Http1(half) => half.next().await,
        }
    }
}

impl ReceiveHalf for OneWayReceive {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        self.0.head().await
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.next().await
    }
}

/// Shows neither headers nor bytes.
impl fmt::Debug for OneWaySend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneWaySend").finish_non_exhaustive()
    }
}

/// Shows neither headers nor bytes.
impl fmt::Debug for OneWayReceive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneWayReceive").finish_non_exhaustive()
    }
}
