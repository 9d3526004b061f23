//! Makes connections, and decides whether an idle one can be used again.

#[cfg(feature = "sqlite")]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::connection::Connection;
use super::error::Error;
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
    /// How many connections there are.
    open: AtomicUsize,
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
        Self { driver, generation: AtomicU64::new(0), open: AtomicUsize::new(0) }
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

    /// How many connections there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Makes a connection.
    pub(super) async fn make(self: &Arc<Self>) -> Result<Pooled, Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        let connection = self.connect().await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Pooled { connection, idle_since: IdleSince::now(), generation, connector: Arc::clone(self) })
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
    generation: u64,
    connector: Arc<Connector>,
}

impl Pooled {
    /// Whether it can be used as it is. It cannot if it is invalidated, nor, before it was pinged, if it has been idle for long.
    pub(super) fn is_ready(&self) -> bool {
        // An SQLite connection is not a socket: it cannot break while it is idle.
        self.is_valid()
            && (self.connection.dialect() == Dialect::Sqlite || self.idle_since.elapsed() <= PING_AFTER)
    }

    /// Whether it still works. Of those that are found dead at once one is pinged: to ping many one after another would delay
    /// a request by seconds.
    pub(super) async fn works(&mut self) -> bool {
        if !self.is_valid() {
            return false;
        }
        let works = matches!(timeout(PING_LIMIT, self.connection.ping()).await, Ok(Ok(())));
        if !works {
            self.invalidate_all();
        }
        works
    }

    /// Invalidates this connection, which broke, and all that were made before it, those in use as well: a statement that is
    /// sent again must not meet the next dead one.
    pub(super) fn invalidate_all(&self) {
        let (next, order) = (self.generation + 1, Ordering::Relaxed);
        // Of many that find their connections dead at once, one counts.
        let _ = self.connector.generation.compare_exchange(self.generation, next, order, order);
    }

    fn is_valid(&self) -> bool {
        self.generation == self.connector.generation.load(Ordering::Relaxed)
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.connector.open.fetch_sub(1, Ordering::Relaxed);
    }
}
