//! The answering half of a call over HTTP/2: steps wait here until flow control, time or a fault lets them go.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::Response;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Sleep;

use crate::fault::{Control, Item};
use crate::tap::{ResponseEnd, Tap, Traffic};

/// How long what was sent may take to leave before a fault strikes the call or the connection.
pub(crate) const LINGER: Duration = Duration::from_millis(20);

/// Where the answer of one call goes.
pub(crate) struct Outlet {
    pub(crate) respond: SendResponse<Bytes>,
    pub(crate) controls: UnboundedSender<Control>,
    pub(crate) tap: Tap,
}

impl Outlet {
    /// Resets the call before its head.
    pub(crate) fn reset(mut self, reason: Reason) {
        self.tap.ended(ResponseEnd::Reset(reason.into()));
        self.respond.send_reset(reason);
    }
}

/// An answer on its way out, in DATA frames of a size at most.
pub(crate) struct Outflow {
    respond: SendResponse<Bytes>,
    stream: Option<SendStream<Bytes>>,
    queue: VecDeque<Item>,
    queued: usize,
    frame_size: usize,
    wait: Option<Pin<Box<Sleep>>>,
    lingered: bool,
    input_ended: bool,
    ended: bool,
    controls: UnboundedSender<Control>,
    tap: Tap,
}

impl Outflow {
    pub(crate) fn new(outlet: Outlet, frame_size: usize) -> Self {
        Self {
            respond: outlet.respond,
            stream: None,
            queue: VecDeque::new(),
            queued: 0,
            frame_size,
            wait: None,
            lingered: false,
            input_ended: false,
            ended: false,
            controls: outlet.controls,
            tap: outlet.tap,
        }
    }

    /// Sends the head. Steps that were pushed before may follow it.
    pub(crate) fn start(&mut self, head: Response<()>) -> Result<(), h2::Error> {
        if self.stream.is_none() {
            self.tap.tell(Traffic::ResponseHead(&head));
            self.stream = Some(self.respond.send_response(head, false)?);
        }
        Ok(())
    }

    pub(crate) const fn has_started(&self) -> bool {
        self.stream.is_some()
    }

    pub(crate) fn push(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            if let Item::Bytes(bytes) = &item {
                self.queued += bytes.len();
            }
            self.queue.push_back(item);
        }
    }

    /// Drops what waits.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
        self.queued = 0;
    }

    /// The client has sent `END_STREAM`.
    pub(crate) const fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// Bytes that wait.
    pub(crate) const fn queued(&self) -> usize {
        self.queued
    }

    pub(crate) fn reset(&mut self, reason: Reason) {
        self.tap.ended(ResponseEnd::Reset(reason.into()));
        match &mut self.stream {
            Some(stream) => stream.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Takes the steps that can be taken. Returns once the last is taken after `END_STREAM`, or with what ended the call before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a step stays queued until it is taken.
    pub(crate) async fn drained(&mut self) -> Result<(), String> {
        poll_fn(|cx| self.poll_drained(cx)).await
    }

    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let Some(stream) = &mut self.stream else {
            return self.respond.poll_reset(cx).map(|reset| Err(how(reset)));
        };
        if !self.ended
            && let Poll::Ready(reset) = stream.poll_reset(cx)
        {
            return Poll::Ready(Err(how(reset)));
        }
        while let Some(item) = self.queue.front() {
            match item {
                Item::Bytes(_) => ready!(self.poll_bytes(cx))?,
                Item::Wait(time) => {
                    let time = *time;
                    ready!(self.poll_wait(cx, time));
                    self.queue.pop_front();
                }
                Item::UntilInputEnd if self.input_ended => {
                    self.queue.pop_front();
                }
                Item::UntilInputEnd | Item::Silence => return Poll::Pending,
                Item::End => {
                    self.queue.pop_front();
                    self.ended = true;
                    self.send(Bytes::new(), true)?;
                }
                Item::Reset(reason) => {
                    let reason = *reason;
                    ready!(self.poll_linger(cx));
                    self.queue.clear();
                    self.reset(reason);
                    return Poll::Ready(Err(format!("reset with {reason:?}, as asked for")));
                }
                Item::Control(control) => {
                    let control = *control;
                    ready!(self.poll_linger(cx));
                    self.queue.pop_front();
                    // A connection that is gone needs no more faults.
                    let _ = self.controls.send(control);
                    if control == Control::Cut {
                        self.tap.ended(ResponseEnd::Lost);
                        return Poll::Pending;
                    }
                }
            }
        }
        if self.ended {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Sends the bytes in front.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        while let Some(Item::Bytes(front)) = self.queue.front_mut() {
            if front.is_empty() {
                self.queue.pop_front();
                return Poll::Ready(Ok(()));
            }
            let Some(stream) = &mut self.stream else {
                return Poll::Pending;
            };
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
            self.queued -= piece.len();
            self.send(piece, false)?;
        }
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, bytes: Bytes, end: bool) -> Result<(), String> {
        if !bytes.is_empty() {
            self.tap.tell(Traffic::ResponseBytes(&bytes));
        }
        if end {
            self.tap.ended(ResponseEnd::Clean);
        }
        let sent = self
            .stream
            .as_mut()
            .map(|stream| stream.send_data(bytes, end));
        sent.unwrap_or(Ok(())).map_err(|error| error.to_string())
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.lingered {
            ready!(self.poll_wait(cx, LINGER));
            self.lingered = true;
        }
        Poll::Ready(())
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>, time: Duration) -> Poll<()> {
        let wait = self
            .wait
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        ready!(wait.as_mut().poll(cx));
        self.wait = None;
        Poll::Ready(())
    }
}

/// Told after any other end, this says nothing new.
impl Drop for Outflow {
    fn drop(&mut self) {
        self.tap.ended(ResponseEnd::Dropped);
    }
}

fn how(reset: Result<Reason, h2::Error>) -> String {
    match reset {
        Ok(reason) => format!("RST_STREAM({reason:?})"),
        Err(error) => error.to_string(),
    }
}
