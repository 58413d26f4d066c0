//! Which part of an event a client signed otherwise: known mistakes, tried one at a time.

use eventstream_codec::{Limits, Parsed, Timestamp, parse};

use crate::daily::DailyKey;
use crate::date::AmzDate;
use crate::event::{Moment, date_header};
use crate::hash::sha256;
use crate::key::RootKey;
use crate::part::Part;
use crate::scope::Scope;
use crate::signature::Signature;

const DAY_MS: i64 = 86_400_000;

/// What was signed, with one part or another taken wrong.
struct Suspect<'a> {
    part: Part,
    /// The date and time in the string to sign.
    at: Timestamp,
    /// The date of the scope and of the signing key.
    day: Timestamp,
    service: &'a str,
    prior: &'a [u8],
    headers: &'a [u8],
    payload_hash: [u8; 32],
}

/// The one part that explains `signature`, if there is one. `chain` is the prior signature, the one before and the seed.
pub(crate) fn diagnose(
    keys: &DailyKey,
    chain: [Signature; 3],
    at: Timestamp,
    payload: &[u8],
    payload_hash: [u8; 32],
    signature: &Signature,
) -> Option<Part> {
    let (root, scope) = (keys.root(), keys.scope());
    let [prior, before_prior, seed] = &chain;
    let header = date_header(at);
    let value_alone = header.last_chunk::<8>().map_or(&[][..], |value| value);
    let cut_header = date_header(at.floor_to_secs());
    let inner = match parse(payload, &Limits::unlimited()) {
        Ok(Parsed::Frame(frame)) => frame.payload(),
        _ => &[],
    };
    let other_service = match scope.service().strip_suffix("-runtime") {
        Some(short) => short.to_owned(),
        None => format!("{}-runtime", scope.service()),
    };
    let prior_text = prior.to_hex();

    let right = || Suspect {
        part: Part::Date,
        at,
        day: at,
        service: scope.service(),
        prior: prior.as_bytes(),
        headers: &header,
        payload_hash,
    };
    let later = |ms: i64| Timestamp::from_millis(at.as_millis().saturating_add(ms));
    let wrong_prior = |prior| Suspect {
        part: Part::PriorSignature,
        prior,
        ..right()
    };
    let wrong_headers = |headers| Suspect {
        part: Part::Headers,
        headers,
        ..right()
    };
    let wrong_payload = |payload| Suspect {
        part: Part::Payload,
        payload_hash: sha256(payload),
        ..right()
    };
    let suspects = [
        // Rounded up, or a clock read twice.
        Suspect {
            at: later(1000),
            ..right()
        },
        Suspect {
            at: later(-1000),
            ..right()
        },
        // The key of the opening request's day, kept over midnight.
        Suspect {
            part: Part::Scope,
            day: later(-DAY_MS),
            ..right()
        },
        Suspect {
            part: Part::Scope,
            day: later(DAY_MS),
            ..right()
        },
        Suspect {
            part: Part::Scope,
            service: &other_service,
            ..right()
        },
        wrong_prior(seed.as_bytes()),
        wrong_prior(before_prior.as_bytes()),
        wrong_prior(&prior_text),
        wrong_prior(&[]),
        wrong_headers(&cut_header),
        wrong_headers(value_alone),
        wrong_headers(&[]),
        wrong_payload(inner),
        wrong_payload(&[]),
    ];
    let explains = |suspect: &&Suspect<'_>| suspect.is_signed(root, scope.region(), signature);
    suspects.iter().find(explains).map(|suspect| suspect.part)
}

impl Suspect<'_> {
    fn is_signed(&self, root: &RootKey, region: &str, signature: &Signature) -> bool {
        let (Some(date), Some(day)) = (AmzDate::new(self.at), AmzDate::new(self.day)) else {
            return false;
        };
        let scope = Scope::new(region, self.service);
        let key = root.derive(day.date(), &scope);
        Moment::of_day(&key, date, day.date(), &scope, self.headers).verify(
            self.prior,
            &self.payload_hash,
            signature,
        )
    }
}
