//! The places for mails that are sent at once, and which domains have them: one whose server takes long holds up no other.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of one run. A clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Whether each domain has to leave some to others.
    are_shared: bool,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug)]
struct Taken {
    free: usize,
    by_domain: HashMap<String, usize>,
}

/// A place that a domain has until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    domain: String,
    places: Places,
}

impl Places {
    /// So many places. If they are shared, a domain that has as many as are free gets no other: of one domain that takes them for
    /// long, half are left, and of several in the end as many as each of them has.
    pub(super) fn new(all: usize, are_shared: bool) -> Self {
        let taken = Taken { free: all, by_domain: HashMap::new() };
        Self { are_shared, taken: Arc::new(Mutex::new(taken)) }
    }

    /// A place for the domain of a recipient; `None` if it has all that it may have.
    pub(super) fn take(&self, recipient: &str) -> Option<Place> {
        let domain = domain(recipient);
        let mut taken = self.taken();
        if !self.may_have_another(&taken, taken.by_domain.get(&domain).copied().unwrap_or_default()) {
            return None;
        }
        taken.free -= 1;
        *taken.by_domain.entry(domain.clone()).or_default() += 1;
        Some(Place { domain, places: self.clone() })
    }

    /// Whether there are any for whoever has none.
    pub(super) fn are_free(&self) -> bool {
        self.taken().free > 0
    }

    /// Whether a domain may have one more.
    pub(super) fn are_free_for(&self, domain: &str) -> bool {
        let taken = self.taken();
        self.may_have_another(&taken, taken.by_domain.get(domain).copied().unwrap_or_default())
    }

    /// The domains that have all that they may have, those with the most first.
    pub(super) fn full(&self) -> Vec<String> {
        let taken = self.taken();
        let full = taken.by_domain.iter().filter(|(_, places)| !self.may_have_another(&taken, **places));
        let mut full: Vec<_> = full.collect();
        full.sort_by_key(|(_, places)| Reverse(**places));
        full.into_iter().map(|(domain, _)| domain.clone()).collect()
    }

    const fn may_have_another(&self, taken: &Taken, places: usize) -> bool {
        taken.free > 0 && (!self.are_shared || places < taken.free)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.free += 1;
        if let Some(places) = taken.by_domain.get_mut(&self.domain) {
            *places -= 1;
            if *places == 0 {
                taken.by_domain.remove(&self.domain);
            }
        }
    }
}

/// What stands behind the last `@`, or everything.
fn domain(recipient: &str) -> String {
    recipient.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many places as a domain may have.
    fn take_all(places: &Places, recipient: &str) -> Vec<Place> {
        std::iter::from_fn(|| places.take(recipient)).collect()
    }

    #[test]
    fn a_domain_has_half_of_the_places_and_leaves_the_others_theirs() {
        let places = Places::new(4, true);
        let [one, other] = ["ada@example.com", "grace@EXAMPLE.com"].map(|recipient| places.take(recipient));
        assert!(one.is_some() && other.is_some());
        assert!(places.take("eve@example.com").is_none());
        assert_eq!(places.full(), ["example.com"]);
        assert!(places.are_free_for("example.org"));
        drop(one);
        assert!(places.are_free_for("example.com") && places.full().is_empty());
        assert!(places.take("eve@example.com").is_some());
    }

    #[test]
    fn each_of_several_slow_domains_has_in_the_end_as_many_as_are_free() {
        let places = Places::new(24, true);
        let domains = ["a.example", "b.example", "c.example"];
        let mut held = domains.map(|domain| take_all(&places, domain));
        assert_eq!(held.each_ref().map(Vec::len), [12, 6, 3]);
        for turn in 0..100 {
            let (domain, held) = (domains[turn % 3], &mut held[turn % 3]);
            held.pop();
            held.extend(take_all(&places, domain));
        }
        assert_eq!(held.each_ref().map(Vec::len), [6, 6, 6]);
        assert_eq!(take_all(&places, "example.com").len(), 3);
    }

    #[test]
    fn a_domain_has_all_of_those_that_are_not_shared() {
        let places = Places::new(4, false);
        let held = take_all(&places, "example.com");
        assert_eq!(held.len(), 4);
        assert!(!places.are_free());
        drop(held);
        assert!(places.are_free());
    }
}
