//! The places for mails that are sent at once, and which domains have them: one whose server takes long holds up no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of one run. A clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// How many one domain may have.
    each: usize,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A place that a domain has until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    domain: String,
    places: Places,
}

impl Places {
    /// So many for each domain.
    pub(super) fn new(each: usize) -> Self {
        Self { each, taken: Arc::default() }
    }

    /// A place for the domain of a recipient; `None` if it has all that it may have.
    pub(super) fn take(&self, recipient: &str) -> Option<Place> {
        let domain = domain(recipient);
        let mut taken = self.taken();
        let places = taken.entry(domain.clone()).or_default();
        if *places >= self.each {
            return None;
        }
        *places += 1;
        Some(Place { domain, places: self.clone() })
    }

    /// Whether a domain may have one more.
    pub(super) fn are_free_for(&self, domain: &str) -> bool {
        self.taken().get(domain).is_none_or(|places| *places < self.each)
    }

    /// The domains that have all that they may have.
    pub(super) fn full(&self) -> Vec<String> {
        let taken = self.taken();
        taken.iter().filter(|(_, places)| **places >= self.each).map(|(domain, _)| domain.clone()).collect()
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(places) = taken.get_mut(&self.domain) {
            *places -= 1;
            if *places == 0 {
                taken.remove(&self.domain);
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

    #[test]
    fn a_domain_has_so_many_places_and_leaves_the_others_theirs() {
        let places = Places::new(2);
        let [one, other] = ["ada@example.com", "grace@EXAMPLE.com"].map(|recipient| places.take(recipient));
        assert!(one.is_some() && other.is_some());
        assert!(places.take("eve@example.com").is_none());
        assert_eq!(places.full(), ["example.com"]);
        assert!(places.take("ada@example.org").is_some() && places.are_free_for("example.org"));
        drop(one);
        assert!(places.are_free_for("example.com") && places.full().is_empty());
        assert!(places.take("eve@example.com").is_some());
    }
}
