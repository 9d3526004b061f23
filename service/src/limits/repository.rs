//! The statements of the limits.

use chrono::{DateTime, Utc};

use super::gcra::Cell;
use crate::db::{Computed, Error, Executor, Statement, Written};

/// The key of a row.
pub(super) type Bucket = [u8; 16];

/// Counts a hit if there is room, decided and written by one statement, so that no two can take the same room. It returns
/// the `tat` that the hit leads to, or would lead to: whether there was room shows in it.
///
/// In MySQL the answer is that of `last_insert_id(expression)`, which comes with the acknowledgement. SQLite cannot return
/// what it does not store, hence `ahead`.
const TAKE: Statement = Statement::write(
    "limits.take",
    "insert into rate_limits (bucket, tat) values (?, last_insert_id(?))
     on duplicate key update
         tat = last_insert_id(least(greatest(tat, ?), ?) + ?) - if(tat <= ?, 0, ?)",
)
.on_sqlite(
    "insert into rate_limits (bucket, tat, ahead) values (?1, ?2, ?5)
     on conflict (bucket) do update set
         ahead = min(max(tat, ?3), ?4) + ?5 - ?3,
         tat = min(max(tat, ?3), ?4) + case when tat <= ?6 then ?7 else 0 end
     returning ahead + ?3",
);

/// Counts a hit if there is room, and returns the `tat` that it leads to, or would lead to.
pub(super) async fn take(executor: impl Executor, bucket: &Bucket, hit: &Cell) -> Result<i64, Error> {
    let values = [
        bucket[..].into(),
        hit.now.saturating_add(hit.interval).into(),
        hit.now.into(),
        hit.latest().into(),
        hit.interval.into(),
        hit.last_with_room().into(),
        hit.interval.into(),
    ];
    let Computed(tat) = executor.run(&TAKE, &values).await?;
    Ok(tat)
}

/// From how many buckets one statement takes.
pub(super) const GIVEN_BACK_AT_ONCE: usize = 3;

/// A bucket that is empty after it, or would be emptier than empty, forgets when it became so: a clock that is set back
/// must not make it look full. All in one, as a commit takes longer than anything else in it.
const GIVE_BACK: Statement = Statement::write(
    "limits.give_back",
    "update rate_limits set tat = case bucket
         when ? then case when tat > ? then tat - ? else 0 end
         when ? then case when tat > ? then tat - ? else 0 end
         else case when tat > ? then tat - ? else 0 end
     end
     where bucket in (?, ?, ?)",
);

/// Takes so many milliseconds out of each of these buckets.
pub(super) async fn give_back(
    executor: impl Executor,
    amounts: [(Bucket, i64); GIVEN_BACK_AT_ONCE],
    now: i64,
) -> Result<(), Error> {
    let full = |amount: i64| now.max(0).saturating_add(amount).into();
    let [(first, one), (second, two), (third, three)] = amounts;
    let values = [
        first[..].into(),
        full(one),
        one.into(),
        second[..].into(),
        full(two),
        two.into(),
        full(three),
        three.into(),
        first[..].into(),
        second[..].into(),
        third[..].into(),
    ];
    executor.run::<Written>(&GIVE_BACK, &values).await.map(drop)
}

/// How many rows one statement deletes at most.
pub(super) const BATCH: u64 = 1000;

/// How many first octets a range of buckets has: there are 64 ranges.
const WIDTH: u8 = 4;

/// There is no index on `tat`, which would make every hit slower. So a statement reads all the rows of a range, and in MySQL
/// it locks what it reads: hits on other ranges need not wait.
const DELETE_EMPTY: Statement = Statement::write(
    "limits.delete_empty",
    "delete from rate_limits where bucket between ? and ? and tat <= ? limit 1000",
)
.on_sqlite(
    "delete from rate_limits where bucket in (
         select bucket from rate_limits where bucket between ? and ? and tat <= ? limit 1000
     )",
);

/// The first and the last bucket of each range. The buckets are spread evenly, as every keyed hash is.
pub(super) fn ranges() -> impl Iterator<Item = [Bucket; 2]> {
    (0..=u8::MAX).step_by(WIDTH.into()).map(|first| {
        let [mut from, mut to] = [[0; 16], [u8::MAX; 16]];
        from[0] = first;
        to[0] = first + (WIDTH - 1);
        [from, to]
    })
}

/// Deletes up to [`BATCH`] buckets of a range that are empty, which is what a bucket without a row is, and returns their
/// number.
pub(super) async fn delete_empty(
    executor: impl Executor,
    [from, to]: &[Bucket; 2],
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let values = [from[..].into(), to[..].into(), now.timestamp_millis().into()];
    let deleted: Written = executor.run(&DELETE_EMPTY, &values).await?;
    Ok(deleted.rows)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config;
    use crate::db::Database;
    use crate::limits::Rate;
    use crate::migrations::ALL;

    #[tokio::test]
    async fn one_statement_deletes_a_thousand_rows_at_most() {
        let in_memory = config::Database::Sqlite(PathBuf::from(":memory:"));
        let database = Database::open(in_memory, ALL).await.unwrap();
        let hit = Cell::new(&"1/1s".parse::<Rate>().unwrap().named("test"), 0);
        for number in 0..BATCH + 2 {
            let mut bucket = Bucket::default();
            bucket[..8].copy_from_slice(&number.to_be_bytes());
            take(&database, &bucket, &hit).await.unwrap();
        }
        let later = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1);
        let all = [Bucket::default(), [u8::MAX; 16]];
        assert_eq!(delete_empty(&database, &all, later).await.unwrap(), BATCH);
        assert_eq!(delete_empty(&database, &all, later).await.unwrap(), 2);
        assert_eq!(delete_empty(&database, &all, later).await.unwrap(), 0);
    }

    #[test]
    fn every_bucket_is_in_one_range() {
        let ranges: Vec<_> = ranges().map(|range| range.map(u128::from_be_bytes)).collect();
        assert_eq!((ranges.len(), ranges[0][0], ranges[63][1]), (64, 0, u128::MAX));
        assert!(ranges.windows(2).all(|pair| pair[0][1] + 1 == pair[1][0]), "{ranges:?}");
    }
}
