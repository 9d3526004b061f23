//! Makes connections, and decides whether an idle one can be used again.

#[cfg(feature = "sqlite")]
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use tokio::time::timeout;

use super::connection::Connection;
use super::error::{Error, Outage};
#[cfg(feature = "sqlite")]
use super::migrations::{Migration, apply_on_sqlite};
use super::mysql;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::statement::Dialect;
use crate::clock::IdleSince;

/// Past this idle time a connection is pinged before it is used: a frozen Lambda sandbox, a restarted server or a
/// firewall may have closed it unnoticed.
const PING_AFTER: Duration = Duration::from_secs(5);
/// How long the ping of an idle connection may take.
const PING_LIMIT: Duration = Duration::from_millis(500);

/// Makes connections, and decides whether an idle one can be used again.
pub(super) struct Connector {
    driver: Driver,
    /// How often all connections have been invalidated.
    generation: AtomicU64,
}

enum Driver {
    Mysql(Box<mysql::Connector>),
    #[cfg(feature = "sqlite")]
    File(PathBuf),
    /// Each connection is a database of its own.
    #[cfg(feature = "sqlite")]
    Memory(&'static [Migration]),
    /// Never connects: tests inject errors here that no real database can be made to return.
    Failing(fn() -> Error),
}

impl Connector {
    const fn new(driver: Driver) -> Self {
        Self { driver, generation: AtomicU64::new(0) }
    }

    pub(super) fn to_server(connector: mysql::Connector) -> Self {
        Self::new(Driver::Mysql(Box::new(connector)))
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn to_file(path: &Path) -> Self {
        Self::new(Driver::File(path.to_owned()))
    }

    #[cfg(feature = "sqlite")]
    pub(super) const fn in_memory(migrations: &'static [Migration]) -> Self {
        Self::new(Driver::Memory(migrations))
    }

    pub(super) const fn failing(error: fn() -> Error) -> Self {
        Self::new(Driver::Failing(error))
    }

    /// Invalidates a connection that broke and all that were made before it, those in use as well: a statement that is
    /// sent again must not meet the next dead one.
    pub(super) fn invalidate(&self, generation: u64) {
        let (next, order) = (generation + 1, Ordering::Relaxed);
        // Of many that find their connections dead at once, one counts.
        let _ = self.generation.compare_exchange(generation, next, order, order);
    }

    async fn connect(&self) -> Result<Connection, Error> {
        match &self.driver {
            Driver::Mysql(connector) => Ok(Connection::Mysql(connector.connect().await?.into())),
            #[cfg(feature = "sqlite")]
            Driver::File(path) => Ok(Connection::Sqlite(sqlite::connect(path).await?.into())),
            #[cfg(feature = "sqlite")]
            Driver::Memory(migrations) => {
                let mut connection = sqlite::connect(Path::new(sqlite::IN_MEMORY)).await?;
                apply_on_sqlite(&mut connection, migrations).await?;
                Ok(Connection::Sqlite(connection.into()))
            }
            Driver::Failing(error) => Err(error()),
        }
    }
}

/// A connection and when it was last used.
pub(super) struct Pooled {
    pub(super) connection: Connection,
    pub(super) idle_since: IdleSince,
    /// The connector's when this was made.
    pub(super) generation: u64,
}

impl Manager for Connector {
    type Type = Pooled;
    type Error = Error;

    async fn create(&self) -> Result<Pooled, Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        // Boxed: it is large and rare, and would make the future of every request as large.
        let connection = Box::pin(self.connect()).await?;
        Ok(Pooled { connection, idle_since: IdleSince::now(), generation })
    }

    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<Error> {
        // Pinging many dead connections one after another would delay a request by seconds.
        if pooled.generation != self.generation.load(Ordering::Relaxed) {
            return Err(RecycleError::message("invalidated after another connection was found dead"));
        }
        // An SQLite connection is not a socket: it cannot break while it is idle.
        if pooled.connection.dialect() == Dialect::Sqlite || pooled.idle_since.elapsed() <= PING_AFTER {
            return Ok(());
        }
        let error = match timeout(PING_LIMIT, pooled.connection.ping()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => pooled.connection.classify(error).0,
            Err(_) => Error::unavailable(Outage::TimedOut, "no answer to a ping"),
        };
        self.invalidate(pooled.generation);
        Err(error.into())
    }
}
