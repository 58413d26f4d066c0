//! The one place that reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use eventstream_codec::Timestamp;
use tokio::time::Instant;

/// Tells the time that signatures carry. Clones share what one of them learns about the service's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// Milliseconds by which the service's clock is ahead of ours.
    offset: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    Virtual { started: Instant, at: Timestamp },
}

impl Clock {
    /// The clock of the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self {
            source: Source::System,
            offset: Arc::default(),
        }
    }

    /// A clock that shows `at` now and goes on with tokio's time, which tests can pause and turn.
    #[must_use]
    pub fn starting_at(at: Timestamp) -> Self {
        Self {
            source: Source::Virtual {
                started: Instant::now(),
                at,
            },
            offset: Arc::default(),
        }
    }

    /// The time by the service's clock, as far as that is known.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.local().as_millis() + self.offset_millis())
    }

    /// Milliseconds by which the service's clock was last seen ahead of ours; negative where it is behind.
    #[must_use]
    pub fn offset_millis(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Takes over the service's time, from the `date` header of an answer. Differences under four minutes are within
    /// the service's tolerance of five and are left alone.
    pub(crate) fn learn(&self, service: Timestamp) {
        const TOLERATED_MILLIS: i64 = 4 * 60 * 1000;
        let offset = service.as_millis() - self.local().as_millis();
        let offset = if offset.abs() < TOLERATED_MILLIS {
            0
        } else {
            offset
        };
        self.offset.store(offset, Ordering::Relaxed);
    }

    fn local(&self) -> Timestamp {
        match self.source {
            Source::System => system_time(),
            Source::Virtual { started, at } => {
                let passed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
                Timestamp::from_millis(at.as_millis().saturating_add(passed))
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's own clock")]
fn system_time() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_small_difference_is_left_alone_and_a_large_one_taken_over() {
        let clock = Clock::starting_at(Timestamp::from_millis(1_000_000));
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.now().as_millis(), 1_000_250);
        clock.learn(Timestamp::from_millis(1_000_250 + 239_999));
        assert_eq!(clock.offset_millis(), 0);
        clock
            .clone()
            .learn(Timestamp::from_millis(1_000_250 + 600_000));
        assert_eq!(clock.now().as_millis(), 1_600_250);
    }
}
