//! The receiving half.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

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
            head.headers = detached(&head.headers);
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

/// Headers in memory of their own. A value that came without Huffman coding is a slice of what h2 has read, DATA of other calls
/// included, and one that came with it of a block that h2 decodes many into; the head is kept as long as the call.
fn detached(headers: &HeaderMap) -> HeaderMap {
    let mut own = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers {
        // What was valid is.
        let copy = HeaderName::from_bytes(name.as_ref()).ok();
        let copy = copy.zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let (name, mut copy) = copy.unwrap_or_else(|| (name.clone(), value.clone()));
        copy.set_sensitive(value.is_sensitive());
        own.append(name, copy);
    }
    own
}

/// Shows neither headers nor bytes: they may be private.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a connection has read, as long as a slice of it is there.
    struct Read(Arc<str>);

    impl AsRef<[u8]> for Read {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }

    #[test]
    fn a_head_that_is_kept_does_not_keep_what_was_read_with_it() {
        let memory: Arc<str> = "id-1 text/plain id-2, and DATA of another call".into();
        let read = Bytes::from_owner(Read(Arc::clone(&memory)));
        let value = |from, to| HeaderValue::from_maybe_shared(read.slice(from..to)).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-amzn-requestid", value(0, 4));
        headers.append("content-type", value(5, 15));
        headers.append("x-amzn-requestid", value(16, 20));
        headers.get_mut("content-type").unwrap().set_sensitive(true);
        let own = detached(&headers);
        assert_eq!(own, headers);
        assert!(own["content-type"].is_sensitive());
        drop((headers, read));
        assert_eq!(Arc::strong_count(&memory), 1);
        let ids: Vec<_> = own.get_all("x-amzn-requestid").iter().collect();
        assert_eq!(ids, ["id-1", "id-2"]);
    }
}
