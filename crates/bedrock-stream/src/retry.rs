//! When a request is sent again: before its first event only, and not for ever.

use std::time::Duration;

use bedrock_wire::{Advice, ServiceError};
use h2_duplex::{Deadline, ErrorKind as TransportKind};

use crate::error::{Error, ErrorKind};

/// The first wait after a failure of the connection.
const RECONNECT: Duration = Duration::from_millis(100);

/// How often a request is sent, and how long is waited in between.
///
/// Sent again is what the service throttled, what it failed to answer (5xx), and what the connection lost, each signed
/// anew; never a request of which an event has come, and never what would fail again. A model that has timed out
/// is not asked again by itself either: it had its time. The first wait is half a second for a failure of the service
/// and one second for throttling; each further one is twice as long, and all are between half and the whole of
/// that. A wait that the service asks for (`x-amz-retry-after`) is kept to exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    max_wait: Duration,
}

impl Retry {
    /// A request is sent once.
    pub const NONE: Self = Self::attempts(1);

    /// A request is sent at most so often, the first time included; 0 counts as 1.
    #[must_use]
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts: if attempts == 0 { 1 } else { attempts },
            max_wait: Duration::from_secs(20),
        }
    }

    /// The longest wait; 20 s unless set. Where the service asks for a longer one, its error is given to the caller.
    #[must_use]
    pub const fn max_wait(mut self, longest: Duration) -> Self {
        self.max_wait = longest;
        self
    }

    /// How long to wait after the `attempt`th attempt (from 1) failed with `error`; `None` where that is the end.
    /// `random` places the wait between half and whole.
    pub(crate) fn wait_after(&self, attempt: u32, error: &Error, random: u64) -> Option<Duration> {
        let first = first_wait(error)?;
        if attempt >= self.attempts {
            return None;
        }
        if let Some(asked) = error.service().and_then(ServiceError::retry_after) {
            return (asked <= self.max_wait).then_some(asked);
        }
        let factor = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let half = first.saturating_mul(factor).min(self.max_wait) / 2;
        let part = (half.as_nanos() * u128::from(random)) >> 64;
        Some(half + Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX)))
    }
}

impl Default for Retry {
    /// Three attempts, as with AWS's SDKs.
    fn default() -> Self {
        Self::attempts(3)
    }
}

/// The wait after the first attempt; `None` for what is not sent again.
fn first_wait(error: &Error) -> Option<Duration> {
    match error.kind() {
        ErrorKind::Service(error) => match error.advice() {
            Advice::After(wait) => Some(wait),
            _ => None,
        },
        ErrorKind::Transport(error) => match error.kind() {
            TransportKind::Connect
            | TransportKind::Deadline(Deadline::Connect | Deadline::Tls)
            | TransportKind::TooManyCalls { .. }
            | TransportKind::Reset(_)
            | TransportKind::GoAway(_)
            | TransportKind::ConnectionLost
            | TransportKind::Unresponsive => Some(RECONNECT),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled(headers: &[(&str, &'static str)]) -> Error {
        let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        ServiceError::from_http(429, header, b"").into()
    }

    #[test]
    fn waits_double_up_to_the_cap_and_lie_between_half_and_whole() {
        let retry = Retry::attempts(u32::MAX).max_wait(Duration::from_secs(5));
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (4, 5), (40, 5)] {
            let wait = |random| retry.wait_after(attempt, &throttled(&[]), random).unwrap();
            let whole = Duration::from_secs(whole);
            assert_eq!(wait(0), whole / 2);
            assert!(wait(u64::MAX) <= whole);
            assert!(wait(u64::MAX) + Duration::from_micros(1) > whole);
            assert_eq!(wait(1 << 63), whole * 3 / 4);
        }
    }

    #[test]
    fn the_service_s_own_wait_is_kept_or_handed_on() {
        let retry = Retry::default().max_wait(Duration::from_secs(1));
        let asked = |millis| throttled(&[("x-amz-retry-after", millis)]);
        assert_eq!(
            retry.wait_after(1, &asked("700"), u64::MAX),
            Some(Duration::from_millis(700))
        );
        assert_eq!(retry.wait_after(1, &asked("1001"), 0), None);
    }

    #[test]
    fn what_would_fail_again_is_not_sent_again() {
        let service = |status| Error::from(ServiceError::from_http(status, |_| None, b""));
        for (status, again) in [
            (400, false),
            (403, false),
            (404, false),
            (408, false),
            (424, false),
            (429, true),
            (500, true),
            (502, true),
            (503, true),
            (504, true),
        ] {
            let wait = Retry::default().wait_after(1, &service(status), 0);
            assert_eq!(wait.is_some(), again, "{status}");
            assert_eq!(Retry::NONE.wait_after(1, &service(status), 0), None);
            assert_eq!(Retry::default().wait_after(3, &service(status), 0), None);
        }
        let transport =
            |kind| Error::transport(h2_duplex::Error::new(kind, h2_duplex::Phase::Receive));
        let lost = transport(TransportKind::ConnectionLost);
        assert!(Retry::default().wait_after(1, &lost, 0).is_some());
        for kind in [
            TransportKind::Tls,
            TransportKind::Alpn,
            TransportKind::InvalidRequest,
            TransportKind::Deadline(Deadline::ResponseHead),
        ] {
            assert_eq!(Retry::default().wait_after(1, &transport(kind), 0), None);
        }
    }
}
