//! The traits through which callers compose with a transport: one opens calls, one sends, one
//! receives.

use std::future::Future;

use bytes::Bytes;

use crate::Error;

/// Opens full-duplex calls.
///
/// Implemented by the HTTP/2 transport and by the in-memory [`pipe`](crate::pipe()).
pub trait Duplex {
    /// The sending half of a call.
    type Send: SendHalf;
    /// The receiving half of a call.
    type Receive: ReceiveHalf;

    /// Queues the request head and returns; never waits for the response head.
    ///
    /// Some services send no response head before they have had input, so waiting for it here would
    /// wait for ever.
    ///
    /// # Errors
    ///
    /// The call could not be opened. [`Error::was_processed`] is `false` then, unless the transport
    /// cannot tell.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it is ready has opened nothing that outlives it.
    fn open(
        &mut self,
        head: http::Request<()>,
    ) -> impl Future<Output = Result<(Self::Send, Self::Receive), Error>> + Send;
}

impl<D: Duplex> Duplex for &mut D {
    type Send = D::Send;
    type Receive = D::Receive;

    fn open(
        &mut self,
        head: http::Request<()>,
    ) -> impl Future<Output = Result<(Self::Send, Self::Receive), Error>> + Send {
        D::open(self, head)
    }
}

/// The sending half of a call: the request body.
///
/// Dropping it before [`finish`](SendHalf::finish) is done resets the call (`CANCEL`), so that half
/// a body never looks complete. One exception: when the peer has already answered with a status
/// other than 2xx, the call stays until that answer's body is received.
pub trait SendHalf: Send + 'static {
    /// Waits until at least one byte may go, so that a frame can be signed when it leaves and not
    /// when it is queued.
    ///
    /// # Errors
    ///
    /// The call's error, the same one that the receiving half reports;
    /// [`AnsweredEarly`](crate::ErrorKind::AnsweredEarly) if the peer has ended its response or has
    /// refused the call by its status.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; holds no part of the flow-control window.
    fn ready(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends all of `chunk`, split where the flow-control window is smaller.
    ///
    /// # Errors
    ///
    /// As [`ready`](SendHalf::ready).
    ///
    /// # Cancel safety
    ///
    /// The stream of bytes stays whole: a chunk of which a dropped future has sent a part is
    /// remembered, and the next call of any method here sends its rest first. A future dropped
    /// before its first poll has taken nothing.
    fn send(&mut self, chunk: Bytes) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends the request body (`END_STREAM`).
    ///
    /// # Errors
    ///
    /// As [`ready`](SendHalf::ready), but a peer that has ended a 2xx response is no error here.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: may be called again, and does nothing once it is done.
    fn finish(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The receiving half of a call: the response head and body.
///
/// Dropping it before the end of the response resets the call (`CANCEL`).
pub trait ReceiveHalf: Send + 'static {
    /// Waits for the response head. May be called any number of times.
    ///
    /// # Errors
    ///
    /// The call failed before its head came.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    fn head(&mut self) -> impl Future<Output = Result<&http::response::Parts, Error>> + Send;

    /// The next chunk of the body; `None` only after `END_STREAM`.
    ///
    /// Chunk boundaries mean nothing. What arrived before a failure is given first. Fused: after
    /// `None` always `None`, after an error always that error.
    ///
    /// # Errors
    ///
    /// The call did not end with `END_STREAM`: it was reset (with whatever code), the connection
    /// was lost, a deadline passed, ….
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no chunk is lost, so a timeout around it is harmless.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}
