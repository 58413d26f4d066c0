//! The chain of signatures over the events of one stream.

use std::fmt;

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp};

use crate::credentials::Credentials;
use crate::daily::DailyKey;
use crate::envelope::{self, HEADROOM, HeaderOrder};
use crate::error::SignError;
use crate::event::date_header;
use crate::explain::EventStringToSign;
use crate::hash::sha256;
use crate::scope::Scope;
use crate::signature::Signature;

/// How exact the `:date` of an event is. The date in the string to sign is always cut to seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatePrecision {
    /// Milliseconds cut: as AWS's Rust SDK does.
    #[default]
    Seconds,
    /// As given: as AWS's JavaScript and Python SDKs do.
    Millis,
}

/// Signs the events of one stream in place, each over the one before it.
///
/// The key of a day is derived once; a stream that runs over midnight (UTC) takes the next day's by the event's own
/// date. Credentials are fixed for the stream: a service knows only those that the opening request named. After
/// [`seal_end`](Seal::seal_end) the signer refuses more. Signing allocates nothing, except where the caller's buffer has
/// no room for 4 bytes of checksum.
pub struct EventSigner {
    keys: DailyKey,
    prior: Signature,
    precision: DatePrecision,
    order: HeaderOrder,
    ended: bool,
}

impl EventSigner {
    /// A signer for the stream whose opening request has the signature `seed`.
    #[must_use]
    pub fn new(seed: Signature, credentials: &Credentials, scope: Scope) -> Self {
        Self {
            keys: DailyKey::new(credentials, scope),
            prior: seed,
            precision: DatePrecision::default(),
            order: HeaderOrder::default(),
            ended: false,
        }
    }

    /// The same with `:date` this exact.
    #[must_use]
    pub const fn with_date_precision(mut self, precision: DatePrecision) -> Self {
        self.precision = precision;
        self
    }

    /// The same with the outer frame's headers in this order.
    #[must_use]
    pub const fn with_header_order(mut self, order: HeaderOrder) -> Self {
        self.order = order;
        self
    }

    /// The signature that the next event's will cover: the seed at first, then that of the latest event.
    #[must_use]
    pub const fn prior_signature(&self) -> Signature {
        self.prior
    }

    /// The string that the next [`seal`](Seal::seal) of this frame signs.
    ///
    /// # Errors
    /// `DateOutOfRange` outside of the years 0 to 9999.
    pub fn explain(&self, now: Timestamp, frame: &[u8]) -> Result<EventStringToSign, SignError> {
        let at = self.cut(now);
        let prior = self.prior.as_bytes();
        EventStringToSign::new(at, self.keys.scope(), prior, &date_header(at), frame)
    }

    /// A moment as exact as `:date` is.
    const fn cut(&self, now: Timestamp) -> Timestamp {
        match self.precision {
            DatePrecision::Seconds => now.floor_to_secs(),
            DatePrecision::Millis => now,
        }
    }
}

impl Seal for EventSigner {
    type Error = SignError;

    fn headroom(&self) -> usize {
        HEADROOM
    }

    fn seal(&mut self, now: Timestamp, buf: &mut BytesMut, at: usize) -> Result<(), SignError> {
        if self.ended {
            return Err(SignError::Ended);
        }
        let frame = envelope::inner_frame(buf, at)?;
        let date = self.cut(now);
        let dated = self
            .keys
            .at(date)
            .ok_or(SignError::DateOutOfRange { at: date })?;
        self.prior = dated.moment.sign(self.prior.as_bytes(), &sha256(frame));
        envelope::close(buf, at, &self.prior, &dated.header, self.order);
        Ok(())
    }

    fn seal_end(&mut self, now: Timestamp, buf: &mut BytesMut) -> Result<(), SignError> {
        if self.ended {
            return Err(SignError::Ended);
        }
        let date = self.cut(now);
        let dated = self
            .keys
            .at(date)
            .ok_or(SignError::DateOutOfRange { at: date })?;
        self.prior = dated.moment.sign(self.prior.as_bytes(), &sha256(&[]));
        let at = buf.len();
        buf.resize(at + HEADROOM, 0);
        envelope::close(buf, at, &self.prior, &dated.header, self.order);
        self.ended = true;
        Ok(())
    }
}

impl fmt::Debug for EventSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigner")
            .field("scope", self.keys.scope())
            .field("prior", &self.prior)
            .field("precision", &self.precision)
            .field("order", &self.order)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
