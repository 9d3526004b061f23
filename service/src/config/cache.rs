//! The cache of users.

use std::time::Duration;

use super::reader::Reader;
use super::setting::settings;

settings! {
    CACHE_TTL = "0",
        "How many seconds a user may be served from the cache; changes by other processes show up at most that much later. 0 turns the cache off";
    CACHE_SIZE = "10000", "The most entries in the cache; a lookup by id, by username and by email address is an entry each";
}

/// One day.
const MAX_TTL: usize = 24 * 60 * 60;
/// About a gigabyte.
const MAX_SIZE: usize = 1_000_000;

/// How users are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// How long after it was read a user may be served.
    pub time_to_live: Duration,
    /// How many entries there are at most.
    pub size: u64,
}

/// How users are kept; `Some(None)` is not at all.
#[expect(clippy::option_option, reason = "None is a problem, as everywhere in the reader")]
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Option<Cache>> {
    let seconds = reader.get(&CACHE_TTL).in_range(0..=MAX_TTL);
    let size = reader.get(&CACHE_SIZE).in_range(1..=MAX_SIZE);
    let (time_to_live, size) = (Duration::from_secs(seconds? as u64), size? as u64);
    Some((!time_to_live.is_zero()).then_some(Cache { time_to_live, size }))
}
