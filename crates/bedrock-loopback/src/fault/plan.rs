//! Faults applied to one call's frames.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::Reason;

use super::{Fault, FaultKind};
use crate::answer;
use crate::frame::parse_whole;
use crate::ids::Ids;
use crate::service_error::{ErrorKind, ServiceError};

/// One step of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Bytes(Bytes),
    Wait(Duration),
    UntilInputEnd,
    Silence,
    Reset(Reason),
    Control(Control),
    End,
}

/// What a call does to its whole connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    Cut,
    BlackHole,
    /// GOAWAY with the highest id there is, or with 0.
    GoAway {
        covers_all: bool,
    },
}

/// The faults of one call, and how far it has come.
#[derive(Debug)]
pub(crate) struct Plan {
    faults: Vec<Fault>,
    ids: Ids,
    frames: u64,
    merged: BytesMut,
    ended: bool,
}

impl Plan {
    pub(crate) fn new(faults: Vec<Fault>, ids: Ids) -> Self {
        Self {
            faults,
            ids,
            frames: 0,
            merged: BytesMut::new(),
            ended: false,
        }
    }

    /// The place of a fault; `None` where the call does not have it.
    pub(crate) fn place_of(&self, kind: FaultKind) -> Option<u64> {
        let fault = self.faults.iter().find(|fault| fault.kind() == kind);
        fault.map(|fault| fault.place())
    }

    pub(crate) fn has(&self, kind: FaultKind) -> bool {
        self.place_of(kind).is_some()
    }

    /// What one event-stream frame becomes.
    pub(crate) fn frame(&mut self, frame: Bytes) -> Vec<Item> {
        if self.ended {
            return Vec::new();
        }
        self.frames += 1;
        let mut items = Vec::new();
        if self.frames == 1 {
            self.before_all(&mut items);
        }
        let mut frames = self.converse_faults(frame);
        for fault in self.faults.clone() {
            if fault.place() == self.frames && !self.ended {
                self.at_place(fault.kind(), &mut frames, &mut items);
            }
        }
        if self.has(FaultKind::OneChunk) {
            for frame in frames {
                self.merged.extend_from_slice(&frame);
            }
            return items;
        }
        // A cut frame stands before what follows it, all others before their fault.
        let after = items.iter().position(is_after).unwrap_or(items.len());
        let late = items.split_off(after);
        items.extend(frames.into_iter().map(Item::Bytes));
        items.extend(late);
        if self.ended {
            items.push(Item::End);
        }
        items
    }

    /// What a body that is no event stream becomes: faults of the connection act on it too.
    pub(crate) fn body(&mut self, body: Bytes) -> Vec<Item> {
        self.frames += 1;
        let mut items = Vec::new();
        for fault in self.faults.clone() {
            if fault.place() == self.frames && acts_on_any_body(fault.kind()) {
                self.at_place(fault.kind(), &mut vec![body.clone()], &mut items);
            }
        }
        let after = items.iter().position(is_after).unwrap_or(items.len());
        items.insert(after, Item::Bytes(body));
        items
    }

    /// What comes at the answer's end.
    pub(crate) fn end(&mut self) -> Vec<Item> {
        if self.ended {
            return Vec::new();
        }
        self.ended = true;
        let mut items = Vec::new();
        if !self.merged.is_empty() {
            items.push(Item::Bytes(self.merged.split().freeze()));
        }
        items.push(Item::End);
        if self.has(FaultKind::CutAfterEnd) {
            items.push(Item::Control(Control::Cut));
        }
        items
    }

    fn before_all(&self, items: &mut Vec<Item>) {
        if self.has(FaultKind::AnswerAfterEnd) {
            items.push(Item::UntilInputEnd);
        }
        if self.has(FaultKind::InitialResponse) {
            items.push(Item::Bytes(answer::event_frame("initial-response", b"{}")));
        }
    }

    /// Faults that know a stream's events by their type.
    fn converse_faults(&mut self, frame: Bytes) -> Vec<Bytes> {
        let watched = [
            FaultKind::ExceptionAfterStop,
            FaultKind::NoMessageStop,
            FaultKind::NoMetadata,
            FaultKind::MetadataTwice,
        ];
        if !watched.iter().any(|kind| self.has(*kind)) {
            return vec![frame];
        }
        let parsed = parse_whole(&frame);
        let event_type = parsed
            .as_ref()
            .ok()
            .and_then(|frame| frame.text(":event-type"));
        match event_type {
            Some("messageStop") if self.has(FaultKind::NoMessageStop) => {
                self.ended = true;
                Vec::new()
            }
            Some("messageStop") if self.has(FaultKind::ExceptionAfterStop) => {
                self.ended = true;
                vec![frame, exception(ErrorKind::InternalServer)]
            }
            Some("metadata") if self.has(FaultKind::NoMetadata) => Vec::new(),
            Some("metadata") if self.has(FaultKind::MetadataTwice) => vec![frame.clone(), frame],
            _ => vec![frame],
        }
    }

    /// A fault at this very frame.
    fn at_place(&mut self, kind: FaultKind, frames: &mut Vec<Bytes>, items: &mut Vec<Item>) {
        let (only, before) = match kind {
            FaultKind::ExceptionValidation => (Some(exception(ErrorKind::Validation)), None),
            FaultKind::ExceptionThrottling => (Some(exception(ErrorKind::Throttling)), None),
            FaultKind::ExceptionInternal => (Some(exception(ErrorKind::InternalServer)), None),
            FaultKind::ExceptionUnavailable => {
                (Some(exception(ErrorKind::ServiceUnavailable)), None)
            }
            FaultKind::ExceptionModelStream => (Some(exception(ErrorKind::ModelStreamError)), None),
            FaultKind::ExceptionModelTimeout => (Some(exception(ErrorKind::ModelTimeout)), None),
            FaultKind::ExceptionUnknown => (Some(unknown_exception()), None),
            FaultKind::ErrorFrame => (Some(error_frame()), None),
            FaultKind::UnknownEvent => (
                None,
                Some(answer::event_frame("somethingNew", b"{\"new\":true}")),
            ),
            FaultKind::UnknownMessageType => (None, Some(unknown_message_type())),
            _ => (None, None),
        };
        if let Some(only) = only {
            *frames = vec![only];
            self.ended = true;
        }
        if let Some(before) = before {
            frames.insert(0, before);
        }
        if let Some(frame) = frames.first_mut() {
            self.damage(kind, frame);
        }
        items.extend(around(kind));
        if matches!(kind, FaultKind::EndEarly | FaultKind::EndMidFrame) {
            self.ended = true;
        }
    }

    /// Flips a bit of a frame, or cuts it in half.
    fn damage(&mut self, kind: FaultKind, frame: &mut Bytes) {
        let len = frame.len();
        let random = usize::try_from(self.ids.next_u64() >> 1).unwrap_or(0);
        let in_range = |from: usize, to: usize| from * 8 + random % ((to - from).max(1) * 8);
        let bit = match kind {
            FaultKind::FlipLength => in_range(0, 4),
            FaultKind::FlipPreludeCrc => in_range(8, 12),
            FaultKind::FlipPayload => {
                let payload = parse_whole(frame).map_or(0, |frame| frame.payload.len());
                in_range((len - 4).saturating_sub(payload), len - 4)
            }
            FaultKind::FlipMessageCrc => in_range(len - 4, len),
            FaultKind::FlipAny => in_range(0, len),
            FaultKind::CutMidFrame | FaultKind::EndMidFrame => {
                frame.truncate(len / 2);
                return;
            }
            _ => return,
        };
        let mut bytes = BytesMut::from(&frame[..]);
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        *frame = bytes.freeze();
    }
}

/// What happens before or after a frame because of a fault.
fn around(kind: FaultKind) -> Vec<Item> {
    match kind {
        FaultKind::Gap31 => vec![Item::Wait(Duration::from_secs(31))],
        FaultKind::Gap61 => vec![Item::Wait(Duration::from_secs(61))],
        FaultKind::Gap126 => vec![Item::Wait(Duration::from_secs(126))],
        FaultKind::Cut | FaultKind::CutMidFrame => vec![Item::Control(Control::Cut)],
        FaultKind::BlackHole => vec![Item::Control(Control::BlackHole)],
        FaultKind::Silence => vec![Item::Silence],
        FaultKind::ResetNoError => vec![Item::Reset(Reason::NO_ERROR)],
        FaultKind::ResetCancel => vec![Item::Reset(Reason::CANCEL)],
        FaultKind::ResetInternal => vec![Item::Reset(Reason::INTERNAL_ERROR)],
        FaultKind::GoAwayAbove => vec![Item::Control(Control::GoAway { covers_all: true })],
        FaultKind::GoAwayBelow => {
            vec![
                Item::Control(Control::GoAway { covers_all: false }),
                Item::Silence,
            ]
        }
        FaultKind::GoAwaySilence => {
            vec![
                Item::Control(Control::GoAway { covers_all: true }),
                Item::Silence,
            ]
        }
        _ => Vec::new(),
    }
}

const fn is_after(item: &Item) -> bool {
    !matches!(item, Item::Wait(_) | Item::UntilInputEnd | Item::Bytes(_))
}

const fn acts_on_any_body(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Gap31
            | FaultKind::Gap61
            | FaultKind::Gap126
            | FaultKind::Cut
            | FaultKind::CutMidFrame
            | FaultKind::BlackHole
            | FaultKind::Silence
            | FaultKind::ResetNoError
            | FaultKind::ResetCancel
            | FaultKind::ResetInternal
            | FaultKind::GoAwayAbove
            | FaultKind::GoAwayBelow
            | FaultKind::GoAwaySilence
    )
}

fn exception(kind: ErrorKind) -> Bytes {
    answer::exception(&injected(kind))
}

/// The service's words for an error where they are known, and plain ones where not.
pub(crate) fn injected(kind: ErrorKind) -> ServiceError {
    let says = match kind {
        ErrorKind::Throttling => "Too many requests, please wait before trying again.",
        ErrorKind::ModelTimeout => {
            "Model has timed out in processing the request. Try your request again."
        }
        ErrorKind::ModelStreamError | ErrorKind::InternalServer => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
        ErrorKind::ServiceUnavailable => "Bedrock is unable to process your request.",
        _ => "This fault was asked for.",
    };
    ServiceError::new(kind, says)
}

fn unknown_exception() -> Bytes {
    let headers = [
        (":exception-type", "somethingNewException"),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    answer::frame(&headers, b"{\"message\":\"This fault was asked for.\"}")
}

fn error_frame() -> Bytes {
    let headers = [
        (":error-code", "InternalFailure"),
        (":error-message", "This fault was asked for."),
        (":message-type", "error"),
    ];
    answer::frame(&headers, b"")
}

fn unknown_message_type() -> Bytes {
    let headers = [(":event-type", "chunk"), (":message-type", "somethingNew")];
    answer::frame(&headers, b"{}")
}
