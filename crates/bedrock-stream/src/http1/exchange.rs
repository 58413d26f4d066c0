//! One request and its response on one connection, within the deadlines.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use bytes::Bytes;
use h2_duplex::{Deadline, Deadlines, Error, ErrorCode, ErrorKind, Phase};
use http::header::TRANSFER_ENCODING;
use http::{Request, Response, response};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::progress::Teller;
use super::receive::Deliver;
use super::send::Upload;

/// How much hyper reads ahead, in bytes: the bound of a chunk, and of a response head.
const READ_BUFFER: usize = 64 * 1024;

/// Moves the connection until the response is over, and tells how it ended.
pub(super) async fn run<T>(
    io: T,
    request: Request<Upload>,
    deadlines: Deadlines,
    progress: Teller,
    deliver: Deliver,
) where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Deliver { head, chunks } = deliver;
    let mut exchange = Exchange {
        whole: deadlines.call.map(|limit| Instant::now() + limit),
        deadlines,
        progress,
        head: Some(head),
        chunks,
    };
    let end = exchange.run(io, request).await;
    exchange.progress.end(end);
}

struct Exchange {
    deadlines: Deadlines,
    /// When the whole call must be over.
    whole: Option<Instant>,
    progress: Teller,
    head: Option<oneshot::Sender<response::Parts>>,
    chunks: mpsc::Sender<Bytes>,
}

impl Exchange {
    async fn run<T>(&mut self, io: T, request: Request<Upload>) -> Result<(), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut requests, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .handshake(TokioIo::new(io))
            .await
            .map_err(broken)?;
        let answer = self.answer(requests.send_request(request));
        let (mut connection, mut answer) = (pin!(connection), pin!(answer));
        let mut connected = true;
        poll_fn(|cx| {
            // What it fails with, the answer is told as well.
            connected = connected && connection.as_mut().poll(cx).is_pending();
            answer.as_mut().poll(cx)
        })
        .await
    }

    async fn answer(
        &mut self,
        response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    ) -> Result<(), Error> {
        let limit = (self.deadlines.response_head, Deadline::ResponseHead);
        let response = self.within(limit, response).await?.map_err(broken)?;
        let (head, mut body) = response.into_parts();
        let has_an_end = has_an_end(&head, &body);
        self.progress.headed(head.status);
        // The receiver may be gone; then this task ends soon.
        let _gone = self.head.take().map(|sender| sender.send(head));
        let mut limit = (self.deadlines.first_byte, Deadline::FirstByte);
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let Some(frame) = self.within(limit, frame).await? else {
                break;
            };
            match frame.map_err(broken)?.into_data() {
                Ok(chunk) if !chunk.is_empty() => {
                    limit = (self.deadlines.between_bytes, Deadline::BetweenBytes);
                    let taken = self.chunks.send(chunk);
                    let _gone = self.within((None, Deadline::Call), taken).await?;
                }
                _ => {}
            }
        }
        if has_an_end {
            return Ok(());
        }
        Err(lost().with_detail(
            "over HTTP/1.1, a response with neither length nor chunks: its end cannot be told from a cut",
        ))
    }

    /// Waits for `future` no longer than `limit` from now, and no longer than the call may last.
    async fn within<F: Future>(
        &self,
        (limit, deadline): (Option<std::time::Duration>, Deadline),
        future: F,
    ) -> Result<F::Output, Error> {
        let step = limit.map(|limit| (Instant::now() + limit, deadline, limit));
        let whole = self.whole.zip(self.deadlines.call);
        let whole = whole.map(|(at, limit)| (at, Deadline::Call, limit));
        let first = whole.into_iter().chain(step).min_by_key(|(at, ..)| *at);
        let Some((at, deadline, limit)) = first else {
            return Ok(future.await);
        };
        let passed = Error::deadline(deadline, Phase::Receive, limit);
        timeout_at(at, future).await.map_err(|_elapsed| passed)
    }
}

/// The end is told before the channels close: who waits on them looks at it next.
impl Drop for Exchange {
    fn drop(&mut self) {
        let stopped = Error::new(ErrorKind::DriverStopped, Phase::Receive);
        self.progress.end(Err(stopped));
    }
}

/// Whether the response says where it ends, so that a cut is not taken for its end (RFC 9112 §6.3).
fn has_an_end(head: &response::Parts, body: &Incoming) -> bool {
    let codings = head.headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let chunked = codings.is_some_and(|codings| {
        let last = codings.as_bytes().rsplit(|byte| *byte == b',').next();
        last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
    });
    chunked || body.is_end_stream() || body.size_hint().exact().is_some()
}

fn broken(error: hyper::Error) -> Error {
    let error_of = if error.is_parse() {
        Error::new(
            ErrorKind::Protocol(ErrorCode::PROTOCOL_ERROR),
            Phase::Receive,
        )
    } else {
        lost()
    };
    error_of.with_detail("over HTTP/1.1").with_source(error)
}

fn lost() -> Error {
    Error::new(ErrorKind::ConnectionLost, Phase::Receive)
}
