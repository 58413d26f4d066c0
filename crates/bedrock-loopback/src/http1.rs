//! One HTTP/1.1 connection, for the calls that need no duplex stream: boto3's, and those behind old proxies.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Sleep;

use crate::call::{Answer, Call};
use crate::fault::{Control, FaultKind, Item};
use crate::http2::told_to_close;
use crate::operation::Operation;
use crate::server::{ConnectionError, State};
use crate::service_error::ServiceError;
use crate::tap::{ResponseEnd, Tap, Traffic};
use crate::upload::Upload;

pub(crate) async fn serve<T>(
    state: &Arc<State>,
    io: T,
    tls: bool,
    mut closing: watch::Receiver<bool>,
) -> Result<(), ConnectionError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| answer(state.clone(), tls, request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(io), service);
    let mut connection = std::pin::pin!(connection);
    let mut told = false;
    loop {
        tokio::select! {
            () = told_to_close(&mut closing), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            ended = connection.as_mut() => {
                return ended.map_err(|error| ConnectionError::Http1(error.to_string()));
            }
        }
    }
}

async fn answer(
    state: Arc<State>,
    tls: bool,
    request: Request<Incoming>,
) -> io::Result<Response<Steps>> {
    let (parts, body) = request.into_parts();
    let tap = state.tap(&parts);
    let mut call = match Call::route(&state, &parts) {
        Ok(call) => call,
        Err(unknown) => return Ok(response(*unknown, tap)),
    };
    let resets = [FaultKind::ResetBeforeHead, FaultKind::ResetRefused];
    if resets.iter().any(|kind| call.plan.has(*kind)) {
        return Err(as_asked());
    }
    if let Some(error) = call.asked_error() {
        return Ok(response(error, tap));
    }
    if call.operation == Operation::InvokeModelWithBidirectionalStream {
        let error = ServiceError::validation("This operation needs HTTP/2.");
        return Ok(response(call.refused_by_service(&error), tap));
    }
    let body = match collect(&state, body, &tap).await? {
        Ok(body) => body,
        Err(error) => return Ok(response(call.refused_by_service(&error), tap)),
    };
    let answer = call.answer(&parts, tls, &body, &tap);
    if call.plan.has(FaultKind::HeadNever) {
        std::future::pending::<()>().await;
    }
    Ok(response(answer, tap))
}

fn response((head, items): Answer, tap: Tap) -> Response<Steps> {
    tap.tell(Traffic::ResponseHead(&head));
    head.map(|()| Steps {
        items: items.into(),
        wait: None,
        tap,
    })
}

/// Takes a whole request body, or an error to answer with.
async fn collect(
    state: &State,
    mut body: Incoming,
    tap: &Tap,
) -> io::Result<Result<Bytes, ServiceError>> {
    let mut upload = Upload::new(&state.upload_room);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(io::Error::other)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        tap.tell(Traffic::RequestBytes(&data));
        if let Err(error) = upload.add(&data) {
            return Ok(Err(error));
        }
    }
    tap.tell(Traffic::RequestEnd);
    Ok(Ok(upload.finish()))
}

/// A body made of an answer's steps.
struct Steps {
    items: VecDeque<Item>,
    wait: Option<Pin<Box<Sleep>>>,
    tap: Tap,
}

/// Told after any other end, this says nothing new.
impl Drop for Steps {
    fn drop(&mut self) {
        self.tap.ended(ResponseEnd::Dropped);
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            match self.items.pop_front() {
                Some(Item::Bytes(bytes)) if !bytes.is_empty() => {
                    self.tap.tell(Traffic::ResponseBytes(&bytes));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                // The request came whole before the answer began.
                Some(
                    Item::Bytes(_)
                    | Item::UntilInputEnd
                    | Item::Control(Control::GoAway { covers_all: true }),
                ) => {}
                Some(Item::Wait(time)) => self.wait = Some(Box::pin(tokio::time::sleep(time))),
                Some(Item::Silence | Item::Control(Control::BlackHole)) => {
                    self.items.push_front(Item::Silence);
                    return Poll::Pending;
                }
                Some(Item::Reset(_) | Item::Control(_)) => {
                    self.tap.ended(ResponseEnd::Lost);
                    return Poll::Ready(Some(Err(as_asked())));
                }
                Some(Item::End) | None => {
                    self.tap.ended(ResponseEnd::Clean);
                    return Poll::Ready(None);
                }
            }
        }
    }
}

fn as_asked() -> io::Error {
    io::Error::other("the connection is closed, as asked for")
}
