//! The answering half of a call: bytes wait here until flow control lets them go.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::Response;

/// An answer on its way out, in DATA frames of a size at most.
pub(crate) struct Outflow {
    respond: SendResponse<Bytes>,
    stream: Option<SendStream<Bytes>>,
    queue: VecDeque<Bytes>,
    queued: usize,
    frame_size: usize,
    ended: bool,
}

impl Outflow {
    pub(crate) const fn new(respond: SendResponse<Bytes>, frame_size: usize) -> Self {
        Self {
            respond,
            stream: None,
            queue: VecDeque::new(),
            queued: 0,
            frame_size,
            ended: false,
        }
    }

    /// Sends the head. Bytes that were pushed before may follow it.
    pub(crate) fn start(&mut self, head: Response<()>) -> Result<(), h2::Error> {
        if self.stream.is_none() {
            self.stream = Some(self.respond.send_response(head, false)?);
        }
        Ok(())
    }

    pub(crate) const fn has_started(&self) -> bool {
        self.stream.is_some()
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.queued += bytes.len();
        self.queue.push_back(bytes);
    }

    /// Drops what waits.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
        self.queued = 0;
    }

    /// Nothing more will be pushed: `END_STREAM` follows the last byte.
    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) const fn queued(&self) -> usize {
        self.queued
    }

    pub(crate) fn reset(&mut self, reason: Reason) {
        match &mut self.stream {
            Some(stream) => stream.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Sends what flow control allows. Returns once `END_STREAM` is out, or with what ended the call before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: bytes stay queued until they are handed over.
    pub(crate) async fn drained(&mut self) -> Result<(), String> {
        poll_fn(|cx| self.poll_drained(cx)).await
    }

    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let Some(stream) = &mut self.stream else {
            return self.respond.poll_reset(cx).map(|reset| Err(how(reset)));
        };
        if let Poll::Ready(reset) = stream.poll_reset(cx) {
            return Poll::Ready(Err(how(reset)));
        }
        while let Some(front) = self.queue.front_mut() {
            if front.is_empty() {
                self.queue.pop_front();
                continue;
            }
            let want = front.len().min(self.frame_size);
            stream.reserve_capacity(want);
            if stream.capacity() == 0 {
                match ready!(stream.poll_capacity(cx)) {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Poll::Ready(Err(error.to_string())),
                    None => return Poll::Ready(Err("the stream is closed".to_owned())),
                }
            }
            let piece = front.split_to(want.min(stream.capacity()));
            self.queued -= piece.remaining();
            let last = self.ended && front.is_empty() && self.queue.len() == 1;
            if let Err(error) = stream.send_data(piece, last) {
                return Poll::Ready(Err(error.to_string()));
            }
            if last {
                return Poll::Ready(Ok(()));
            }
        }
        if !self.ended {
            return Poll::Pending;
        }
        let end = stream.send_data(Bytes::new(), true);
        Poll::Ready(end.map_err(|error| error.to_string()))
    }
}

fn how(reset: Result<Reason, h2::Error>) -> String {
    match reset {
        Ok(reason) => format!("RST_STREAM({reason:?})"),
        Err(error) => error.to_string(),
    }
}
