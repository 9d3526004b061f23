//! Users that were read lately, kept for a while if `CACHE_TTL` says so. Nothing but users: whoever calls, and what that caller
//! may do, is always read.
//!
//! Nothing is removed by a write. Each reading has the moment at which it began, each group of users the moment up to which
//! readings of them may be outdated, and the two are compared whenever something is served. So a reading that began before a
//! write and ends after it is served to nobody who comes after the write.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{Lookup, User};
use crate::clock::{IdleSince, monotonic};
use crate::db::{self, DatabaseError};
use crate::user_id::UserId;
use crate::{config, request_context};

/// How many groups there are: a write to one user makes the kept users of the same group outdated, too.
const GROUPS: usize = 1 << 10;

/// How long a write may still take effect of which nobody has seen the end: its client has gone, or its answer was lost. The
/// statements of a request end within 8 seconds, and a server may be at the last one for a little longer.
const UNKNOWN_OUTCOME: Duration = Duration::from_secs(10);

/// How long somebody else's reading is waited for. Whoever has waited so long reads for itself, as without a cache.
const WAIT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a user is read by, exactly as it was asked for: whether two spellings are one name is for the database to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Id(UserId),
    Lookup(Lookup),
}

/// A user, or that there is none.
pub(super) struct Found {
    pub(super) user: Option<User>,
    /// How long ago the reading began, if it was another request's.
    pub(super) age: Option<Duration>,
}

/// The users that are kept. Clones share them.
#[derive(Clone)]
pub struct UserCache(Arc<Shared>);

struct Shared {
    slots: Cache<Key, Arc<Slot>>,
    time_to_live: Duration,
    /// When it was made. Moments are nanoseconds since.
    made: Instant,
    /// For each group, up to which moment readings may be outdated.
    outdated: Vec<AtomicU64>,
    /// The same for readings of which it is not known yet whom they find.
    outdated_any: AtomicU64,
}

/// One reading, which everybody shares who asks meanwhile or soon after.
struct Slot {
    /// The moment before it began.
    began: u64,
    since: IdleSince,
    found: OnceCell<Option<User>>,
}

impl UserCache {
    /// Nothing yet.
    #[must_use]
    pub fn new(config: config::Cache) -> Self {
        let config::Cache { time_to_live, size } = config;
        Self(Arc::new(Shared {
            // The default policy refuses what is new while the others are asked for more often: who came next would read, too.
            slots: Cache::builder()
                .max_capacity(size)
                .time_to_live(time_to_live)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            time_to_live,
            made: monotonic(),
            outdated: std::iter::repeat_with(AtomicU64::default).take(GROUPS).collect(),
            outdated_any: AtomicU64::default(),
        }))
    }

    /// The user of this key, as kept for less than `max_age` or as `read` finds it. Of all that ask at once, one reads.
    ///
    /// That there is no such user is told to those who have waited for it, and not kept.
    ///
    /// # Errors
    /// Those of `read`. They are nobody else's: of those who have waited, the next reads.
    pub(super) async fn get<F>(
        &self,
        key: Key,
        max_age: Option<Duration>,
        read: impl Fn() -> F,
    ) -> Result<Found, db::Error>
    where
        F: Future<Output = Result<Option<User>, db::Error>>,
    {
        let slot = self.0.slot(&key, max_age);
        if let Some(found) = slot.found.get() {
            return Ok(Found { user: found.clone(), age: Some(slot.since.elapsed()) });
        }
        // The time of the request runs while it waits.
        let left = request_context::deadline().saturating_duration_since(monotonic());
        let leads = AtomicBool::new(false);
        let found = {
            let mut reading = pin!(slot.found.get_or_try_init(async || {
                leads.store(true, Ordering::Relaxed);
                let mut unkept = Unkept { shared: &self.0, key, slot: &slot, is_kept: false };
                let found = read().await?;
                unkept.is_kept = found.is_some();
                Ok::<_, db::Error>(found)
            }));
            match timeout(WAIT_TIMEOUT.min(left), &mut reading).await {
                Ok(found) => Some(found?),
                Err(_) if leads.load(Ordering::Relaxed) => Some(reading.await?),
                // Who does not wait any more must not be in the queue: its turn would come, and nobody would take it.
                Err(_) => None,
            }
        };
        let Some(found) = found else { return Ok(Found { user: read().await?, age: None }) };
        let age = (!leads.load(Ordering::Relaxed)).then(|| slot.since.elapsed());
        Ok(Found { user: found.clone(), age })
    }

    /// That there was no such user is not served any more.
    pub(super) fn added(&self, id: UserId) {
        self.0.outdate(id, Duration::ZERO);
    }
}

impl Shared {
    /// The slot of a key: the one that is there, unless it is useless or too old.
    fn slot(&self, key: &Key, max_age: Option<Duration>) -> Arc<Slot> {
        let limit = max_age.map_or(self.time_to_live, |max_age| max_age.min(self.time_to_live));
        let begin = || Arc::new(Slot { began: self.now(), since: IdleSince::now(), found: OnceCell::new() });
        let is_useless = |slot: &Arc<Slot>| !self.is_current(key, slot) || slot.since.elapsed() >= limit;
        self.slots.entry_by_ref(key).or_insert_with_if(begin, is_useless).into_value()
    }

    /// Whether no write of this process has ended since the reading began that could have changed what it finds.
    fn is_current(&self, key: &Key, slot: &Slot) -> bool {
        let outdated = match (slot.found.get(), key) {
            (Some(Some(user)), _) => self.group(user.id),
            (Some(None), _) => return false,
            (None, Key::Id(id)) => self.group(*id),
            (None, Key::Lookup(_)) => &self.outdated_any,
        };
        slot.began > outdated.load(Ordering::SeqCst)
    }

    /// What has been read of a user up to now, and is read within this time, may be outdated.
    fn outdate(&self, id: UserId, within: Duration) {
        let now = self.now();
        self.outdated_any.fetch_max(now, Ordering::SeqCst);
        self.group(id).fetch_max(now.saturating_add(nanoseconds(within)), Ordering::SeqCst);
    }

    fn group(&self, id: UserId) -> &AtomicU64 {
        let id = usize::try_from(id.get()).unwrap_or(usize::MAX);
        &self.outdated[id % GROUPS]
    }

    fn now(&self) -> u64 {
        nanoseconds(monotonic().saturating_duration_since(self.made))
    }
}

/// Five centuries fit.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A reading under way. If it fails, finds nobody or is abandoned, its slot goes: what strangers look for takes no place.
struct Unkept<'a> {
    shared: &'a Shared,
    key: Key,
    slot: &'a Arc<Slot>,
    is_kept: bool,
}

impl Drop for Unkept<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let entry = self.shared.slots.entry_by_ref(&self.key);
        entry.and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(entry.value(), self.slot) => Op::Remove,
            _ => Op::Nop,
        });
    }
}

/// A write under way. Once it has ended, nothing that was read of the user before is served. If nobody sees its end, because it
/// is abandoned or its answer is lost, nothing is for as long as it may still take effect.
pub(super) struct Writing {
    cache: Option<UserCache>,
    id: UserId,
    is_settled: bool,
}

impl Writing {
    /// A write to this user that is about to begin.
    pub(super) const fn begin(cache: Option<UserCache>, id: UserId) -> Self {
        Self { cache, id, is_settled: false }
    }

    /// It has ended like this.
    pub(super) fn end<T, E: DatabaseError>(mut self, result: &Result<T, E>) {
        self.is_settled = result.as_ref().err().and_then(DatabaseError::database_error).is_none();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(cache) = &self.cache {
            let within = if self.is_settled { Duration::ZERO } else { UNKNOWN_OUTCOME };
            cache.0.outdate(self.id, within);
        }
    }
}

#[cfg(test)]
mod tests;
