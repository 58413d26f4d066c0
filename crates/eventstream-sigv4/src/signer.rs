//! The chain of signatures over the events of one stream.

use std::fmt;

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp};

use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::envelope::{self, HEADROOM, HeaderOrder};
use crate::error::SignError;
use crate::event::{DATE_HEADER_LEN, Moment, date_header};
use crate::key::{HmacSha256, RootKey};
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
/// [`seal_end`](Seal::seal_end) the signer refuses more. Signing allocates nothing but once a day, and room in the
/// caller's buffer for the 4 bytes of checksum.
pub struct EventSigner {
    root: RootKey,
    scope: Scope,
    prior: Signature,
    today: Option<Today>,
    precision: DatePrecision,
    order: HeaderOrder,
    ended: bool,
}

/// The key of the latest event's day, and what its `:date` shares with the next events.
struct Today {
    date: [u8; 8],
    key: HmacSha256,
    at: Timestamp,
    date_header: [u8; DATE_HEADER_LEN],
    moment: Moment,
}

impl EventSigner {
    /// A signer for the stream whose opening request has the signature `seed`.
    #[must_use]
    pub fn new(seed: Signature, credentials: &Credentials, scope: Scope) -> Self {
        Self {
            root: RootKey::new(credentials),
            scope,
            prior: seed,
            today: None,
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

    /// Brings `today` to the date of an event that is signed now.
    fn today(&mut self, now: Timestamp) -> Result<&Today, SignError> {
        let at = match self.precision {
            DatePrecision::Seconds => now.floor_to_secs(),
            DatePrecision::Millis => now,
        };
        let kept = self.today.take();
        let today = match kept {
            Some(today) if today.at == at => today,
            kept => {
                let date = AmzDate::new(at).ok_or(SignError::DateOutOfRange { at });
                let Ok(amz_date) = date else {
                    self.today = kept;
                    return Err(SignError::DateOutOfRange { at });
                };
                let date = amz_date.date();
                let key = match kept {
                    Some(today) if today.date == date => today.key,
                    _ => self.root.derive(date, &self.scope),
                };
                let date_header = date_header(at);
                let moment = Moment::new(&key, amz_date, &self.scope, &date_header);
                Today {
                    date,
                    key,
                    at,
                    date_header,
                    moment,
                }
            }
        };
        Ok(self.today.insert(today))
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
        let (prior, order) = (self.prior, self.order);
        let today = self.today(now)?;
        let signature = today.moment.sign(prior.as_bytes(), frame);
        envelope::close(buf, at, &signature, &today.date_header, order);
        self.prior = signature;
        Ok(())
    }

    fn seal_end(&mut self, now: Timestamp, buf: &mut BytesMut) -> Result<(), SignError> {
        if self.ended {
            return Err(SignError::Ended);
        }
        let (prior, order) = (self.prior, self.order);
        let today = self.today(now)?;
        let signature = today.moment.sign(prior.as_bytes(), &[]);
        let at = buf.len();
        buf.resize(at + HEADROOM, 0);
        envelope::close(buf, at, &signature, &today.date_header, order);
        self.prior = signature;
        self.ended = true;
        Ok(())
    }
}

impl fmt::Debug for EventSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigner")
            .field("scope", &self.scope)
            .field("prior", &self.prior)
            .field("precision", &self.precision)
            .field("order", &self.order)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
