//! The only reader of the clock, so that a test can set the time.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// The source of the current time.
pub trait Clock: Send + Sync {
    /// The time in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "clock.rs is the only reader of the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A point in time for measuring durations; it never goes backwards.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "clock.rs is the only reader of the clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// How long something has been idle, even if the machine was suspended meanwhile.
///
/// In a frozen Lambda sandbox the monotonic clock may stop while the wall clock goes on; a wall clock that is set back
/// shows too little. The longer of the two is the safe answer.
#[derive(Debug, Clone, Copy)]
pub struct IdleSince {
    monotonic: Instant,
    wall: DateTime<Utc>,
}

impl IdleSince {
    /// From now on.
    #[must_use]
    pub fn now() -> Self {
        Self { monotonic: monotonic(), wall: SystemClock.now() }
    }

    /// The time since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.until(monotonic(), SystemClock.now())
    }

    /// The same with an earlier start.
    #[cfg(test)]
    pub(crate) fn earlier(self, by: Duration) -> Self {
        Self { monotonic: self.monotonic.checked_sub(by).unwrap(), wall: self.wall - by }
    }

    fn until(self, monotonic: Instant, wall: DateTime<Utc>) -> Duration {
        let wall = (wall - self.wall).to_std().unwrap_or_default();
        monotonic.saturating_duration_since(self.monotonic).max(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);
    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn an_hour_counts_though_the_monotonic_clock_stopped() {
        let idle = IdleSince::now();
        assert_eq!(idle.until(idle.monotonic + MOMENT, idle.wall + HOUR), HOUR);
    }

    #[test]
    fn an_hour_counts_though_the_wall_clock_was_set_back() {
        let idle = IdleSince::now();
        assert_eq!(idle.until(idle.monotonic + HOUR, idle.wall - HOUR), HOUR);
        assert_eq!(idle.until(idle.monotonic + HOUR, idle.wall + MOMENT), HOUR);
    }

    #[test]
    fn a_moment_is_a_moment() {
        let idle = IdleSince::now();
        assert_eq!(idle.until(idle.monotonic + MOMENT, idle.wall + MOMENT), MOMENT);
    }
}
