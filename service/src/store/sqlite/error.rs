//! What SQLite's result codes mean for a request. <https://www.sqlite.org/rescode.html>

use crate::store::{Error, Outage};
use crate::users::{self, UniqueField};

/// What a failed statement is to the service.
pub(super) fn fault(error: sqlx::Error) -> Error {
    match outage(&error) {
        Some(reason) => Error::unavailable(reason, error),
        None => Error::Internal(error.into()),
    }
}

/// Whether another connection was in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    outage(error) == Some(Outage::Busy)
}

fn outage(error: &sqlx::Error) -> Option<Outage> {
    match error {
        sqlx::Error::PoolTimedOut => Some(Outage::Busy),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
            Some(Outage::Unreachable)
        }
        sqlx::Error::Database(database) => {
            let code: i32 = database.code()?.parse().ok()?;
            // The primary result code; the extended one is in the higher bits.
            outage_of_code(code & 0xff, database.message())
        }
        _ => None,
    }
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

/// The same for a statement that may meet a unique key: `UNIQUE constraint failed: users.email`.
pub(super) fn users_fault(error: sqlx::Error) -> users::Error {
    let field = error.as_database_error().filter(|error| error.is_unique_violation()).and_then(|error| {
        match error.message().rsplit_once('.')?.1 {
            "username" => Some(UniqueField::Username),
            "email" => Some(UniqueField::Email),
            _ => None,
        }
    });
    field.map_or_else(|| fault(error).into(), users::Error::Taken)
}
