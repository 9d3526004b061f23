//! The database: how statements are run. Features bring their SQL.

mod connection;
mod connector;
mod error;
mod executor;
mod in_flight;
mod leased;
pub mod migrations;
mod millis;
mod mysql;
mod outcome;
#[cfg(test)]
pub(crate) mod plans;
mod pool;
mod readiness;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod transaction;
mod within;

#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::connector::Connector;
pub(crate) use self::error::DatabaseError;
pub use self::error::{Cause, Error, Outage, Retry};
pub(crate) use self::executor::Executor;
use self::migrations::Migration;
#[cfg(feature = "sqlite")]
use self::migrations::Task;
pub(crate) use self::millis::{from_millis, to_millis};
pub use self::mysql::account;
use self::pool::Connections;
pub(crate) use self::pool::PoolState;
pub(crate) use self::statement::{Computed, Statement, Value, Written};
pub(crate) use self::transaction::Transaction;
use crate::config;

/// How many connections read an SQLite file at a time; each is a thread.
#[cfg(feature = "sqlite")]
const SQLITE_READERS: usize = 4;

/// A database and a pool of connections to it. A clone is the same pool.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    connections: Connections,
    migrations: &'static [Migration],
    description: String,
}

impl Database {
    /// Opens the database. A MySQL server need not be reachable yet: the first statement connects. An SQLite file is created
    /// if there is none, and migrated.
    ///
    /// # Errors
    /// If an SQLite file cannot be opened or migrated, or the certificate authorities of a server cannot be read.
    #[cfg_attr(not(feature = "sqlite"), expect(clippy::unused_async, reason = "opening SQLite waits"))]
    pub async fn open(config: config::Database, migrations: &'static [Migration]) -> Result<Self, Error> {
        match config {
            config::Database::Mysql(config) => {
                let description = mysql::description(&config);
                let size = config.pool_size;
                let connector = Connector::to_server(mysql::Connector::new(config)?);
                let connections = Connections::shared(connector, size);
                Ok(Self(Arc::new(Inner { connections, migrations, description })))
            }
            #[cfg(feature = "sqlite")]
            config::Database::Sqlite(path) => Self::open_file(&path, migrations).await,
        }
    }

    /// SQLite has one writer at a time: with one connection for all writes they queue up in order, and none has to poll
    /// for the lock. A database in memory exists only in its one connection.
    #[cfg(feature = "sqlite")]
    async fn open_file(path: &Path, migrations: &'static [Migration]) -> Result<Self, Error> {
        let connections = if path == Path::new(sqlite::IN_MEMORY) {
            Connections::shared(Connector::in_memory(migrations), 1)
        } else {
            migrations::run_on_sqlite(path, migrations, Task::Apply).await?;
            Connections::one_writer(Connector::to_file(path), SQLITE_READERS, Connector::to_file(path))
        };
        let description = format!("SQLite {}", path.display());
        Ok(Self(Arc::new(Inner { connections, migrations, description })))
    }

    /// A database whose every use fails with this error, for tests.
    #[must_use]
    pub fn failing(error: fn() -> Error) -> Self {
        let connections = Connections::shared(Connector::failing(error), 1);
        let description = "a database that always fails".to_owned();
        Self(Arc::new(Inner { connections, migrations: &[], description }))
    }

    /// What kind of database it is, for people: `MySQL at db.example:3306`.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// How many connections there are.
    pub(crate) fn pool_state(&self) -> PoolState {
        self.0.connections.state()
    }

    /// Closes connections that have been idle for longer than this, and returns their number.
    pub(crate) fn close_idle_connections(&self, longer_than: Duration) -> usize {
        self.0.connections.close_idle(longer_than)
    }
}
