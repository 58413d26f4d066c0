//! One `InvokeModelWithBidirectionalStream`: signed frames in, the session between, frames out.

use bytes::Bytes;
use h2::{Reason, RecvStream};
use tokio::time::Instant;

use crate::answer::{self, EVENT_STREAM};
use crate::builder::ResponseHead;
use crate::call::Call;
use crate::duplex_call::{Ended, MAX_FRAME, close, open_event};
use crate::fault::FaultKind;
use crate::flow::{Outflow, Outlet};
use crate::frame::{Frame, FrameReader};
use crate::notice::Notice;
use crate::server::Windows;
use crate::service_error::ServiceError;
use crate::sonic::{Quirks, Session};
use crate::tap::{Tap, Traffic};
use crate::verify::{Authenticated, Chain};

/// Answers that may wait for a client that does not read.
const MAX_QUEUED: usize = 8 << 20;

/// Holds a conversation on a call whose head has been accepted.
pub(crate) async fn converse(
    call: Call,
    authenticated: Option<Authenticated>,
    body: RecvStream,
    outlet: Outlet,
) {
    call.opened();
    let state = &call.state;
    let chain = Chain::of(authenticated, &state.policy);
    let (now, quirks) = (Instant::now(), Quirks::of(&call.plan));
    let session = Session::new(&call.model_id, &state.sonic, quirks, call.ids.clone(), now);
    let frame_size = call.frame_size();
    let conversation = Conversation {
        reader: FrameReader::new(MAX_FRAME),
        chain,
        session,
        tap: outlet.tap.clone(),
        out: Outflow::new(outlet, frame_size),
        response_head: response_head(&call),
        events: 0,
        unreleased: 0,
        input_ended: false,
        call,
    };
    conversation.run(body).await;
}

/// When this call's head is sent: as set for the server, unless a fault says otherwise.
fn response_head(call: &Call) -> ResponseHead {
    if call.plan.has(FaultKind::HeadNever) {
        return ResponseHead::Never;
    }
    let after = call.plan.place_of(FaultKind::HeadAfter);
    after.map_or(call.state.response_head, ResponseHead::AfterEvents)
}

/// A call in progress.
struct Conversation {
    call: Call,
    reader: FrameReader,
    chain: Option<Chain>,
    session: Session,
    out: Outflow,
    tap: Tap,
    response_head: ResponseHead,
    events: u64,
    unreleased: usize,
    input_ended: bool,
}

impl Conversation {
    async fn run(mut self, mut body: RecvStream) {
        let mut ended = self.converse(&mut body).await;
        if matches!(ended, Err(Ended::Service(_) | Ended::Signature(_))) {
            // What was said before goes out before the error.
            ended = self.pass_on().and(ended);
        }
        close(&mut self.call, &mut self.out, ended).await;
    }

    async fn converse(&mut self, body: &mut RecvStream) -> Result<(), Ended> {
        if self.response_head == ResponseHead::AtOnce {
            self.start()?;
        }
        loop {
            // Checked here as well, so that a client that never pauses does not hold the clock.
            let now = Instant::now();
            if !self.input_ended && now >= self.session.deadline() {
                self.session.on_timer(now)?;
                self.pass_on()?;
            }
            tokio::select! {
                biased;
                drained = self.out.drained() => return drained.map_err(Ended::Aborted),
                chunk = body.data(), if !self.input_ended => match chunk {
                    Some(Ok(bytes)) => {
                        self.release(body, bytes.len());
                        self.on_bytes(&bytes)?;
                    }
                    Some(Err(error)) => return Err(Ended::Aborted(error.to_string())),
                    None => self.on_end_stream()?,
                },
                () = tokio::time::sleep_until(self.session.deadline()), if !self.input_ended => {}
            }
        }
    }

    /// Opens the flow-control windows again, as the settings will have it.
    fn release(&mut self, body: &mut RecvStream, len: usize) {
        self.unreleased += len;
        let due = match self.call.state.http2.windows {
            Windows::Eager => true,
            Windows::Late => body.flow_control().available_capacity() <= 0,
            Windows::Never => false,
        };
        if due {
            // Only a stream that is gone refuses, and then `data` says so next.
            let _ = body
                .flow_control()
                .release_capacity(std::mem::take(&mut self.unreleased));
        }
    }

    fn on_bytes(&mut self, bytes: &Bytes) -> Result<(), Ended> {
        self.tap.tell(Traffic::RequestBytes(bytes));
        self.reader.feed(bytes);
        while let Some(frame) = self.reader.next_frame()? {
            let event = self.open_frame(&frame)?;
            self.events += 1;
            if let ResponseHead::AfterEvents(after) = self.response_head
                && self.events >= after
            {
                self.start()?;
            }
            if let Some(event) = event {
                self.session.on_event(Instant::now(), &event)?;
            }
            self.pass_on()?;
        }
        Ok(())
    }

    /// The event inside a frame; `None` for the signed end.
    fn open_frame(&mut self, frame: &Frame) -> Result<Option<Vec<u8>>, Ended> {
        if self.call.plan.place_of(FaultKind::ExpireAt) == Some(self.events + 1) {
            let says = "The security token included in the request is expired";
            return Err(ServiceError::validation(says).into());
        }
        open_event(&mut self.chain, frame, self.call.state.clock.now())
    }

    fn on_end_stream(&mut self) -> Result<(), Ended> {
        self.tap.tell(Traffic::RequestEnd);
        self.input_ended = true;
        self.out.input_ended();
        self.reader.finish()?;
        if let Some(chain) = &self.chain {
            chain.finish()?;
        }
        self.session.on_input_end()?;
        self.pass_on()?;
        if self.response_head != ResponseHead::Never {
            self.start()?;
        }
        self.out.push(self.call.plan.end());
        Ok(())
    }

    /// Sends the head, once.
    fn start(&mut self) -> Result<(), Ended> {
        let head = answer::head(
            200,
            EVENT_STREAM,
            &self.call.request_id,
            &self.call.state.http_date(),
        );
        self.out
            .start(head)
            .map_err(|error| Ended::Aborted(error.to_string()))
    }

    /// Hands the session's events to the answer and its warnings to the observer.
    fn pass_on(&mut self) -> Result<(), Ended> {
        for event in self.session.take_events() {
            self.out.push(self.call.plan.frame(answer::chunk(&event)));
        }
        for what in self.session.take_warnings() {
            let request_id = self.call.request_id.clone();
            self.call
                .state
                .notice(&Notice::Warning { request_id, what });
        }
        if self.out.queued() > MAX_QUEUED {
            self.out.reset(Reason::ENHANCE_YOUR_CALM);
            let how = format!("the client left {} bytes unread", self.out.queued());
            return Err(Ended::Aborted(how));
        }
        Ok(())
    }
}
