//! The other end of the chain: checks the events of one stream.

use std::fmt;

use eventstream_codec::{Frame, HeaderValue, Timestamp};

use crate::credentials::Credentials;
use crate::daily::DailyKey;
use crate::diagnose::diagnose;
use crate::event::date_header;
use crate::explain::EventStringToSign;
use crate::fault::{EventFault, EventFaultKind};
use crate::hash::sha256;
use crate::scope::Scope;
use crate::signature::Signature;

/// Verifies the signed events of one stream, for servers, proxies and tests.
///
/// Signatures are compared in constant time. Where one does not match, the verifier tries what clients are known to get
/// wrong and names the part. It then stays failed: what comes after cannot be judged.
///
/// ```
/// use eventstream_codec::{Limits, Parsed, parse};
/// use eventstream_sigv4::{Credentials, EventVerifier, Scope, Signature, VerifiedEvent};
///
/// # fn read(mut wire: &[u8], seed: Signature, credentials: &Credentials) -> Result<(), Box<dyn std::error::Error>> {
/// let mut verifier = EventVerifier::new(seed, credentials, Scope::new("us-east-1", "bedrock"));
/// while let Parsed::Frame(outer) = parse(wire, &Limits::bounded())? {
///     if let VerifiedEvent::Event { frame, .. } = verifier.verify(outer)? {
///         // `frame` holds the bytes of the inner frame
/// #       let _ = frame;
///     }
///     wire = &wire[outer.total_len()..];
/// }
/// verifier.finish()?; // an error where the signed end did not come
/// # Ok(())
/// # }
/// ```
pub struct EventVerifier {
    keys: DailyKey,
    seed: Signature,
    prior: Signature,
    before_prior: Signature,
    events: u64,
    state: State,
}

enum State {
    Open,
    Ended,
    Failed(EventFault),
}

/// An event whose signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedEvent<'a> {
    /// An event.
    Event {
        /// Its `:date`. Whether it is too old is for the caller to say, who has a clock.
        at: Timestamp,
        /// The inner frame's bytes, not yet read as a frame.
        frame: &'a [u8],
    },
    /// The empty event that ends the stream.
    End {
        /// Its `:date`.
        at: Timestamp,
    },
}

impl EventVerifier {
    /// A verifier for the stream whose opening request has the signature `seed`.
    #[must_use]
    pub fn new(seed: Signature, credentials: &Credentials, scope: Scope) -> Self {
        Self {
            keys: DailyKey::new(credentials, scope),
            seed,
            prior: seed,
            before_prior: seed,
            events: 0,
            state: State::Open,
        }
    }

    /// Checks the next frame of the stream, an outer one.
    ///
    /// # Errors
    /// What is wrong with it; from then on always the same.
    pub fn verify<'a>(&mut self, outer: Frame<'a>) -> Result<VerifiedEvent<'a>, EventFault> {
        let result = match &self.state {
            State::Open => self.check(outer),
            State::Ended => Err(EventFaultKind::AfterEnd),
            State::Failed(fault) => return Err(fault.clone()),
        };
        result.map_err(|kind| {
            let fault = EventFault {
                kind,
                index: self.events,
            };
            self.state = State::Failed(fault.clone());
            fault
        })
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    /// `NoEnd` where the signed end has not come; the earlier fault where there was one.
    pub fn finish(&self) -> Result<(), EventFault> {
        match &self.state {
            State::Ended => Ok(()),
            State::Open => Err(EventFault {
                kind: EventFaultKind::NoEnd,
                index: self.events,
            }),
            State::Failed(fault) => Err(fault.clone()),
        }
    }

    /// Events that have been verified, the end included.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The string that this frame's client should have signed here; `None` where `:date` is missing or no date.
    #[must_use]
    pub fn explain(&self, outer: Frame<'_>) -> Option<EventStringToSign> {
        let at = date_of(outer)?;
        let (prior, header) = (self.prior.as_bytes(), date_header(at));
        EventStringToSign::new(at, self.keys.scope(), prior, &header, outer.payload()).ok()
    }

    fn check<'a>(&mut self, outer: Frame<'a>) -> Result<VerifiedEvent<'a>, EventFaultKind> {
        let at = date_of(outer).ok_or(EventFaultKind::Date)?;
        let dated = self.keys.at(at).ok_or(EventFaultKind::Date)?;
        let signature = outer.header(":chunk-signature");
        let signature: [u8; 32] = signature
            .as_ref()
            .and_then(HeaderValue::as_bytes)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(EventFaultKind::NoSignature)?;
        if outer.headers().iter().count() != 2 {
            return Err(EventFaultKind::UnsignedHeader);
        }
        let signature = Signature::from_bytes(signature);
        let payload_hash = sha256(outer.payload());
        let prior = self.prior.as_bytes();
        if !dated.moment.verify(prior, &payload_hash, &signature) {
            let chain = [self.prior, self.before_prior, self.seed];
            let payload = outer.payload();
            let differs = diagnose(&self.keys, chain, at, payload, payload_hash, &signature);
            return Err(EventFaultKind::Signature { differs });
        }
        self.before_prior = self.prior;
        self.prior = signature;
        self.events += 1;
        if outer.payload().is_empty() {
            self.state = State::Ended;
            return Ok(VerifiedEvent::End { at });
        }
        let frame = outer.payload();
        Ok(VerifiedEvent::Event { at, frame })
    }
}

impl fmt::Debug for EventVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventVerifier")
            .field("scope", self.keys.scope())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

fn date_of(outer: Frame<'_>) -> Option<Timestamp> {
    outer.header(":date")?.as_timestamp()
}
