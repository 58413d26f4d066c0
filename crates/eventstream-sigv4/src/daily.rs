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
        let dated = match self.latest.take() {
            Some(dated) if dated.at == at => dated,
            older => {
                let Some(date) = AmzDate::new(at) else {
                    self.latest = older;
                    return None;
                };
                let day = date.date();
                let key = match older {
                    Some(older) if older.day == day => older.key,
                    _ => self.root.derive(day, &self.scope),
                };
                let header = date_header(at);
                let moment = Moment::new(&key, date, &self.scope, &header);
                Dated {
                    day,
                    key,
                    at,
                    header,
                    moment,
                }
            }
        };
        Some(self.latest.insert(dated))
    }
}
