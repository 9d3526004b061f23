//! The databases. `Store` is what the service needs of one; each folder implements it, with one file per feature.

mod error;
pub mod migration;
mod mysql;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::error::{Cause, Error, Outage};
use self::migration::{MigrateError, Step, Task};
pub use self::mysql::accounts;
use crate::config::Database;
use crate::users::UserRepository;

/// A database that holds everything the service keeps.
#[async_trait]
pub trait Store: UserRepository {
    /// Whether requests can be served: one statement on the tables, within [`READY_LIMIT`].
    ///
    /// # Errors
    /// Why they cannot.
    async fn ready(&self) -> Result<(), Error>;

    /// What kind of database it is, for people: `MySQL at db.example:3306`.
    fn description(&self) -> String;
}

/// How long the round trip of [`Store::ready`] may take.
pub const READY_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);

/// Applies or shows the migrations of a database.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(database: Database, task: Task) -> Result<Vec<Step>, MigrateError> {
    match database {
        Database::Mysql(config) => mysql::migrate::run(config, task).await,
        #[cfg(feature = "sqlite")]
        Database::Sqlite(path) => sqlite::migrate::run(&path, task).await,
    }
}

/// Opens the database. A MySQL server need not be there yet: the first statement connects.
///
/// # Errors
/// If an SQLite file cannot be opened or migrated.
#[cfg_attr(not(feature = "sqlite"), expect(clippy::unused_async, reason = "opening SQLite waits"))]
pub async fn open(database: Database) -> Result<Arc<dyn Store>, Error> {
    match database {
        Database::Mysql(config) => Ok(Arc::new(mysql::MySqlStore::new(config)?)),
        #[cfg(feature = "sqlite")]
        Database::Sqlite(path) => Ok(Arc::new(sqlite::SqliteStore::open(&path).await?)),
    }
}
