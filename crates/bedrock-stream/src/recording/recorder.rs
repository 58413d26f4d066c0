//! A recorder around any transport.

use std::future::Future;

use bytes::Bytes;
use h2_duplex::{Duplex, Error, ReceiveHalf, SendHalf};

use super::call::CallRecord;
use super::line::End;
use super::writer::Recording;

/// Records the calls that it opens, and changes nothing about them.
#[derive(Clone, Debug)]
pub struct Recorder<D> {
    inner: D,
    recording: Option<Recording>,
}

impl<D> Recorder<D> {
    /// Records every call of `inner`.
    pub fn new(inner: D, recording: Recording) -> Self {
        Self {
            inner,
            recording: Some(recording),
        }
    }

    /// Records where there is a recording; without one, bytes go through untouched.
    pub fn maybe(inner: D, recording: Option<Recording>) -> Self {
        Self { inner, recording }
    }

    /// The transport.
    pub fn inner(&self) -> &D {
        &self.inner
    }

    /// The transport alone.
    pub fn into_inner(self) -> D {
        self.inner
    }
}

impl<D: Duplex> Duplex for Recorder<D> {
    type Send = RecordedSend<D::Send>;
    type Receive = RecordedReceive<D::Receive>;

    fn open(
        &mut self,
        head: http::Request<()>,
    ) -> impl Future<Output = Result<(Self::Send, Self::Receive), Error>> + Send {
        let record = self.recording.as_ref().map(|to| to.call(&head));
        let open = self.inner.open(head);
        async move {
            match open.await {
                Ok((send, receive)) => Ok((
                    RecordedSend {
                        half: send,
                        record: record.clone(),
                    },
                    RecordedReceive {
                        half: receive,
                        record,
                    },
                )),
                Err(error) => {
                    if let Some(record) = record {
                        record.sent_all(&End::of(&error));
                        record.received_all(&End::of(&error));
                    }
                    Err(error)
                }
            }
        }
    }
}

/// A sending half whose bytes are recorded.
#[derive(Debug)]
pub struct RecordedSend<H> {
    half: H,
    record: Option<CallRecord>,
}

impl<H> RecordedSend<H> {
    /// The half itself; what is sent by it is not recorded.
    pub fn inner(&self) -> &H {
        &self.half
    }

    fn told<T>(&self, told: Result<T, Error>) -> Result<T, Error> {
        if let (Some(record), Err(error)) = (&self.record, &told) {
            record.sent_all(&End::of(error));
        }
        told
    }
}

impl<H: SendHalf> SendHalf for RecordedSend<H> {
    async fn ready(&mut self) -> Result<(), Error> {
        let ready = self.half.ready().await;
        self.told(ready)
    }

    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        // Before it goes: a future that is dropped half way has taken the chunk.
        if let Some(record) = &self.record {
            record.sent(&chunk);
        }
        let sent = self.half.send(chunk).await;
        self.told(sent)
    }

    async fn finish(&mut self) -> Result<(), Error> {
        let finished = self.half.finish().await;
        self.told(finished)?;
        if let Some(record) = &self.record {
            record.sent_all(&End::Clean);
        }
        Ok(())
    }
}

impl<H> Drop for RecordedSend<H> {
    fn drop(&mut self) {
        if let Some(record) = &self.record {
            record.sent_all(&End::Dropped);
        }
    }
}

/// A receiving half whose bytes are recorded.
#[derive(Debug)]
pub struct RecordedReceive<H> {
    half: H,
    record: Option<CallRecord>,
}

impl<H: ReceiveHalf> ReceiveHalf for RecordedReceive<H> {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        match (self.half.head().await, &self.record) {
            (Ok(head), Some(record)) => {
                record.answered(head);
                Ok(head)
            }
            (Err(error), Some(record)) => {
                record.received_all(&End::of(&error));
                Err(error)
            }
            (told, None) => told,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let next = self.half.next().await;
        let Some(record) = &self.record else {
            return next;
        };
        // Ready at once: the head comes before the body.
        if let (Ok(_), Ok(head)) = (&next, self.half.head().await) {
            record.answered(head);
        }
        match &next {
            Ok(Some(chunk)) => record.received(chunk),
            Ok(None) => record.received_all(&End::Clean),
            Err(error) => record.received_all(&End::of(error)),
        }
        next
    }
}

impl<H> Drop for RecordedReceive<H> {
    fn drop(&mut self) {
        if let Some(record) = &self.record {
            record.received_all(&End::Dropped);
        }
    }
}
