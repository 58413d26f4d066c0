//! A connection that remembers how its call ended, whatever is made of that above.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use h2_duplex::{Connection, Duplex, Error, Monitor, ReceiveHalf, Receiver, Sender};
use http::{Request, response};

use crate::ending;
use crate::report::Report;

/// One connection for one call.
pub(crate) struct Watched {
    connection: Connection,
    monitor: Option<Monitor>,
    seen: Arc<Seen>,
}

/// What the receiving half saw.
#[derive(Default)]
struct Seen {
    status: OnceLock<u16>,
    end: OnceLock<Result<(), Error>>,
}

impl Watched {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            monitor: None,
            seen: Arc::default(),
        }
    }

    /// The report, with what was seen of the call.
    pub(crate) fn complete(&self, report: Report, outcome: &'static str) -> Report {
        Report {
            status: self.seen.status.get().copied(),
            transport: self.seen.end.get().map(ending::name),
            outcome: Some(outcome),
            stats: self.monitor.as_ref().map(Monitor::stats),
            ..report
        }
    }
}

impl Duplex for Watched {
    type Send = Sender;
    type Receive = WatchedReceiver;

    async fn open(&mut self, head: Request<()>) -> Result<(Sender, WatchedReceiver), Error> {
        let (send, receive) = self.connection.open(head).await?;
        self.monitor = Some(send.monitor());
        let seen = Arc::clone(&self.seen);
        Ok((send, WatchedReceiver { receive, seen }))
    }
}

/// The receiving half, and where it writes down what it sees.
pub(crate) struct WatchedReceiver {
    receive: Receiver,
    seen: Arc<Seen>,
}

impl WatchedReceiver {
    fn note(&self, end: Result<(), Error>) {
        // Only the first counts; a fused half gives it again and again.
        let _ = self.seen.end.set(end);
    }
}

impl ReceiveHalf for WatchedReceiver {
    async fn head(&mut self) -> Result<&response::Parts, Error> {
        if let Err(error) = self.receive.head().await {
            self.note(Err(error.clone()));
            return Err(error);
        }
        let head = self.receive.head().await?;
        let _ = self.seen.status.set(head.status.as_u16());
        Ok(head)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let next = self.receive.next().await;
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.note(Ok(())),
            Err(error) => self.note(Err(error.clone())),
        }
        next
    }
}
