//! What duplex calls have in common, whoever answers them: their frames, and how one ends before its time.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::answer;
use crate::call::Call;
use crate::fault::Item;
use crate::flow::Outflow;
use crate::frame::{Frame, FrameError, parse_whole};
use crate::notice::Notice;
use crate::service_error::ServiceError;
use crate::verify::{Chain, Opened, Refusal};

/// The longest signed frame: an event of 1,000,000 bytes in base64, and what stands around it.
pub(crate) const MAX_FRAME: usize = 1_500_000;

/// Why a call ends before its time.
pub(crate) enum Ended {
    Aborted(String),
    Service(ServiceError),
    Signature(Refusal),
}

impl From<ServiceError> for Ended {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Signature(refusal)
    }
}

impl From<FrameError> for Ended {
    fn from(error: FrameError) -> Self {
        let says = format!("Unable to parse input chunk (loopback: {error})");
        Self::Service(ServiceError::validation(says))
    }
}

/// Tells how a call has ended: the client, where there is something to tell it, and whoever observes.
pub(crate) async fn close(call: &mut Call, out: &mut Outflow, ended: Result<(), Ended>) {
    let request_id = call.request_id.clone();
    let notice = match ended {
        Ok(()) => Notice::Completed { request_id },
        Err(Ended::Aborted(how)) => Notice::Aborted { request_id, how },
        Err(Ended::Service(error)) => {
            let (status, code) = (error.kind.status(), error.kind.name());
            say(call, out, status, code, &error).await;
            Notice::Failed { request_id, error }
        }
        Err(Ended::Signature(refusal)) => {
            // Which exception the service sends inside a stream is not known; this one every client can read.
            let error = ServiceError::validation(refusal.to_string());
            say(call, out, refusal.status(), refusal.code(), &error).await;
            Notice::Refused {
                request_id,
                refusal,
            }
        }
    };
    call.state.notice(&notice);
}

/// Ends the stream with an exception, or the request with an HTTP error where the head was not sent.
async fn say(call: &mut Call, out: &mut Outflow, status: u16, code: &str, error: &ServiceError) {
    if out.has_started() {
        out.push([Item::Bytes(answer::exception(error))]);
    } else {
        let date = call.state.http_date();
        let (head, body) = answer::error(status, code, &error.message, &call.request_id, &date);
        out.discard();
        out.push([Item::Bytes(body)]);
        if out.start(head).is_err() {
            return;
        }
    }
    out.push(call.plan.end());
    // A client that goes away now has been told what there was to tell.
    let _ = out.drained().await;
}

/// The event inside a frame, whose signature is checked where there is a chain; `None` for the signed end.
pub(crate) fn open_event(
    chain: &mut Option<Chain>,
    frame: &Frame,
    now: SystemTime,
) -> Result<Option<Vec<u8>>, Ended> {
    let event = match chain {
        Some(chain) => match chain.open(frame, now)? {
            Opened::Event(inner) => part_of(&parse_whole(&inner)?)?,
            Opened::End => return Ok(None),
        },
        None if !frame.is_signed() => part_of(frame)?,
        None if frame.payload.is_empty() => return Ok(None),
        None => part_of(&parse_whole(&frame.payload)?)?,
    };
    Ok(Some(event))
}

#[derive(Deserialize)]
struct PayloadPart {
    bytes: String,
}

/// The event inside an inner frame: `chunk`, whose payload is `{"bytes":"<base64>"}`.
pub(crate) fn part_of(inner: &Frame) -> Result<Vec<u8>, ServiceError> {
    let unexpected = || ServiceError::validation("Unable to parse input chunk");
    if inner.text(":message-type") != Some("event") || inner.text(":event-type") != Some("chunk") {
        return Err(unexpected());
    }
    let part: PayloadPart = serde_json::from_slice(&inner.payload).map_err(|_| unexpected())?;
    STANDARD.decode(part.bytes).map_err(|_| unexpected())
}
