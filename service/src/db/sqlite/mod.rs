//! SQLite: one file, for trying the service out and for a single small machine.

mod error;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tracing::log::LevelFilter;

pub(super) use self::error::{classify, is_busy};
use super::Error;
use super::migrations::{Migration, apply_on_sqlite};

/// The path of a database in memory.
pub(super) const IN_MEMORY: &str = ":memory:";

/// How long a statement waits for a writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a file.
pub(super) struct Connector {
    path: PathBuf,
    migrations: &'static [Migration],
}

impl Connector {
    pub(super) fn new(path: &Path, migrations: &'static [Migration]) -> Self {
        Self { path: path.to_owned(), migrations }
    }

    pub(super) async fn connect(&self) -> Result<SqliteConnection, Error> {
        let mut connection = options(&self.path).connect().await.map_err(|error| classify(error).0)?;
        if self.path == Path::new(IN_MEMORY) {
            apply_on_sqlite(&mut connection, self.migrations).await?;
        }
        Ok(connection)
    }
}

/// How a file is opened, by requests and by migrations.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A user that was acknowledged with 201 survives a power failure.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .log_statements(LevelFilter::Off)
        .log_slow_statements(LevelFilter::Off, Duration::MAX)
}
