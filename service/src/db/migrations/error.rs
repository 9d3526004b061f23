//! Why the migrations failed, and what to do about it.

use crate::db::{Cause, Error, Outage};

/// Why the migrations failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database could not be used.
    #[error(transparent)]
    Database(#[from] Error),
    /// A statement failed. It took no effect.
    #[error("migration {number:04} {name} failed and took no effect")]
    Failed {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
        /// What the database says.
        #[source]
        cause: Cause,
    },
    /// A migration was begun and its end not recorded.
    #[error(
        "migration {number:04} {name} was begun, but not recorded as finished: the process was killed or lost its \
         connection. Check whether its statement took effect:\n\n{sql}\n\nIf it did, run `users-service migrate \
         --mark-applied {number}`; if not, `users-service migrate --mark-pending {number}`; then migrate again."
    )]
    HalfApplied {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
        /// Its statement.
        sql: String,
    },
    /// The number to be marked is not that of a half-applied migration.
    #[error(
        "migration {0:04} is not half-applied, so there is nothing to mark; `migrate --status` shows the states"
    )]
    NothingToMark(u32),
    /// Another process migrates the same database.
    #[error(
        "another process holds the migration lock and did not release it within {0} seconds; try again later"
    )]
    Locked(u64),
    /// Rows of an older service that would violate the new unique keys.
    #[error("the table users holds rows that the unique keys will not allow side by side. Nothing has been altered. \
             Change or remove all but one of each group, then migrate again:\n{}", .0.join("\n"))]
    Collisions(Vec<String>),
    /// The table `users` is not that of this service.
    #[error(
        "there is a table users already, and it is not that of this service: {0}. Nothing has been altered"
    )]
    ForeignTable(String),
}

/// The error of a database that could not be migrated when it was opened.
impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Database(error) => error,
            error => Self::unavailable(Outage::NotMigrated, error),
        }
    }
}
