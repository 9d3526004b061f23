//! Values by name, of which a few are added and none is removed.

use std::sync::OnceLock;

/// At most so many values by name. To look one up takes no lock, and memory only the first time.
#[derive(Debug)]
pub(super) struct Table<T, const SLOTS: usize>([OnceLock<(Box<str>, T)>; SLOTS]);

impl<T, const SLOTS: usize> Table<T, SLOTS> {
    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; SLOTS])
    }

    /// The value of this name, which is made if there is none; `None` if there is no room for it.
    pub(super) fn get(&self, name: &str, make: impl Fn() -> T) -> Option<&T> {
        let first = hash(name);
        (0..SLOTS).find_map(|step| {
            let slot = &self.0[first.wrapping_add(step) % SLOTS];
            let (known, value) = slot.get_or_init(|| (name.into(), make()));
            (**known == *name).then_some(value)
        })
    }

    /// What is in it, by name.
    pub(super) fn entries(&self) -> Vec<(&str, &T)> {
        let entries = self.0.iter().filter_map(OnceLock::get);
        let mut entries: Vec<_> = entries.map(|(name, value)| (&**name, value)).collect();
        entries.sort_unstable_by_key(|&(name, _)| name);
        entries
    }
}

/// FNV-1a. The names are the service's own: nobody can choose those that collide.
fn hash(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The upper half is as good as the lower.
    (hash >> 32) as u32 as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::instruments::Counter;

    #[test]
    fn there_is_one_value_for_each_name_until_the_table_is_full() {
        let table = Table::<Counter, 4>::new();
        for name in ["d", "b", "a", "b", "c", "b"] {
            table.get(name, Counter::new).unwrap().count();
        }
        assert!(table.get("e", Counter::new).is_none());
        let counts: Vec<_> = table.entries().into_iter().map(|(name, count)| (name, count.get())).collect();
        assert_eq!(counts, [("a", 1), ("b", 3), ("c", 1), ("d", 1)]);
    }

    #[test]
    fn threads_that_come_at_once_count_in_the_same_value() {
        let table = Table::<Counter, 64>::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for name in (0..32).map(|number| format!("/{number}")) {
                        table.get(&name, Counter::new).unwrap().count();
                    }
                });
            }
        });
        assert_eq!(table.entries().iter().map(|(_, count)| count.get()).collect::<Vec<_>>(), [8; 32]);
    }
}
