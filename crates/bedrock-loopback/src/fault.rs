//! The fault menu: what goes wrong in the field, by name, at a place.

mod plan;

use std::fmt;
use std::str::FromStr;

pub(crate) use plan::{Control, Item, Plan, injected};

/// What the number behind a fault's `@` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPlace {
    /// The fault has no place.
    Nowhere,
    /// Frames of the answer, from 1.
    Frame,
    /// Events of the client, from 1.
    Event,
    /// Seconds since the call was opened.
    Second,
    /// An HTTP status.
    Status,
}

/// One thing that goes wrong: `name`, `name@place` or `name@place*times`, such as `cut-mid-frame@3` or `reset-refused*1`.
///
/// Without `*times` it happens on every call (of a proxy's: on every CONNECT), with it on the first so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fault {
    kind: FaultKind,
    at: u64,
    times: Option<u64>,
}

impl Fault {
    /// A fault at its usual place, on every call.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            at: kind.entry().usual,
            times: None,
        }
    }

    /// The same fault at another place.
    #[must_use]
    pub const fn at(mut self, place: u64) -> Self {
        self.at = place;
        self
    }

    /// The same fault on the first `calls` calls only.
    #[must_use]
    pub const fn times(mut self, calls: u64) -> Self {
        self.times = Some(calls);
        self
    }

    /// Which fault.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        self.kind
    }

    /// Where it happens, in the unit of [`FaultKind::place`].
    #[must_use]
    pub const fn place(self) -> u64 {
        self.at
    }

    /// On how many calls; `None` for all.
    #[must_use]
    pub const fn calls(self) -> Option<u64> {
        self.times
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let bad = |why| FaultError {
            text: text.chars().take(80).collect(),
            why,
        };
        let number = |digits: &str| digits.parse().map_err(|_| bad("not a number"));
        let (rest, times) = match text.split_once('*') {
            Some((rest, times)) => (rest, Some(number(times)?)),
            None => (text, None),
        };
        let (name, at) = match rest.split_once('@') {
            Some((name, at)) => (name, Some(number(at)?)),
            None => (rest, None),
        };
        let kind = FaultKind::all().find(|kind| kind.name() == name);
        let kind =
            kind.ok_or_else(|| bad("no fault of this name, see `bedrock serve --list-faults`"))?;
        if at.is_some() && kind.place() == FaultPlace::Nowhere {
            return Err(bad("this fault has no place"));
        }
        Ok(Self {
            kind,
            at: at.unwrap_or(kind.entry().usual),
            times,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.kind.place() != FaultPlace::Nowhere {
            write!(f, "@{}", self.at)?;
        }
        self.times.map_or(Ok(()), |times| write!(f, "*{times}"))
    }
}

/// A fault that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError {
    text: String,
    why: &'static str,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "fault {:?}: {}; write name, name@place or name@place*times",
            self.text, self.why
        )
    }
}

impl std::error::Error for FaultError {}

struct Entry {
    kind: FaultKind,
    name: &'static str,
    place: FaultPlace,
    usual: u64,
    about: &'static str,
}

macro_rules! menu {
    ($($kind:ident $name:literal $place:ident $usual:literal $about:literal;)+) => {
        /// The faults of the menu.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FaultKind {
            $(#[doc = concat!("`", $name, "`: ", $about)] $kind,)+
        }

        const MENU: &[Entry] = &[$(Entry {
            kind: FaultKind::$kind,
            name: $name,
            place: FaultPlace::$place,
            usual: $usual,
            about: $about,
        },)+];
    };
}

menu! {
    HeadNever "head-never" Nowhere 0 "the response head never comes";
    HeadAfter "head-after" Event 3 "the response head comes after this many events";
    HttpError "http-error" Status 503 "an error answer of this status at once, its body in pieces, while the upload is open";
    HttpHtml "http-html" Status 502 "an answer of this status with an HTML body and no error type";
    ResetBeforeHead "reset-before-head" Nowhere 0 "RST_STREAM(INTERNAL_ERROR) in place of the response head";
    ResetRefused "reset-refused" Nowhere 0 "RST_STREAM(REFUSED_STREAM) in place of the response head";
    ResetNoError "reset-no-error" Frame 1 "RST_STREAM(NO_ERROR) after this frame, without END_STREAM";
    ResetCancel "reset-cancel" Frame 1 "RST_STREAM(CANCEL) after this frame";
    ResetInternal "reset-internal" Frame 1 "RST_STREAM(INTERNAL_ERROR) after this frame";
    GoAwayAbove "goaway-above" Frame 1 "GOAWAY that covers the call after this frame; the call goes on";
    GoAwayBelow "goaway-below" Frame 1 "GOAWAY that does not cover the call after this frame; nothing follows";
    GoAwaySilence "goaway-silence" Frame 1 "GOAWAY that covers the call after this frame; nothing follows";
    WindowNever "window-never" Nowhere 0 "flow-control windows are never opened again";
    WindowLate "window-late" Nowhere 0 "flow-control windows are opened again only once they are used up";
    WindowZero "window-zero" Nowhere 0 "calls start with a flow-control window of 0, which is never opened";
    AlpnHttp1 "alpn-http1" Nowhere 0 "TLS offers HTTP/1.1 only";
    AlpnNone "alpn-none" Nowhere 0 "TLS negotiates no protocol";
    ConnectRefused "connect-refused" Status 407 "as a proxy: CONNECT is answered with this status";
    ConnectSilent "connect-silent" Nowhere 0 "as a proxy: CONNECT is never answered";
    ConnectDropped "connect-dropped" Nowhere 0 "as a proxy: the connection is closed in place of an answer to CONNECT";
    ConnectCut "connect-cut" Nowhere 0 "as a proxy: the tunnel is closed as soon as it stands";
    ConnectNoHttp2 "connect-no-h2" Nowhere 0 "as a proxy: TLS is intercepted with the known authority, and offers HTTP/1.1 only";
    ConnectUntrusted "connect-untrusted" Nowhere 0 "as a proxy: TLS is intercepted with an authority that nobody trusts";
    Cut "cut" Frame 1 "the connection is closed after this frame, without close_notify";
    CutMidFrame "cut-mid-frame" Frame 1 "the connection is closed in the middle of this frame";
    CutAfterEnd "cut-after-end" Nowhere 0 "the connection is closed without close_notify after END_STREAM";
    EndEarly "end-early" Frame 1 "END_STREAM after this frame";
    EndMidFrame "end-mid-frame" Frame 1 "END_STREAM in the middle of this frame";
    BlackHole "black-hole" Frame 1 "after this frame nothing is read, sent or acknowledged, PING neither";
    Silence "silence" Frame 1 "after this frame the call is silent, the connection alive";
    Gap31 "gap-31s" Frame 2 "31 seconds before this frame";
    Gap61 "gap-61s" Frame 2 "61 seconds before this frame";
    Gap126 "gap-126s" Frame 2 "126 seconds before this frame";
    FlipLength "flip-length" Frame 1 "a bit of this frame's total length is flipped";
    FlipPreludeCrc "flip-prelude-crc" Frame 1 "a bit of this frame's prelude CRC is flipped";
    FlipPayload "flip-payload" Frame 1 "a bit of this frame's payload is flipped";
    FlipMessageCrc "flip-message-crc" Frame 1 "a bit of this frame's message CRC is flipped";
    FlipAny "flip-any" Frame 1 "a bit anywhere in this frame is flipped, by the seed";
    ExceptionValidation "exception-validation" Frame 2 "validationException in place of this frame";
    ExceptionThrottling "exception-throttling" Frame 2 "throttlingException in place of this frame";
    ExceptionInternal "exception-internal" Frame 2 "internalServerException in place of this frame";
    ExceptionUnavailable "exception-unavailable" Frame 2 "serviceUnavailableException in place of this frame";
    ExceptionModelStream "exception-model-stream" Frame 2 "modelStreamErrorException in place of this frame";
    ExceptionModelTimeout "exception-model-timeout" Frame 2 "modelTimeoutException in place of this frame";
    ExceptionUnknown "exception-unknown" Frame 2 "an exception of a type that no model names";
    ErrorFrame "error-frame" Frame 2 "a frame of message type error in place of this frame";
    UnknownEvent "unknown-event" Frame 2 "an event of an unknown type before this frame";
    UnknownMessageType "unknown-message-type" Frame 2 "a frame of an unknown message type before this frame";
    InitialResponse "initial-response" Nowhere 0 "an initial-response event before everything else";
    ExceptionAfterStop "exception-after-stop" Nowhere 0 "ConverseStream: an exception after messageStop";
    NoMessageStop "no-message-stop" Nowhere 0 "ConverseStream: END_STREAM in place of messageStop";
    NoMetadata "no-metadata" Nowhere 0 "ConverseStream: no metadata";
    MetadataTwice "metadata-twice" Nowhere 0 "ConverseStream: metadata twice";
    Reasoning "reasoning" Nowhere 0 "reasoning before the text, with a signature where the format has one";
    RedactedReasoning "redacted-reasoning" Nowhere 0 "Converse: redacted reasoning before the text";
    ZeroArgTool "zero-arg-tool" Nowhere 0 "a call of a tool without arguments after the text, where the format has calls";
    ModelTimeout "model-timeout" Second 480 "Nova Sonic: ModelTimeoutException after this many seconds";
    Instability "instability" Second 1 "Nova Sonic: \"System instability detected\" after this many seconds";
    InterruptAudio "interrupt-audio" Frame 2 "Nova Sonic: the reply is interrupted after this many pieces of audio";
    EmptyTranscript "empty-transcript" Nowhere 0 "Nova Sonic: the user's transcript is empty";
    ToolSpeechTool "tool-speech-tool" Nowhere 0 "Nova Sonic: a turn is answered by a tool call, then speech, then another tool call";
    ToolFirst "tool-first" Nowhere 0 "Nova Sonic: a spoken turn is answered by a tool call, and said back once its result has come";
    Deaf "deaf" Nowhere 0 "Nova Sonic: no answer, although audio flows";
    OneByteChunks "one-byte-chunks" Nowhere 0 "DATA frames of one byte";
    OneChunk "one-chunk" Nowhere 0 "all frames in one piece, at the end";
    AnswerAfterEnd "answer-after-end" Nowhere 0 "no frame before the client's END_STREAM";
    ExpiredCredentials "expired-credentials" Nowhere 0 "the credentials have expired";
    ExpireAt "expire" Event 3 "the credentials expire at this event";
    ClockAhead "clock-ahead" Nowhere 0 "the server's clock is ten minutes ahead";
    ClockBehind "clock-behind" Nowhere 0 "the server's clock is ten minutes behind";
}

impl FaultKind {
    /// The whole menu, in its order.
    pub fn all() -> impl Iterator<Item = Self> {
        MENU.iter().map(|entry| entry.kind)
    }

    /// The name that a [`Fault`] is read from.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What happens, in one line.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// What the number behind `@` counts.
    #[must_use]
    pub fn place(self) -> FaultPlace {
        self.entry().place
    }

    /// Whether it happens to a CONNECT, not to a call.
    pub(crate) const fn is_of_proxy(self) -> bool {
        matches!(
            self,
            Self::ConnectRefused
                | Self::ConnectSilent
                | Self::ConnectDropped
                | Self::ConnectCut
                | Self::ConnectNoHttp2
                | Self::ConnectUntrusted
        )
    }

    fn entry(self) -> &'static Entry {
        // The menu holds every kind: one macro writes both.
        MENU.iter()
            .find(|entry| entry.kind == self)
            .unwrap_or(&NONE)
    }
}

const NONE: Entry = Entry {
    kind: FaultKind::Deaf,
    name: "",
    place: FaultPlace::Nowhere,
    usual: 0,
    about: "",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back() {
        for kind in FaultKind::all() {
            let fault = Fault::new(kind).times(2);
            assert_eq!(fault.to_string().parse(), Ok(fault));
            assert_eq!(kind.name().parse(), Ok(Fault::new(kind)));
            assert!(!kind.about().is_empty());
        }
        let names: std::collections::BTreeSet<_> = FaultKind::all().map(FaultKind::name).collect();
        assert_eq!(names.len(), MENU.len());
    }

    #[test]
    fn places_and_times() {
        let fault: Fault = "cut-mid-frame@3*1".parse().unwrap();
        assert_eq!(fault, Fault::new(FaultKind::CutMidFrame).at(3).times(1));
        for bad in ["", "nothing", "cut@", "cut@x", "deaf@3", "cut*", "cut@1@2"] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }
}
