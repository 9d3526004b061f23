//! SQLite: one file, for trying the service out and for a single small machine.

mod error;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tracing::log::LevelFilter;

pub(super) use self::error::{classify, is_busy};
use super::Error;

/// The path of a database in memory.
pub(super) const IN_MEMORY: &str = ":memory:";

/// How long a statement waits for a writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes a file that is not there, for the user of this process alone: it holds addresses and hashes. SQLite gives its log the same
/// permissions. Why it could not be made SQLite finds out as well, and says.
pub(super) fn create(path: &Path) {
    if path != Path::new(IN_MEMORY) {
        let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    }
}

/// Opens a file, or a database in memory.
pub(super) async fn connect(path: &Path) -> Result<SqliteConnection, Error> {
    create(path);
    options(path).connect().await.map_err(|error| classify(error).0)
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
