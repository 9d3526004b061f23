//! What SQLite's result codes mean for a request. <https://www.sqlite.org/rescode.html>

use crate::db::error::Invalidation;
use crate::db::{Error, Outage};

/// What an error means, and which connections it invalidates.
pub(in crate::db) fn classify(error: sqlx::Error) -> (Error, Invalidation) {
    if let Some(key) = duplicate_key(&error) {
        return (Error::Duplicate { key }, Invalidation::None);
    }
    if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) {
        return (Error::ForeignKey(error.into()), Invalidation::None);
    }
    match error {
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
            (Error::unavailable(Outage::Unreachable, error), Invalidation::This)
        }
        error => match outage(&error) {
            Some(reason) => (Error::unavailable(reason, error), Invalidation::None),
            None => (Error::Internal(error.into()), Invalidation::None),
        },
    }
}

/// Whether another connection holds the lock.
pub(in crate::db) fn is_busy(error: &sqlx::Error) -> bool {
    outage(error) == Some(Outage::Busy)
}

fn outage(error: &sqlx::Error) -> Option<Outage> {
    let database = error.as_database_error()?;
    let code: i32 = database.code()?.parse().ok()?;
    // The primary result code; the extended one is in the higher bits.
    outage_of_code(code & 0xff, database.message())
}

fn outage_of_code(code: i32, message: &str) -> Option<Outage> {
    match code {
        5 | 6 => Some(Outage::Busy),
        8 => Some(Outage::ReadOnly),
        7 | 13 => Some(Outage::Full),
        3 | 10 | 14 => Some(Outage::Unreachable),
        11 | 26 => Some(Outage::Damaged),
        1 if message.starts_with("no such table") || message.starts_with("no such index") => {
            Some(Outage::NotMigrated)
        }
        _ => None,
    }
}

/// The name that the key has on MySQL, of `UNIQUE constraint failed: users.email`: `idx_` and its columns.
fn duplicate_key(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error().filter(|error| error.is_unique_violation())?;
    let columns = error.message().rsplit_once(": ")?.1;
    let columns = columns.split(", ").map(|column| column.rsplit_once('.').map_or(column, |(_, name)| name));
    Some(columns.fold("idx".to_owned(), |key, column| key + "_" + column))
}
