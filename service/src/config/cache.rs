//! Whether users that were read are kept for a while.

use std::time::Duration;

use super::reader::Reader;
use super::setting::settings;

settings! {
    CACHE_TTL = "0",
        "For how many seconds a user that was read may be served again; what other processes write is seen as much later. 0 is off";
    CACHE_SIZE = "10000", "How many users are kept at most, with CACHE_TTL: each way to one, by id, name or address, counts";
}

/// A day: whoever wants more wants a copy.
const LONGEST: usize = 24 * 60 * 60;
/// About a gigabyte.
const LARGEST: usize = 1_000_000;

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
    let seconds = reader.get(&CACHE_TTL).in_range(0..=LONGEST);
    let size = reader.get(&CACHE_SIZE).in_range(1..=LARGEST);
    let (time_to_live, size) = (Duration::from_secs(seconds? as u64), size? as u64);
    Some((!time_to_live.is_zero()).then_some(Cache { time_to_live, size }))
}
