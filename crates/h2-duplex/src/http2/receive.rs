//! The receiving half.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::call::Call;
use super::monitor::Monitor;
use crate::{Error, ReceiveHalf};

/// The receiving half of an HTTP/2 call.
pub struct Receiver {
    call: Arc<Call>,
    head: Option<http::response::Parts>,
}

impl Receiver {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self { call, head: None }
    }

    /// Watches the call from elsewhere.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(Arc::clone(&self.call))
    }

    /// The trailers, if the response has ended with some.
    #[must_use]
    pub fn trailers(&self) -> Option<HeaderMap> {
        self.call.trailers()
    }
}

impl ReceiveHalf for Receiver {
    async fn head(&mut self) -> Result<&http::response::Parts, Error> {
        let head = if let Some(head) = self.head.take() {
            head
        } else {
            let mut head = poll_fn(|cx| self.call.poll_head(cx)).await?;
            // A clone has room for what it holds only, and the head is kept as long as the call.
            head.headers = head.headers.clone();
            head
        };
        Ok(self.head.insert(head))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.call.poll_next(cx)).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.call.drop_receiver();
    }
}

/// Shows neither headers nor bytes: they may be private.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
