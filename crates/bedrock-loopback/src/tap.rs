//! What goes over the wire of each call, for whoever records it.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

/// Something that went over the wire of a call, as it is sent or has come in: signatures, speech and text included.
#[derive(Debug)]
#[non_exhaustive]
pub enum Traffic<'a> {
    /// The request head has come: the call's first.
    RequestHead(&'a Parts),
    /// Bytes of the request's body have come.
    RequestBytes(&'a Bytes),
    /// The request has ended: `END_STREAM`, or the end of its body.
    RequestEnd,
    /// The call of this number in the [`Script`](crate::Script), counted from 0, is played.
    Scripted(usize),
    /// The response head is sent.
    ResponseHead(&'a Response<()>),
    /// Bytes of the response's body are sent.
    ResponseBytes(&'a Bytes),
    /// The response ends: the call's last.
    ResponseEnd(ResponseEnd),
}

/// How a response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseEnd {
    /// In order.
    Clean,
    /// With `RST_STREAM` and this code.
    Reset(u32),
    /// With the connection.
    Lost,
    /// The client wanted no more of it.
    Dropped,
}

/// Is told of traffic; the number is that of the call.
pub(crate) type Listener = Arc<dyn Fn(u64, Traffic<'_>) + Send + Sync>;

/// The tap of one call.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    call: u64,
    listener: Option<Listener>,
}

impl Tap {
    pub(crate) const fn new(call: u64, listener: Option<Listener>) -> Self {
        Self { call, listener }
    }

    pub(crate) fn tell(&self, traffic: Traffic<'_>) {
        if let Some(listener) = &self.listener {
            listener(self.call, traffic);
        }
    }

    pub(crate) fn ended(&self, how: ResponseEnd) {
        self.tell(Traffic::ResponseEnd(how));
    }
}
