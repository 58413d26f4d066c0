//! How fast a client may send.

use std::time::Duration;

use tokio::time::Instant;

/// What the smallest message costs, in bytes: messages have a price of their own.
const LEAST: u64 = 256;

const NANOS: u64 = 1_000_000_000;

/// Bytes that flow back into a bucket as time passes. A client that takes more than there is waits until it is paid for.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Bytes a second.
    rate: u64,
    burst: u64,
    left: u64,
    /// What was taken beyond it.
    debt: u64,
    at: Instant,
}

impl Allowance {
    /// So many bytes a second, and so many at once.
    pub(crate) fn new(rate: u64, burst: u64, now: Instant) -> Self {
        let (rate, burst) = (rate.max(LEAST), burst.max(LEAST));
        Self {
            rate,
            burst,
            left: burst,
            debt: 0,
            at: now,
        }
    }

    /// A message of so many bytes has come.
    pub(crate) fn take(&mut self, bytes: usize, now: Instant) {
        self.settle(now);
        let cost = LEAST.max(bytes as u64);
        let paid = cost.min(self.left);
        self.left -= paid;
        self.debt += cost - paid;
    }

    /// When the next message may be read; `None` for now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Instant> {
        self.settle(now);
        let wait = (self.debt * 1_000_000).div_ceil(self.rate);
        (self.debt > 0).then(|| now + Duration::from_micros(wait))
    }

    fn settle(&mut self, now: Instant) {
        let nanos = u64::try_from(now.duration_since(self.at).as_nanos()).unwrap_or(u64::MAX);
        let earned = nanos.saturating_mul(self.rate) / NANOS;
        if earned == 0 {
            return;
        }
        // What a part of a byte is worth in time is not lost.
        self.at += Duration::from_nanos(earned.saturating_mul(NANOS).div_ceil(self.rate));
        let paid = earned.min(self.debt);
        self.debt -= paid;
        self.left = (self.left + (earned - paid)).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_is_waited_for() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10_000, 20_000, start);
        allowance.take(20_000, start);
        assert_eq!(allowance.due(start), None);
        allowance.take(5_000, start);
        let due = start + Duration::from_millis(500);
        assert_eq!(allowance.due(start), Some(due));
        assert_eq!(allowance.due(due), None);
        // After a long pause there is a burst again, and no more.
        let later = start + Duration::from_hours(1);
        allowance.take(20_001, later);
        assert!(allowance.due(later).is_some());
    }

    #[test]
    fn small_messages_have_a_price() {
        let start = Instant::now();
        let mut allowance = Allowance::new(2_560, 2_560, start);
        for _ in 0..11 {
            allowance.take(1, start);
        }
        assert_eq!(
            allowance.due(start),
            Some(start + Duration::from_millis(100))
        );
    }

    #[test]
    fn looking_often_changes_nothing() {
        let start = Instant::now();
        let mut allowance = Allowance::new(30_000, 30_000, start);
        allowance.take(60_000, start);
        let mut now = start;
        while allowance.due(now).is_some() {
            now += Duration::from_micros(7);
        }
        let waited = now - start;
        assert!(
            waited >= Duration::from_secs(1) && waited < Duration::from_millis(1_001),
            "{waited:?}"
        );
    }
}
