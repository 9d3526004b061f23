//! Limits that all processes share: they are counted in the database.

use std::array;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use tracing::warn;

use super::gcra::Cell;
use super::repository::{self, Bucket, GIVEN_BACK_AT_ONCE};
use super::{Error, Exceeded, Limit};
use crate::clock::Clock;
use crate::db::{self, Database, Transaction};
use crate::error_chain::chain;
use crate::keys::{self, KeyRing, MacKeys, code_of};
use crate::request_context;

/// The purpose for which the key is derived.
const KEY_PURPOSE: &str = "limits";

/// How long it may take to give hits back.
const GIVE_BACK_LIMIT: Duration = Duration::from_secs(2);

/// The largest amount that [`Limits::take_strictly`] counts strictly.
const MAX_STRICT_AMOUNT: u32 = 100;

/// Counts what is limited, in the database. A clone counts in the same buckets.
#[derive(Clone)]
pub struct Limits {
    database: Database,
    clock: Arc<dyn Clock>,
    key: hmac::Key,
}

/// A hit that was counted, for [`Limits::give_back`]. Dropped, it goes on counting.
#[derive(Debug)]
pub struct Hit {
    bucket: Bucket,
    interval: i64,
    /// When it will have drained from its bucket, in milliseconds.
    counts_until: i64,
}

/// Hits of one attempt, each on another limit. Dropped, they count.
pub struct Attempt {
    limits: Limits,
    hits: Vec<Hit>,
}

impl Attempt {
    /// Counts on these limits; nothing has been counted yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, hits: Vec::new() }
    }

    /// Counts a hit; see [`Limits::take`].
    ///
    /// # Errors
    /// Those of [`Limits::take`]. The hits before it go on counting.
    pub async fn take(&mut self, limit: &Limit, subject: &[&[u8]]) -> Result<(), Error> {
        self.hits.push(self.limits.take(limit, subject).await?);
        Ok(())
    }

    /// Counts a hit; see [`Limits::take_strictly`].
    ///
    /// # Errors
    /// Those of [`Limits::take_strictly`]. The hits before it go on counting.
    pub async fn take_strictly(&mut self, limit: &Limit, subject: &[&[u8]]) -> Result<(), Error> {
        self.hits.push(self.limits.take_strictly(limit, subject).await?);
        Ok(())
    }

    /// Makes the attempt not count; see [`Limits::give_back`].
    pub async fn give_back(self) {
        self.limits.give_back(&self.hits).await;
    }

    /// The same together with what the attempt was for, which saves a commit. To be the last in its transaction, because others
    /// from the same address wait for it.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn give_back_in(&self, transaction: &mut Transaction) -> Result<(), db::Error> {
        let now = self.limits.now();
        for amounts in in_statements(&amounts(&self.hits, now)) {
            repository::give_back(&mut *transaction, amounts, now).await?;
        }
        Ok(())
    }
}

impl Limits {
    /// Counts in this database by this clock. A key makes of a login or an address the name of its bucket, from which
    /// neither can be told; with another key, everybody begins anew.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, keys: &MacKeys) -> Self {
        Self { database, clock, key: keys.derive(KEY_PURPOSE) }
    }

    /// The same with the key of a ring.
    ///
    /// # Errors
    /// If the keys cannot be read.
    pub async fn open(
        database: Database,
        clock: Arc<dyn Clock>,
        keys: &KeyRing,
    ) -> Result<Self, keys::Error> {
        Ok(Self::new(database, clock, &keys.mac_keys().await?))
    }

    /// Counts a hit on a limit for somebody or something, such as a login and an address. This is one statement, and
    /// exact however many come at once.
    ///
    /// # Errors
    /// [`Error::Exceeded`] if there is no room for it; then it does not count.
    pub async fn take(&self, limit: &Limit, subject: &[&[u8]]) -> Result<Hit, Error> {
        let hit = self.take_from(self.bucket(limit, subject), limit).await?;
        hit.map_err(|wait| Exceeded::counted(*limit, wait).into())
    }

    /// The same, but no more than the amount is let in within any window, wherever that begins: each of the amount has a bucket of
    /// its own, with room for one. That takes up to as many statements; an amount of more than a hundred is counted as by
    /// [`Self::take`].
    ///
    /// # Errors
    /// Those of [`Self::take`].
    pub async fn take_strictly(&self, limit: &Limit, subject: &[&[u8]]) -> Result<Hit, Error> {
        if limit.amount() > MAX_STRICT_AMOUNT {
            return self.take(limit, subject).await;
        }
        let one = &limit.of_one();
        let mut shortest = Duration::MAX;
        for place in 0..limit.amount() {
            let bucket = self.bucket(limit, &[subject, &[&place.to_be_bytes()]].concat());
            match self.take_from(bucket, one).await? {
                Ok(hit) => return Ok(hit),
                Err(wait) => shortest = shortest.min(wait),
            }
        }
        Err(Exceeded::counted(*limit, shortest).into())
    }

    /// Counts a hit in a bucket, or says how long to wait for room.
    async fn take_from(&self, bucket: Bucket, limit: &Limit) -> Result<Result<Hit, Duration>, db::Error> {
        let cell = Cell::new(limit, self.now());
        let tat = repository::take(&self.database, &bucket, &cell).await?;
        let counts_until = cell.outcome(tat);
        Ok(counts_until.map(|counts_until| Hit { bucket, interval: cell.interval, counts_until }))
    }

    /// Makes hits on different limits not count after all. What has drained from a bucket since, or will have drained before it,
    /// is not given back: that would be room for the hits of others. A failure of the database is logged and means that the
    /// hits count.
    ///
    /// It has a task and a time of its own: the request may fail because its time is up, or its client be gone.
    pub async fn give_back(&self, hits: &[Hit]) {
        let now = self.now();
        let amounts = amounts(hits, now);
        if amounts.is_empty() {
            return;
        }
        let giving_back = give_back(self.database.clone(), amounts, now);
        let done = tokio::spawn(request_context::beyond_the_deadline(GIVE_BACK_LIMIT, giving_back)).await;
        if let Err(error) = done {
            warn!(%error, "A hit on a limit could not be given back");
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn bucket(&self, limit: &Limit, subject: &[&[u8]]) -> Bucket {
        let code = code_of(&self.key, iter::once(limit.name().as_bytes()).chain(subject.iter().copied()));
        let mut bucket = Bucket::default();
        bucket.copy_from_slice(&code.as_ref()[..size_of::<Bucket>()]);
        bucket
    }
}

async fn give_back(database: Database, amounts: Vec<(Bucket, i64)>, now: i64) {
    for amounts in in_statements(&amounts) {
        if let Err(error) = repository::give_back(&database, amounts, now).await {
            warn!(cause = chain(&error), "A hit on a limit could not be given back");
        }
    }
}

/// What is left to be given back of these hits.
fn amounts(hits: &[Hit], now: i64) -> Vec<(Bucket, i64)> {
    let left = |hit: &Hit| hit.counts_until.saturating_sub(now).min(hit.interval);
    hits.iter().map(|hit| (hit.bucket, left(hit))).filter(|(_, left)| *left > 0).collect()
}

/// What one statement gives back: of fewer the last is named several times, and taken from once.
fn in_statements(
    amounts: &[(Bucket, i64)],
) -> impl Iterator<Item = [(Bucket, i64); GIVEN_BACK_AT_ONCE]> + Send {
    let some = amounts.chunks(GIVEN_BACK_AT_ONCE);
    some.map(|some| array::from_fn(|place| some[place.min(some.len() - 1)]))
}
