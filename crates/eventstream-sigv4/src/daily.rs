//! The key of the day, derived when an event's own date asks for it, and what events of one date share.

use eventstream_codec::Timestamp;

use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::event::{DATE_HEADER_LEN, Moment, date_header};
use crate::key::{HmacSha256, RootKey};
use crate::scope::Scope;

/// Derives signing keys, one a day, and keeps the latest.
pub(crate) struct DailyKey {
    root: RootKey,
    scope: Scope,
    latest: Option<Dated>,
}

/// What the latest event was signed with, and those of the same date will be.
pub(crate) struct Dated {
    day: [u8; 8],
    key: HmacSha256,
    at: Timestamp,
    pub(crate) header: [u8; DATE_HEADER_LEN],
    pub(crate) moment: Moment,
}

impl DailyKey {
    pub(crate) fn new(credentials: &Credentials, scope: Scope) -> Self {
        Self {
            root: RootKey::new(credentials),
            scope,
            latest: None,
        }
    }

    pub(crate) const fn root(&self) -> &RootKey {
        &self.root
    }

    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What signs an event whose `:date` is `at`; `None` outside of the years 0 to 9999.
    pub(crate) fn at(&mut self, at: Timestamp) -> Option<&Dated> {
        if self.latest.as_ref().is_none_or(|latest| latest.at != at) {
            self.latest = Some(self.dated(at)?);
        }
        self.latest.as_ref()
    }

    fn dated(&self, at: Timestamp) -> Option<Dated> {
        let date = AmzDate::new(at)?;
        let day = date.date();
        let key = match &self.latest {
            Some(latest) if latest.day == day => latest.key.clone(),
            _ => self.root.derive(day, &self.scope),
        };
        let header = date_header(at);
        let moment = Moment::new(&key, date, &self.scope, &header);
        Some(Dated {
            day,
            key,
            at,
            header,
            moment,
        })
    }
}
