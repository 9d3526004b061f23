//! The limit of requests to this process, counted in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Exceeded, Limit};
use crate::client_network::ClientNetwork;
use crate::clock::monotonic;

/// How many callers a generation has: together both take some 5 MB at most.
const MAX_CALLERS: usize = 50_000;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Requester {
    /// The user of a token that has been verified.
    User(u32),
    /// Everybody else, by the network of their address.
    Network(ClientNetwork),
}

/// Counts requests in this process. A clone counts with the original.
#[derive(Clone)]
pub struct RequestLimit(Arc<Inner>);

struct Inner {
    limit: Limit,
    begun: Instant,
    generations: Mutex<Generations>,
}

impl RequestLimit {
    /// Nobody has asked for anything yet.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let generations = Mutex::new(Generations::new(MAX_CALLERS));
        Self(Arc::new(Inner { limit, begun: monotonic(), generations }))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// If there was no room for it; then it does not count.
    pub fn take(&self, requester: Requester) -> Result<(), Exceeded> {
        let Inner { limit, begun, generations } = &*self.0;
        let now = begun.elapsed();
        let mut generations = generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.take(limit, requester, now)
    }
}

/// When the buckets of callers will be empty, counted from the beginning: GCRA as in the database.
///
/// Memory is bounded by forgetting. Whoever asks is in the new generation; it becomes the old one after a window, by which
/// time the buckets of the one before it are empty, or when it is full. So only a flood of callers, from more networks in a
/// window than a generation has, makes others be forgotten before their time: they then have their whole amount again,
/// and nobody is refused for it.
struct Generations {
    new: HashMap<Requester, Duration>,
    old: HashMap<Requester, Duration>,
    new_since: Duration,
    max_callers: usize,
}

impl Generations {
    fn new(max_callers: usize) -> Self {
        Self { new: HashMap::new(), old: HashMap::new(), new_since: Duration::ZERO, max_callers }
    }

    fn take(&mut self, limit: &Limit, requester: Requester, now: Duration) -> Result<(), Exceeded> {
        self.age(limit.window(), now);
        let known = self.new.get(&requester).or_else(|| self.old.get(&requester));
        let empty_at = known.map_or(now, |&empty_at| empty_at.max(now));
        let with_this = empty_at + limit.window() / limit.amount();
        let wait = with_this.saturating_sub(now + limit.window());
        let allowed = wait.is_zero();
        self.new.insert(requester, if allowed { with_this } else { empty_at });
        if allowed { Ok(()) } else { Err(Exceeded::counted(*limit, wait)) }
    }

    fn age(&mut self, window: Duration, now: Duration) {
        if self.new.len() >= self.max_callers || now.saturating_sub(self.new_since) >= window {
            self.old = std::mem::take(&mut self.new);
            self.new_since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    const ADA: Requester = Requester::User(1);

    fn limit() -> Limit {
        Rate::a_minute(60).unwrap().named("requests")
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn network(number: u32) -> Requester {
        Requester::Network(ClientNetwork::V4(number.to_be_bytes()))
    }

    /// How many requests of one moment are allowed.
    fn allowed(generations: &mut Generations, requester: Requester, now: Duration) -> u32 {
        let mut allowed = 0;
        while generations.take(&limit(), requester, now).is_ok() {
            allowed += 1;
        }
        allowed
    }

    #[test]
    fn the_whole_amount_may_come_at_once_and_then_one_for_each_share_of_the_window() {
        let mut generations = Generations::new(10);
        assert_eq!(allowed(&mut generations, ADA, at(1)), 60);
        let refused = generations.take(&limit(), ADA, at(1)).unwrap_err();
        assert_eq!((refused.wait, refused.limit), (at(1), limit()));
        assert_eq!(allowed(&mut generations, ADA, at(4)), 3);
        assert_eq!(allowed(&mut generations, ADA, at(100)), 60);
    }

    #[test]
    fn a_caller_is_not_refused_for_another() {
        let mut generations = Generations::new(10);
        assert_eq!(allowed(&mut generations, ADA, at(1)), 60);
        assert_eq!(allowed(&mut generations, Requester::User(2), at(1)), 60);
        assert_eq!(allowed(&mut generations, network(1), at(1)), 60);
    }

    #[test]
    fn nobody_is_forgotten_while_there_is_room() {
        let mut generations = Generations::new(1000);
        assert_eq!(allowed(&mut generations, ADA, at(59)), 60);
        // A window begins in between.
        assert_eq!(allowed(&mut generations, ADA, at(61)), 2);
        assert_eq!(allowed(&mut generations, ADA, at(118)), 57);
    }

    #[test]
    fn a_flood_of_callers_does_not_take_more_memory() {
        let mut generations = Generations::new(1000);
        for number in 0..100_000 {
            generations.take(&limit(), network(number), at(1)).unwrap();
            assert!(generations.new.len() <= 1000 && generations.old.len() <= 1000);
        }
    }

    #[test]
    fn a_caller_who_goes_on_asking_is_remembered_through_a_flood() {
        let mut generations = Generations::new(1000);
        assert_eq!(allowed(&mut generations, ADA, at(1)), 60);
        for number in 0..100_000 {
            generations.take(&limit(), network(number), at(1)).unwrap();
            if number % 900 == 0 {
                generations.take(&limit(), ADA, at(1)).unwrap_err();
            }
        }
    }

    #[test]
    fn callers_of_a_quiet_time_are_forgotten() {
        let mut generations = Generations::new(1000);
        for number in 0..900 {
            generations.take(&limit(), network(number), at(1)).unwrap();
        }
        for minute in 2..4 {
            generations.take(&limit(), ADA, at(60 * minute)).unwrap();
        }
        assert_eq!(generations.new.len() + generations.old.len(), 2);
    }
}
