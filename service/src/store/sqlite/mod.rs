//! SQLite: one file, for trying the service out and for a single small machine.

mod error;
pub(super) mod migrate;
mod users;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::timeout;
use tracing::log::LevelFilter;

use self::error::fault;
use crate::clock::monotonic;
use crate::store::migration::{MigrateError, Task};
use crate::store::{Error, Outage, READY_LIMIT, Store};

/// How long a statement waits for a writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request waits for a free connection.
const WAIT_LIMIT: Duration = Duration::from_secs(3);
/// Readers work side by side; each connection is a thread.
const READERS: u32 = 4;

/// A database file.
///
/// SQLite has one writer at a time: with one connection for all writes they queue up in order, and none has to poll
/// for the lock.
pub(super) struct SqliteStore {
    path: PathBuf,
    reader: SqlitePool,
    writer: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it if there is none, and migrates it.
    pub(super) async fn open(path: &Path) -> Result<Self, Error> {
        migrate::run(path, Task::Apply).await.map_err(|error| match error {
            MigrateError::Store(error) => error,
            error => Error::unavailable(Outage::NotMigrated, error),
        })?;
        Ok(Self { path: path.to_owned(), reader: pool(path, READERS), writer: pool(path, 1) })
    }

    /// Runs one statement, and logs it.
    async fn run<T>(
        name: &'static str,
        statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, sqlx::Error> {
        let start = monotonic();
        let value = statement.await?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        tracing::info!(target: "sql", statement = name, ms, "Database query executed successfully");
        Ok(value)
    }
}

fn pool(path: &Path, size: u32) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(WAIT_LIMIT)
        .test_before_acquire(false)
        .connect_lazy_with(options(path))
}

fn options(path: &Path) -> SqliteConnectOptions {
    use sqlx::ConnectOptions;
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered 201 survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .log_statements(LevelFilter::Off)
        .log_slow_statements(LevelFilter::Off, Duration::MAX)
}

#[async_trait]
impl Store for SqliteStore {
    async fn ready(&self) -> Result<(), Error> {
        let statement = Self::run("ready", sqlx::query("select 1 from users limit 1").execute(&self.reader));
        match timeout(READY_LIMIT, statement).await {
            Ok(result) => result.map(drop).map_err(fault),
            Err(_) => Err(Error::unavailable(Outage::TimedOut, "no answer within two seconds")),
        }
    }

    fn description(&self) -> String {
        format!("SQLite {}", self.path.display())
    }
}
