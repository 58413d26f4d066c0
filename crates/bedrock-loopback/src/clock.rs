//! The wall clock that signatures are checked against. Timers never read it: they go through tokio's time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// What the server takes for the time of day.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    skew: Skew,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    Started { at: SystemTime, since: Instant },
}

#[derive(Debug, Clone, Copy)]
enum Skew {
    Ahead(Duration),
    Behind(Duration),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self {
            source: Source::System,
            skew: Skew::Ahead(Duration::ZERO),
        }
    }

    /// A clock that shows `at` now and goes on with tokio's time, so that a paused runtime turns it.
    #[must_use]
    pub fn starting_at(at: SystemTime) -> Self {
        Self {
            source: Source::Started {
                at,
                since: Instant::now(),
            },
            skew: Skew::Ahead(Duration::ZERO),
        }
    }

    /// The same clock, ahead by `by`.
    #[must_use]
    pub fn ahead(mut self, by: Duration) -> Self {
        self.skew = Skew::Ahead(by);
        self
    }

    /// The same clock, behind by `by`.
    #[must_use]
    pub fn behind(mut self, by: Duration) -> Self {
        self.skew = Skew::Behind(by);
        self
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the loopback is a driver: it checks dates against the machine's clock"
    )]
    pub(crate) fn now(&self) -> SystemTime {
        let now = match self.source {
            Source::System => SystemTime::now(),
            Source::Started { at, since } => at + since.elapsed(),
        };
        match self.skew {
            Skew::Ahead(by) => now + by,
            Skew::Behind(by) => now.checked_sub(by).unwrap_or(UNIX_EPOCH),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_started_clock_goes_with_tokio_time() {
        let start = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let clock = Clock::starting_at(start);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(clock.now(), start + Duration::from_mins(1));
        let behind = clock.clone().behind(Duration::from_mins(10));
        assert_eq!(behind.now(), start - Duration::from_mins(9));
        let ahead = clock.ahead(Duration::from_mins(10));
        assert_eq!(ahead.now(), start + Duration::from_mins(11));
    }
}
