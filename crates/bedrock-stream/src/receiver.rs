//! The receiving half: chunks become frames, frames become typed events, the end becomes a verdict.

use std::collections::VecDeque;
use std::time::UNIX_EPOCH;

use bedrock_wire::{AdviceTable, Outcome, ServiceError};
use bytes::BytesMut;
use eventstream_codec::{Decoder, Frame, Inbound, Message, Timestamp, TransportEnd};
use h2_duplex::ReceiveHalf;
use http::HeaderMap;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::link::Link;

/// Bytes of an error body that are read; what is longer is cut.
const MAX_ERROR_BODY: usize = 1024 * 1024;

static OF_REQUESTS: AdviceTable = AdviceTable::REQUESTS;
static OF_SESSIONS: AdviceTable = nova_sonic::SONIC_ADVICE;

/// Receives the events of one call.
pub(crate) struct FrameReceiver<H, I: Inbound> {
    half: H,
    decoder: Decoder,
    inbound: I,
    events: VecDeque<I::Event>,
    /// The first frame, where somebody waited for it before its events were asked for.
    first: Option<Message>,
    clock: Clock,
    /// The clock's offset when the call was opened, in milliseconds.
    opened_by: i64,
    link: Link,
    /// What to do about an answer other than 200.
    advice: &'static AdviceTable,
    /// Whether the response head has come and was 200.
    accepted: bool,
    request_id: Option<String>,
    error_body: BytesMut,
    /// Boxed, since a session lives long without it.
    ended: Option<Box<Ended<I::Outcome>>>,
}

/// What is left when the call is over.
struct Ended<O> {
    outcome: O,
    /// Why, unless the end was clean.
    error: Option<Error>,
    /// Whether `next` has given the error.
    reported: bool,
}

impl<H, I, R, E> FrameReceiver<H, I>
where
    H: ReceiveHalf,
    R: Clone + 'static,
    I: Inbound<Error = E, Outcome = Outcome<R, E>>,
    E: Into<Error> + std::error::Error + Clone + Send + Sync + 'static,
{
    pub(crate) fn new(half: H, inbound: I, clock: Clock, link: Link) -> Self {
        Self {
            half,
            decoder: Decoder::new(),
            inbound,
            events: VecDeque::new(),
            first: None,
            opened_by: clock.offset_millis(),
            clock,
            link,
            advice: &OF_REQUESTS,
            accepted: false,
            request_id: None,
            error_body: BytesMut::new(),
            ended: None,
        }
    }

    /// The service's id for this call, once the response head is there.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The headers of the response, once it is [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn headers(&mut self) -> Result<HeaderMap, Error> {
        let head = self.half.head().await.map_err(Error::transport)?;
        Ok(head.headers.clone())
    }

    /// Waits for the response head; an answer other than 200 is read whole and becomes the call's error.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn ready(&mut self) -> Result<(), Error> {
        if let Some(error) = self.ended.as_ref().and_then(|ended| ended.error.as_ref()) {
            return Err(error.clone());
        }
        if !self.accepted {
            if let Err(error) = self.accept().await {
                self.end(TransportEnd::Cut, Some(error.clone()));
                return Err(error);
            }
            self.accepted = true;
            self.link.accept();
        }
        Ok(())
    }

    /// The error that the call was refused with; never ready where it is accepted.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn refused(&mut self) -> Error {
        match self.ready().await {
            Err(error) => error,
            Ok(()) => std::future::pending().await,
        }
    }

    /// Waits until the service has said something other than an error; no event is given out for it.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn begun(&mut self) -> Result<(), Error> {
        self.ready().await?;
        while self.first.is_none() && self.ended.is_none() {
            match self.decoder.next_message() {
                Ok(Some(message)) if ServiceError::from_frame(&message.frame()).is_none() => {
                    self.first = Some(message);
                }
                Ok(Some(message)) => self.take(message.frame()),
                Ok(None) => self.receive().await,
                Err(error) => self.fail(Error::decode(error)),
            }
        }
        self.error().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The next event; `None` when the call is over. What arrived before a failure comes before it; after `None`, and
    /// after an error, always `None`.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<I::Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(ended) = &mut self.ended {
                return ended.report();
            }
            // A failure is kept in `ended`, behind the events that came before it.
            if self.ready().await.is_ok() {
                self.advance().await;
            }
        }
    }

    /// The next frame as it came; `None` when the call is over. Its events count for the verdict and are not given out.
    ///
    /// # Cancel safety
    /// Cancel safe: no frame is lost.
    pub(crate) async fn next_frame(&mut self) -> Result<Option<Message>, Error> {
        loop {
            if let Some(ended) = &mut self.ended {
                return ended.report();
            }
            if self.ready().await.is_err() {
                continue;
            }
            let message = match self.first.take() {
                Some(first) => Ok(Some(first)),
                None => self.decoder.next_message(),
            };
            match message {
                Ok(Some(message)) => {
                    if let Err(error) = self.inbound.read(message.frame(), &mut drop) {
                        self.fail(error.into());
                    }
                    return Ok(Some(message));
                }
                Ok(None) => self.receive().await,
                Err(error) => self.fail(Error::decode(error)),
            }
        }
    }

    /// What makes events of frames.
    pub(crate) fn inbound(&self) -> &I {
        &self.inbound
    }

    /// Changes what makes events of frames, before the first of them.
    pub(crate) fn set_inbound(&mut self, inbound: I) {
        self.inbound = inbound;
    }

    /// An event that is at hand.
    pub(crate) fn pop(&mut self) -> Option<I::Event> {
        self.events.pop_front()
    }

    /// What had arrived when the call ended; `None` while it has not.
    pub(crate) fn received(&self) -> Option<&R> {
        self.ended.as_ref().map(|ended| ended.outcome.received())
    }

    /// For a session: what helps against an answer other than 200 differs from what helps a request.
    pub(crate) fn of_session(mut self) -> Self {
        self.advice = &OF_SESSIONS;
        self
    }

    /// How the call ended; `None` while it has not. What ended it below its events is a failure too.
    pub(crate) fn outcome(&self) -> Option<Outcome<R, Error>> {
        let verdict = self.ended.as_ref()?.outcome.clone().map_err(Into::into);
        Some(match (self.error(), verdict) {
            (Some(error), verdict) if !matches!(error.kind(), ErrorKind::Incomplete(_)) => {
                Outcome::Failed {
                    error: error.clone(),
                    received: verdict.into_received(),
                }
            }
            (_, verdict) => verdict,
        })
    }

    /// Why the call ended, unless it ended well.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.ended.as_ref().and_then(|ended| ended.error.as_ref())
    }

    /// Waits for the head and judges it.
    async fn accept(&mut self) -> Result<(), Error> {
        let head = self.half.head().await.map_err(Error::transport)?;
        let status = head.status;
        let headers = head.headers.clone();
        self.request_id = text(&headers, "x-amzn-requestid");
        if let Some(date) = text(&headers, "date").and_then(|date| http_date(&date)) {
            self.clock.learn(date);
        }
        if status == http::StatusCode::OK {
            return Ok(());
        }
        // The status has said that it failed: a body that is cut, or does not end, changes nothing.
        while let (true, Ok(Some(chunk))) = (
            self.error_body.len() < MAX_ERROR_BODY,
            self.half.next().await,
        ) {
            let room = MAX_ERROR_BODY - self.error_body.len();
            self.error_body
                .extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let error = ServiceError::from_http(status.as_u16(), header, &self.error_body);
        let error = Error::from(error.advised_by(self.advice));
        let offset = self.clock.offset_millis();
        // A refused signature and a clock that the refusal set right belong together.
        if status == http::StatusCode::FORBIDDEN && offset != self.opened_by {
            return Err(error.with_clock_offset(offset));
        }
        Err(error)
    }

    /// Reads one frame, or one chunk, or the end.
    async fn advance(&mut self) {
        if let Some(first) = self.first.take() {
            return self.take(first.frame());
        }
        match self.decoder.next_frame() {
            Ok(Some(frame)) => {
                let events = &mut self.events;
                if let Err(error) = self
                    .inbound
                    .read(frame, &mut |event| events.push_back(event))
                {
                    self.fail(error.into());
                }
            }
            Ok(None) => self.receive().await,
            Err(error) => self.fail(Error::decode(error)),
        }
    }

    fn take(&mut self, frame: Frame<'_>) {
        let events = &mut self.events;
        let read = self
            .inbound
            .read(frame, &mut |event| events.push_back(event));
        if let Err(error) = read {
            self.fail(error.into());
        }
    }

    async fn receive(&mut self) {
        match self.half.next().await {
            Ok(Some(chunk)) => self.decoder.feed(chunk),
            Ok(None) => match self.decoder.finish() {
                Ok(()) => self.end(TransportEnd::Clean, None),
                Err(error) => self.fail(Error::decode(error)),
            },
            Err(error) => self.fail(Error::transport(error)),
        }
    }

    fn fail(&mut self, error: Error) {
        let error = error.with_request_id(self.request_id.as_deref());
        self.end(TransportEnd::Cut, Some(error));
    }

    fn end(&mut self, end: TransportEnd, error: Option<Error>) {
        let events = &mut self.events;
        let outcome = self
            .inbound
            .finish(end, &mut |event| events.push_back(event));
        // A clean end of the transport is not yet the end of a session.
        let error = error.or_else(|| match &outcome {
            Outcome::Incomplete { missing, .. } => {
                let id = self.request_id.as_deref();
                Some(Error::new(ErrorKind::Incomplete(*missing)).with_request_id(id))
            }
            _ => None,
        });
        self.link.end(error.clone().unwrap_or_else(Error::ended));
        self.ended = Some(Box::new(Ended {
            outcome,
            error,
            reported: false,
        }));
    }
}

impl<O> Ended<O> {
    /// The error once, then nothing.
    fn report<T>(&mut self) -> Result<Option<T>, Error> {
        match &self.error {
            Some(error) if !self.reported => {
                self.reported = true;
                Err(error.clone())
            }
            _ => Ok(None),
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn http_date(date: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(date)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_millis())
        .ok()
        .map(Timestamp::from_millis)
}
