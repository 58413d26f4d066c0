//! One HTTP/2 connection: accepts calls, answers each on a task of its own, ends them all when it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::Request;
use http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bidi;
use crate::call::{Answer, Call};
use crate::fault::{Control, FaultKind};
use crate::flow::{Outflow, Outlet};
use crate::gate::{Gate, goaway};
use crate::operation::Operation;
use crate::script;
use crate::server::{ConnectionError, State};
use crate::service_error::ServiceError;
use crate::tap::{ResponseEnd, Tap, Traffic};
use crate::upload::Upload;
use crate::verify::Body;

/// The longest header list of a request, in bytes as HTTP/2 counts them.
const MAX_HEADER_LIST: u32 = 64 * 1024;
/// The highest stream id there is.
const MAX_STREAM_ID: u32 = (1 << 31) - 1;
/// The DATA frames of an answer that no call stands behind.
const WHOLE_FRAMES: usize = 16_384;
/// How long a request's body may take.
const UPLOAD: Duration = Duration::from_mins(1);

pub(crate) async fn serve<T>(
    state: &Arc<State>,
    io: T,
    tls: bool,
    handshake: Duration,
    mut closing: watch::Receiver<bool>,
) -> Result<(), ConnectionError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: h2::Error| ConnectionError::Http2(error.to_string());
    let settings = &state.http2;
    let (io, slips) = Gate::new(io);
    let handshaken = h2::server::Builder::new()
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .max_header_list_size(MAX_HEADER_LIST)
        .handshake(io);
    let mut connection = tokio::time::timeout(handshake, handshaken)
        .await
        .map_err(|_| ConnectionError::HandshakeTimeout)?
        .map_err(failed)?;
    let (control, mut controls) = unbounded_channel();
    let mut calls = JoinSet::new();
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            () = told_to_close(&mut closing), if !told => {
                told = true;
                connection.graceful_shutdown();
            }
            Some(control) = controls.recv() => match control {
                // Dropped without close_notify, as a broken network does it.
                Control::Cut => return Ok(()),
                // The connection stands, but nobody attends to it.
                Control::BlackHole => std::future::pending().await,
                Control::GoAway { covers_all } => {
                    let last = if covers_all { MAX_STREAM_ID } else { 0 };
                    // The gate lives as long as the connection.
                    let _ = slips.send(goaway(last));
                }
            },
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    calls.spawn(answer(state.clone(), tls, request, respond, control.clone()));
                }
                Some(Err(error)) => return Err(failed(error)),
                None => return Ok(()),
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

/// Waits until the server is told to stop.
pub(crate) async fn told_to_close(closing: &mut watch::Receiver<bool>) {
    // A server that is gone without a word drops its connections itself.
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn answer(
    state: Arc<State>,
    tls: bool,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    controls: UnboundedSender<Control>,
) {
    let (parts, mut body) = request.into_parts();
    let mut outlet = Outlet {
        respond,
        controls,
        tap: state.tap(&parts),
    };
    let mut call = match Call::route(&state, &parts) {
        Ok(call) => call,
        Err(unknown) => return send(WHOLE_FRAMES, *unknown, outlet).await,
    };
    if call.plan.has(FaultKind::ResetBeforeHead) {
        return outlet.reset(Reason::INTERNAL_ERROR);
    }
    if call.plan.has(FaultKind::ResetRefused) {
        return outlet.reset(Reason::REFUSED_STREAM);
    }
    if call.operation == Operation::InvokeModelWithBidirectionalStream {
        return open_duplex(call, tls, &parts, body, outlet).await;
    }
    let answer = match call.asked_error() {
        Some(error) => error,
        None => match collect(&state, &mut body, &outlet.tap).await {
            Ok(body) => call.answer(&parts, tls, &body, &outlet.tap),
            Err(Some(error)) => call.refused_by_service(&error),
            Err(None) => return outlet.tap.ended(ResponseEnd::Dropped),
        },
    };
    if call.plan.has(FaultKind::HeadNever) {
        return wait_for_reset(&mut outlet.respond).await;
    }
    send(call.frame_size(), answer, outlet).await;
}

async fn open_duplex(call: Call, tls: bool, parts: &Parts, body: RecvStream, outlet: Outlet) {
    // The service cancels such a call at once (seen by smithy-rs's canary).
    if parts
        .headers
        .get("content-length")
        .is_some_and(|length| length == "0")
    {
        return outlet.reset(Reason::CANCEL);
    }
    let frame_size = call.frame_size();
    if let Some(error) = call.asked_error() {
        return send(frame_size, error, outlet).await;
    }
    let authenticated = match call.authenticate(parts, tls, Body::Events) {
        Ok(authenticated) => authenticated,
        Err(refusal) => return send(frame_size, call.refused(refusal), outlet).await,
    };
    match call.scripted(&outlet.tap) {
        Some(Ok(scripted)) => script::play(call, scripted, authenticated, body, outlet).await,
        Some(Err(error)) => send(frame_size, call.refused_by_service(&error), outlet).await,
        None if call.model_id.contains("sonic") => {
            bidi::converse(call, authenticated, body, outlet).await;
        }
        None => {
            let error = ServiceError::validation("The provided model identifier is invalid.");
            send(frame_size, call.refused_by_service(&error), outlet).await;
        }
    }
}

/// Sends a whole answer. What the client still uploads is stopped by `RST_STREAM(NO_ERROR)`, which h2 sends of itself
/// when a finished answer's request is dropped unread.
async fn send(frame_size: usize, (head, items): Answer, outlet: Outlet) {
    let mut out = Outflow::new(outlet, frame_size);
    out.input_ended();
    out.push(items);
    if out.start(head).is_ok() {
        // A client that goes away has nothing more to be told.
        let _ = out.drained().await;
    }
}

/// Takes a whole request body. An error to answer with, or none where the client went away.
async fn collect(
    state: &State,
    body: &mut RecvStream,
    tap: &Tap,
) -> Result<Bytes, Option<ServiceError>> {
    let collected = async {
        let mut upload = Upload::new(&state.upload_room);
        while let Some(bytes) = body.data().await {
            let bytes = bytes.map_err(|_| None)?;
            // Only a stream that is gone refuses, and then `data` says so next.
            let _ = body.flow_control().release_capacity(bytes.len());
            tap.tell(Traffic::RequestBytes(&bytes));
            upload.add(&bytes)?;
        }
        tap.tell(Traffic::RequestEnd);
        Ok(upload.finish())
    };
    let timed_out = || ServiceError::validation("The request body took too long.");
    tokio::time::timeout(UPLOAD, collected)
        .await
        .map_err(|_| timed_out())?
}

async fn wait_for_reset(respond: &mut SendResponse<Bytes>) {
    // Either way the call is over.
    let _ = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
}
