//! The arithmetic of the generic cell rate algorithm (GCRA), a leaky bucket of one number.
//!
//! A hit fills its bucket by the window divided by the amount, and the bucket drains with time. `tat`, the theoretical
//! arrival time, is when it will be empty; a hit for which no room is left is refused. So the whole amount may come at
//! once, and after it one as often as the bucket has drained by one.

use std::time::Duration;

use super::Limit;

/// What one hit of a limit is, at a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// The time.
    pub(super) now: i64,
    /// What one hit fills.
    pub(super) interval: i64,
    /// What a bucket holds.
    size: i64,
}

impl Cell {
    /// The interval is rounded up, so that in the long run no more than the amount comes in a window.
    pub(super) fn new(limit: &Limit, now: i64) -> Self {
        let window = i64::try_from(limit.window().as_millis()).unwrap_or(i64::MAX);
        let amount = i64::from(limit.amount());
        let interval = window.saturating_add(amount - 1) / amount;
        // Before 1970 there is no time: `tat` has no sign.
        Self { now: now.max(0), interval, size: interval.saturating_mul(amount) }
    }

    /// The `tat` of a bucket up to which there is room.
    pub(super) const fn last_with_room(&self) -> i64 {
        self.now.saturating_add(self.size - self.interval)
    }

    /// The `tat` past which a refused caller would wait for longer than it takes a full bucket to be empty. Only a clock
    /// that has been set back since leads there. (That of another process may be as much behind without an effect.)
    pub(super) const fn latest(&self) -> i64 {
        self.last_with_room().saturating_add(self.size)
    }

    /// What became of a hit that leads, or would lead, to this `tat`: until when it counts, or how long to wait.
    pub(super) fn outcome(&self, tat: i64) -> Result<i64, Duration> {
        let wait = tat.saturating_sub(self.now).saturating_sub(self.size);
        match u64::try_from(wait) {
            Err(_) | Ok(0) => Ok(tat),
            Ok(wait) => Err(Duration::from_millis(wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    fn cell(rate: &str, now: i64) -> Cell {
        Cell::new(&rate.parse::<Rate>().unwrap().named("test"), now)
    }

    #[test]
    fn a_hit_fills_its_share_of_the_window() {
        let cell = cell("10/15m", 1000);
        assert_eq!((cell.interval, cell.size), (90_000, 900_000));
        assert_eq!((cell.last_with_room(), cell.latest()), (811_000, 1_711_000));
    }

    #[test]
    fn a_share_that_is_no_whole_number_is_rounded_up() {
        assert_eq!(cell("7/1s", 0).interval, 143);
        assert_eq!(cell("999/1s", 0).interval, 2);
    }

    #[test]
    fn the_last_hit_with_room_is_allowed_and_the_next_waits_for_the_rest() {
        let cell = cell("10/15m", 1000);
        assert_eq!(cell.outcome(cell.last_with_room() + cell.interval), Ok(901_000));
        assert_eq!(cell.outcome(901_001), Err(Duration::from_millis(1)));
        assert_eq!(cell.outcome(cell.latest() + cell.interval), Err(Duration::from_mins(15)));
    }

    #[test]
    fn no_clock_makes_it_overflow() {
        for now in [i64::MIN, -1, 0, i64::MAX] {
            let cell = cell("1/30d", now);
            assert!(cell.now >= 0 && cell.latest() >= cell.last_with_room());
            for tat in [0, i64::MAX] {
                let _ = cell.outcome(tat);
            }
        }
    }
}
