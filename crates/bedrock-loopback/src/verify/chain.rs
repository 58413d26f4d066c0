//! The chain of event signatures: each event's follows the one before, the first follows the request's.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::hash::{hex, hmac_sha256, sha256_hex, signing_key};
use super::head::{Authenticated, MISMATCH, Policy, SERVICE};
use super::refusal::{Part, Refusal};
use crate::credentials::AccessKey;
use crate::date::Utc;
use crate::frame::{Frame, Value};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What a signed frame holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Opened {
    /// The bytes of an inner frame.
    Event(Bytes),
    /// The signed empty frame: nothing follows.
    End,
}

/// Follows one stream's signatures. The key is that of the request for the whole stream.
#[derive(Debug)]
pub(crate) struct Chain {
    key: AccessKey,
    region: String,
    seed: String,
    prior: String,
    before_prior: Option<String>,
    index: u64,
    ended: bool,
    max_skew: Option<Duration>,
}

impl Chain {
    /// The chain that begins with a request's signature; none where that was not checked.
    pub(crate) fn of(authenticated: Option<Authenticated>, policy: &Policy) -> Option<Self> {
        match authenticated {
            Some(Authenticated::Key { key, seed }) => {
                Some(Self::new(key, policy.region.clone(), seed, policy.max_skew))
            }
            _ => None,
        }
    }

    pub(crate) fn new(
        key: AccessKey,
        region: String,
        seed: String,
        max_skew: Option<Duration>,
    ) -> Self {
        Self {
            key,
            region,
            prior: seed.clone(),
            seed,
            before_prior: None,
            index: 0,
            ended: false,
            max_skew,
        }
    }

    /// Checks one outer frame and hands out what it holds.
    pub(crate) fn open(&mut self, frame: &Frame, now: SystemTime) -> Result<Opened, Refusal> {
        if self.ended {
            let received = format!("{} bytes", frame.payload.len());
            return Err(self.refuse(MISMATCH, Part::AfterEnd, "nothing", &received));
        }
        let (date, signature) = self.outer_headers(frame)?;
        self.check_skew(date, now)?;
        let event = Event {
            date,
            date_header: date_header(date.millis()),
            payload: &frame.payload,
        };
        let scope = self.scope(&date.scope_date());
        let computed = self.sign(&event, &scope, &self.prior, &event.date_header_hash());
        if computed != signature {
            return Err(self.diagnose(&event, &computed, &signature));
        }
        self.before_prior = Some(std::mem::replace(&mut self.prior, signature));
        self.index += 1;
        if frame.payload.is_empty() {
            self.ended = true;
            return Ok(Opened::End);
        }
        Ok(Opened::Event(frame.payload.clone()))
    }

    /// Called at `END_STREAM`.
    pub(crate) fn finish(&self) -> Result<(), Refusal> {
        if self.ended {
            return Ok(());
        }
        Err(self.refuse(
            MISMATCH,
            Part::EndFrame,
            "a signed frame without payload",
            "END_STREAM",
        ))
    }

    fn outer_headers(&self, frame: &Frame) -> Result<(Utc, String), Refusal> {
        let mut date = None;
        let mut signature = None;
        for header in &frame.headers {
            match (header.name.as_str(), &header.value) {
                (":date", Value::Timestamp(millis)) if date.is_none() => {
                    date = Some(Utc::from_millis(*millis));
                }
                (":chunk-signature", Value::Bytes(bytes))
                    if signature.is_none() && bytes.len() == 32 =>
                {
                    signature = Some(hex(bytes));
                }
                _ => return Err(self.wrong_headers(frame)),
            }
        }
        date.zip(signature).ok_or_else(|| self.wrong_headers(frame))
    }

    fn wrong_headers(&self, frame: &Frame) -> Refusal {
        let names: Vec<_> = frame
            .headers
            .iter()
            .map(|header| header.name.as_str())
            .collect();
        let expected = ":date (timestamp) and :chunk-signature (32 bytes), once each";
        self.refuse(
            MISMATCH,
            Part::EventHeaders,
            expected,
            &format!("{names:?}"),
        )
    }

    fn check_skew(&self, date: Utc, now: SystemTime) -> Result<(), Refusal> {
        let Some(max) = self.max_skew else {
            return Ok(());
        };
        let now = Utc::from_system(now);
        let apart = now.millis().abs_diff(date.millis());
        if u128::from(apart) <= max.as_millis() {
            return Ok(());
        }
        let expected = format!("{} ± {} s", now.basic(), max.as_secs());
        Err(self.refuse(
            "Signature expired",
            Part::EventSkew,
            &expected,
            &date.basic(),
        ))
    }

    fn scope(&self, date: &str) -> String {
        format!("{date}/{}/{SERVICE}/aws4_request", self.region)
    }

    fn sign(&self, event: &Event<'_>, scope: &str, prior: &str, header_hash: &str) -> String {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{scope}\n{prior}\n{header_hash}\n{}",
            event.date.basic(),
            sha256_hex(event.payload),
        );
        let mut words = scope.split('/');
        let date = words.next().unwrap_or_default();
        let region = words.next().unwrap_or_default();
        let service = words.next().unwrap_or_default();
        let key = signing_key(&self.key.secret, date, region, service);
        hex(&hmac_sha256(&key, text.as_bytes()))
    }

    /// Tries the known mistakes and names the one that gives the signature that was sent.
    fn diagnose(&self, event: &Event<'_>, computed: &str, signature: &str) -> Refusal {
        let header_hash = event.date_header_hash();
        let scope = self.scope(&event.date.scope_date());
        let priors = [
            ("the request's signature", self.seed.as_str()),
            (
                "the signature before the prior",
                self.before_prior.as_deref().unwrap_or_default(),
            ),
            ("nothing", ""),
        ];
        for (name, prior) in priors {
            if self.sign(event, &scope, prior, &header_hash) == signature {
                return self.refuse(MISMATCH, Part::PriorSignature, &self.prior, name);
            }
        }
        let millis = event.date.millis();
        let whole_seconds = millis.saturating_sub(millis.rem_euclid(1000));
        let hashes = [
            (
                "the :date cut to whole seconds",
                sha256_hex(&date_header(whole_seconds)),
            ),
            (
                "the :date's value alone",
                sha256_hex(&event.date.millis().to_be_bytes()),
            ),
            ("nothing", sha256_hex(b"")),
        ];
        for (name, hash) in hashes {
            if self.sign(event, &scope, &self.prior, &hash) == signature {
                let expected = format!("{header_hash} of {millis} ms");
                return self.refuse(MISMATCH, Part::DateHeaderHash, &expected, name);
            }
        }
        for day in [-DAY, DAY] {
            let date = Utc::from_millis(millis.saturating_add(day)).scope_date();
            let other = self.scope(&date);
            if self.sign(event, &other, &self.prior, &header_hash) == signature {
                return self.refuse(MISMATCH, Part::ScopeDate, &event.date.scope_date(), &date);
            }
        }
        for service in ["bedrock-runtime", "bedrock-agent-runtime"] {
            let other = scope.replace("/bedrock/", &format!("/{service}/"));
            if self.sign(event, &other, &self.prior, &header_hash) == signature {
                return self.refuse(MISMATCH, Part::Service, SERVICE, service);
            }
        }
        self.refuse(MISMATCH, Part::EventSignature, computed, signature)
    }

    fn refuse(&self, says: &str, part: Part, expected: &str, received: &str) -> Refusal {
        let says = (403, "InvalidSignatureException", says);
        Refusal::new(says, part, expected, received).of_event(self.index)
    }
}

/// The parts of one event that its signature covers.
struct Event<'a> {
    date: Utc,
    date_header: [u8; 15],
    payload: &'a [u8],
}

impl Event<'_> {
    fn date_header_hash(&self) -> String {
        sha256_hex(&self.date_header)
    }
}

/// The `:date` header as it is encoded in a frame: name, type 8, milliseconds.
fn date_header(millis: i64) -> [u8; 15] {
    let mut header = *b"\x05:date\x08\0\0\0\0\0\0\0\0";
    for (to, from) in header.iter_mut().skip(7).zip(millis.to_be_bytes()) {
        *to = from;
    }
    header
}
