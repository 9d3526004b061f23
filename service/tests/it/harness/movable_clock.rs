//! A clock that a test sets.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use users_service::clock::Clock;

/// A clock that stands still until it is set. A clone is the same clock.
#[derive(Clone)]
pub(crate) struct MovableClock(Arc<Mutex<DateTime<Utc>>>);

impl MovableClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2024-01-15T10:30:00.987654Z".parse().unwrap())))
    }

    pub(crate) fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }

    /// Moves it forward, or back.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}
