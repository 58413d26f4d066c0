//! One HTTP/2 connection: accepts calls, answers each on a task of its own, ends them all when it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer;
use crate::bidi;
use crate::notice::Notice;
use crate::operation::{Operation, route};
use crate::server::{ConnectionError, State};
use crate::verify::{Authenticated, Body, Head, Refusal, check_head};

/// The longest header list of a request, in bytes as HTTP/2 counts them.
const MAX_HEADER_LIST: u32 = 64 * 1024;

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
    let mut calls = JoinSet::new();
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing), if !told => {
                told = true;
                connection.graceful_shutdown();
            }
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    calls.spawn(answer_call(state.clone(), tls, request, respond));
                }
                Some(Err(error)) => return Err(failed(error)),
                None => return Ok(()),
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

async fn answer_call(
    state: Arc<State>,
    tls: bool,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let mut ids = state.ids_for_call();
    let request_id = ids.uuid();
    let Some((operation, model_id)) = route(parts.method.as_str(), target) else {
        return refuse(
            &state,
            &request_id,
            respond,
            404,
            "UnknownOperationException",
            "",
        );
    };
    if operation != Operation::InvokeModelWithBidirectionalStream {
        let says = "This loopback does not answer this operation yet.";
        return refuse(
            &state,
            &request_id,
            respond,
            404,
            "UnknownOperationException",
            says,
        );
    }
    // The service cancels such a call at once (seen by smithy-rs's canary).
    if parts
        .headers
        .get("content-length")
        .is_some_and(|length| length == "0")
    {
        return respond.send_reset(Reason::CANCEL);
    }
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok());
    let head = Head {
        method: parts.method.as_str(),
        target,
        authority: authority.or(host).unwrap_or_default(),
        tls,
        headers: &parts.headers,
    };
    let authenticated = match authenticate(&state, head) {
        Ok(authenticated) => authenticated,
        Err(refusal) => return refuse_signature(&state, &request_id, respond, &refusal),
    };
    let call = bidi::Call {
        state,
        request_id,
        model_id,
        authenticated,
        ids,
    };
    call.run(body, respond).await;
}

/// `None` where signatures are not checked.
fn authenticate(state: &State, head: Head<'_>) -> Result<Option<Authenticated>, Refusal> {
    if !state.verify {
        return Ok(None);
    }
    check_head(head, Body::Events, &state.policy, state.clock.now()).map(Some)
}

/// Answers a wrong signature with 403 and the part that differs.
fn refuse_signature(
    state: &State,
    request_id: &str,
    respond: SendResponse<Bytes>,
    refusal: &Refusal,
) {
    let (status, code, says) = (refusal.status(), refusal.code(), refusal.to_string());
    state.notice(&Notice::Refused {
        request_id: request_id.to_owned(),
        refusal: refusal.clone(),
    });
    refuse(state, request_id, respond, status, code, &says);
}

/// Answers with an error. What the client still uploads is stopped by `RST_STREAM(NO_ERROR)`, which h2 sends of itself
/// when a finished answer's request is dropped unread.
pub(crate) fn refuse(
    state: &State,
    request_id: &str,
    mut respond: SendResponse<Bytes>,
    status: u16,
    code: &str,
    message: &str,
) {
    let (head, body) = answer::error(status, code, message, request_id, &state.http_date());
    // A client that is gone has nothing to be told.
    if let Ok(mut stream) = respond.send_response(head, false) {
        let _ = stream.send_data(body, true);
    }
}
