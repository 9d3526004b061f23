//! Exponential backoff: a pause after each failure in a row, twice as long as the one before.

use std::time::Duration;

use crate::clock::IdleSince;

/// Says when something that has failed may be tried again.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    pause: Option<Pause>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    began: IdleSince,
    length: Duration,
}

impl Backoff {
    /// Without a pause until something fails.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, pause: None }
    }

    /// Whether it is too early for another attempt.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pause.is_some_and(|pause| pause.began.elapsed() < pause.length)
    }

    /// Begins the next pause.
    pub fn failed(&mut self) {
        let length = self.pause.map_or(self.first, |pause| self.longest.min(pause.length * 2));
        self.pause = Some(Pause { began: IdleSince::now(), length });
    }

    /// Ends the pause; the next failure begins with the shortest again.
    pub fn succeeded(&mut self) {
        self.pause = None;
    }

    /// Moves the clock of a test forward.
    #[cfg(test)]
    pub(crate) fn let_pass(&mut self, time: Duration) {
        if let Some(pause) = &mut self.pause {
            pause.began = pause.began.earlier(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The length of the pause in seconds.
    fn pause_of(backoff: &mut Backoff) -> u64 {
        let mut seconds = 0;
        while backoff.is_paused() {
            backoff.let_pass(SECOND);
            seconds += 1;
        }
        seconds
    }

    #[test]
    fn each_failure_in_a_row_doubles_the_pause_up_to_the_longest() {
        let mut backoff = Backoff::new(SECOND, 30 * SECOND);
        assert!(!backoff.is_paused());
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            backoff.failed();
            assert_eq!(pause_of(&mut backoff), seconds);
        }
    }

    #[test]
    fn a_success_ends_the_pause_and_the_row() {
        let mut backoff = Backoff::new(SECOND, 30 * SECOND);
        backoff.failed();
        backoff.failed();
        backoff.succeeded();
        assert!(!backoff.is_paused());
        backoff.failed();
        assert_eq!(pause_of(&mut backoff), 1);
    }
}
