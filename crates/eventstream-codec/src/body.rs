//! Frames from an [`http_body::Body`].

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http_body::Body;

use crate::stream::MessageStream;

/// The data of a body as a stream of chunks, its trailers left out: what [`MessageStream::from_body`] reads.
#[derive(Debug)]
pub struct BodyChunks<B>(B);

impl<B> MessageStream<BodyChunks<B>>
where
    B: Body + Unpin,
{
    /// Reads frames from a body with the default limits. A body that is not [`Unpin`] goes in a `Box::pin`.
    pub fn from_body(body: B) -> Self {
        Self::new(BodyChunks(body))
    }
}

impl<B: Body + Unpin> Stream for BodyChunks<B> {
    type Item = Result<Bytes, B::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.0).poll_frame(cx)?) else {
                return Poll::Ready(None);
            };
            if let Ok(mut data) = frame.into_data() {
                // No copy where the data is `Bytes` already, as it is in hyper.
                let len = data.remaining();
                return Poll::Ready(Some(Ok(data.copy_to_bytes(len))));
            }
        }
    }
}
