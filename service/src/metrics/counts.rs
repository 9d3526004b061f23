//! What is counted without labels, or with a handful that are known beforehand.

use super::instruments::{Counter, Gauge, TimeSpent};
use super::table::Table;
use crate::clock::{Clock, SystemClock};
use crate::db::Error;

pub(super) static STATEMENTS_OK: Counter = Counter::new();
pub(super) static STATEMENTS_REFUSED: Counter = Counter::new();
pub(super) static STATEMENTS_UNAVAILABLE: Counter = Counter::new();
pub(super) static STATEMENTS_FAILED: Counter = Counter::new();
pub(crate) static STATEMENT_RETRIES: Counter = Counter::new();
/// Times that a connection to the database, or the right to write, was waited for.
pub(crate) static CONNECTION_WAITS: Counter = Counter::new();
pub(crate) static CONNECTION_WAIT_TIME: TimeSpent = TimeSpent::new();
pub(crate) static CONNECTION_REFUSALS: Counter = Counter::new();
pub(crate) static HTTP_CONNECTIONS: Gauge = Gauge::new();
pub(crate) static HASHES: Counter = Counter::new();
pub(crate) static HASH_TIME: TimeSpent = TimeSpent::new();
pub(crate) static HASH_REFUSALS: Counter = Counter::new();
pub(crate) static MAILS_SENT: Counter = Counter::new();
pub(crate) static MAILS_POSTPONED: Counter = Counter::new();
pub(crate) static MAILS_GIVEN_UP: Counter = Counter::new();
pub(crate) static MAILS_UNDELIVERABLE: Counter = Counter::new();
/// Those in the outbox, when it was last looked at.
pub(crate) static MAILS_WAITING: Gauge = Gauge::new();
/// When the oldest of them was written down, in milliseconds since 1970; zero without one.
pub(crate) static OLDEST_MAIL: Gauge = Gauge::new();
pub(crate) static ADDRESSES_UNDELIVERABLE: Counter = Counter::new();
pub(crate) static REFRESH_TOKENS_REUSED: Counter = Counter::new();
pub(crate) static JOBS_DONE: Counter = Counter::new();
pub(crate) static JOBS_FAILED: Counter = Counter::new();
pub(crate) static JOBS_OUT_OF_TIME: Counter = Counter::new();
pub(crate) static LOG_LINES_DROPPED: Counter = Counter::new();

/// Refusals by the name of the limit, of which the service has about ten.
pub(super) static LIMIT_REFUSALS: Table<Counter, 32> = Table::new();

/// Counts a statement by what came of it.
pub(crate) fn statement<T>(result: &Result<T, Error>) {
    let counter = match result {
        Ok(_) => &STATEMENTS_OK,
        Err(Error::Duplicate { .. } | Error::ForeignKey(_)) => &STATEMENTS_REFUSED,
        Err(Error::Unavailable { .. }) => &STATEMENTS_UNAVAILABLE,
        Err(Error::Internal(_)) => &STATEMENTS_FAILED,
    };
    counter.count();
}

/// Counts a refusal by the limit of this name.
pub(crate) fn limit_refused(name: &'static str) {
    if let Some(counter) = LIMIT_REFUSALS.get(name, Counter::new) {
        counter.count();
    }
}

/// The seconds since a moment in milliseconds since 1970; none if there was no such moment.
pub(super) fn seconds_since(millis: u64) -> u64 {
    if millis == 0 {
        return 0;
    }
    let now = u64::try_from(SystemClock.now().timestamp_millis()).unwrap_or_default();
    now.saturating_sub(millis) / 1_000
}

/// The refusals by each limit.
pub(super) fn refusals_by_limit() -> Vec<(&'static str, u64)> {
    LIMIT_REFUSALS.entries().into_iter().map(|(name, counter)| (name, counter.get())).collect()
}

/// The refusals by all limits.
pub(super) fn limit_refusals() -> u64 {
    refusals_by_limit().iter().map(|(_, count)| count).sum()
}
