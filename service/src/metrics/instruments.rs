//! What counts: numbers that threads add to at once, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that grows.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one.
    pub(crate) fn count(&self) {
        self.add(1);
    }

    /// Counts so many.
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A time that grows.
#[derive(Debug)]
pub(crate) struct TimeSpent(Counter);

impl TimeSpent {
    pub(super) const fn new() -> Self {
        Self(Counter::new())
    }

    pub(crate) fn add(&self, time: Duration) {
        // It is full after 584 years.
        self.0.add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(super) fn seconds(&self) -> f64 {
        Duration::from_nanos(self.0.get()).as_secs_f64()
    }

    pub(super) fn micros(&self) -> u64 {
        self.0.get() / 1_000
    }
}

/// A number that goes up and down.
#[derive(Debug)]
pub(crate) struct Gauge(AtomicU64);

/// What counts in a [`Gauge`] for as long as it is there.
#[derive(Debug)]
pub(crate) struct Held(&'static Gauge);

impl Gauge {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The number, which is zero from then on until it is set anew.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }

    /// Counts one more, until what is returned is dropped.
    pub(crate) fn hold(&'static self) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The upper bounds of the buckets of a [`Histogram`], in milliseconds: from a read that the pool had a connection for to the
/// longest that a request may take.
pub(super) const BOUNDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/// How many there were up to each bound, and above the last.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: [Counter; BOUNDS.len() + 1],
    sum: TimeSpent,
}

impl Histogram {
    pub(super) const fn new() -> Self {
        Self { buckets: [const { Counter::new() }; BOUNDS.len() + 1], sum: TimeSpent::new() }
    }

    pub(super) fn observe(&self, time: Duration) {
        let bucket = BOUNDS.iter().position(|&bound| time <= Duration::from_millis(bound));
        self.buckets[bucket.unwrap_or(BOUNDS.len())].count();
        self.sum.add(time);
    }

    /// How many there were up to each bound, and in all.
    pub(super) fn cumulative(&self) -> [u64; BOUNDS.len() + 1] {
        let mut total = 0;
        self.buckets.each_ref().map(|bucket| {
            total += bucket.get();
            total
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.sum.seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_from_its_bucket_on() {
        let histogram = Histogram::new();
        for micros in [0, 1_000, 1_001, 700_000, 60_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        assert_eq!(histogram.cumulative(), [2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5]);
        assert!((histogram.seconds() - 60.702_001).abs() < 1e-6);
    }
}
