//! The pool of connections, the same for both databases.
//!
//! It is `deadpool`, because that of sqlx pings at every release, which is a round trip on each request, and loses the
//! connection's place when the ping meets a dead socket (launchbadge/sqlx#4349).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};

use super::connection::{Connection, Outcome};
use super::error::{Error, Invalidation, Outage};
use super::mysql;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::statement::{Access, Dialect, Statement, Value};
use crate::clock::IdleSince;

/// The pool time-out: how long a request waits for a free connection before it is answered 503.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// The connect time-out, which includes fetching the secret again.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Past this idle time a connection is pinged before it is used: a frozen Lambda sandbox, a restarted server or a
/// firewall may have closed it unnoticed.
const PING_AFTER: Duration = Duration::from_secs(5);
/// How long the ping of an idle connection may take.
const PING_LIMIT: Duration = Duration::from_millis(500);
/// How long the rollback of an abandoned transaction may take.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);

/// Connections for reading and for writing.
#[derive(Clone)]
pub(super) struct Connections {
    readers: Pool<Connector>,
    writers: Pool<Connector>,
    /// How many connections writes may hold at a time.
    write_permits: Arc<Semaphore>,
}

impl Connections {
    /// One pool for everything, a quarter of which is reserved for reads: while writers wait for a locked row, reads are
    /// still served.
    pub(super) fn shared(connector: Connector, size: usize) -> Result<Self, Error> {
        let pool = pool(connector, size)?;
        let permits = Arc::new(Semaphore::new((size - size / 4).max(1)));
        Ok(Self { readers: pool.clone(), writers: pool, write_permits: permits })
    }

    /// A pool for reads, and one connection for all writes.
    #[cfg(feature = "sqlite")]
    pub(super) fn one_writer(readers: Connector, size: usize, writer: Connector) -> Result<Self, Error> {
        let write_permits = Arc::new(Semaphore::new(1));
        Ok(Self { readers: pool(readers, size)?, writers: pool(writer, 1)?, write_permits })
    }

    /// Takes a connection from the pool, or makes one.
    pub(super) async fn lease(&self, access: Access, deadline: Instant) -> Result<Leased, Error> {
        let lease = async {
            let permit = match access {
                Access::Read => None,
                Access::Write => Some(self.write_permit().await?),
            };
            let pool = if access == Access::Read { &self.readers } else { &self.writers };
            let object = pool.get().await.map_err(pool_error)?;
            Ok(Leased { object: Some(object), state: State::Idle, _permit: permit })
        };
        timeout_at(deadline.into(), lease).await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn write_permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = Arc::clone(&self.write_permits).try_acquire_owned() {
            return Ok(permit);
        }
        match timeout(WAIT_LIMIT, Arc::clone(&self.write_permits).acquire_owned()).await {
            Ok(permit) => permit.map_err(|closed| Error::Internal(closed.into())),
            Err(_) => Err(busy()),
        }
    }

    /// Closes connections that have been idle for longer than this.
    pub(super) fn close_idle(&self, longer_than: Duration) -> usize {
        // Connections to a file cost next to nothing, and a database in memory would be lost with its connection.
        let still_in_use = |pooled: &Pooled, _: Metrics| {
            pooled.connection.dialect() == Dialect::Sqlite || pooled.idle_since.elapsed() <= longer_than
        };
        [&self.readers, &self.writers].iter().map(|pool| pool.retain(still_in_use).removed.len()).sum()
    }
}

fn pool(connector: Connector, size: usize) -> Result<Pool<Connector>, Error> {
    // The ping of an idle connection has its own limit.
    let timeouts = Timeouts { wait: Some(WAIT_LIMIT), create: Some(CONNECT_LIMIT), recycle: None };
    Pool::builder(connector)
        .max_size(size)
        .timeouts(timeouts)
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Internal(error.into()))
}

fn pool_error(error: PoolError<Error>) -> Error {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait) => busy(),
        PoolError::Timeout(_) => Error::unavailable(Outage::TimedOut, "connecting took too long"),
        error => Error::Internal(error.into()),
    }
}

fn busy() -> Error {
    Error::unavailable(Outage::Busy, "no connection came free in time")
}

fn timed_out() -> Error {
    Error::unavailable(Outage::TimedOut, "no answer within the request's time")
}

/// Makes connections, and decides whether an idle one can be used again.
pub(super) struct Connector {
    driver: Driver,
    /// How often all connections have been invalidated.
    generation: AtomicU64,
}

enum Driver {
    Mysql(mysql::Connector),
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Connector),
    /// Never connects: tests inject errors here that no real database can be made to return.
    Failing(fn() -> Error),
}

impl From<mysql::Connector> for Connector {
    fn from(connector: mysql::Connector) -> Self {
        Self { driver: Driver::Mysql(connector), generation: AtomicU64::new(0) }
    }
}

#[cfg(feature = "sqlite")]
impl From<sqlite::Connector> for Connector {
    fn from(connector: sqlite::Connector) -> Self {
        Self { driver: Driver::Sqlite(connector), generation: AtomicU64::new(0) }
    }
}

impl Connector {
    pub(super) const fn failing(error: fn() -> Error) -> Self {
        Self { driver: Driver::Failing(error), generation: AtomicU64::new(0) }
    }

    /// Invalidates a broken connection and all of its generation or older, those in use as well: a retried statement must
    /// not get the next dead one.
    fn invalidate(&self, generation: u64) {
        let (next, order) = (generation + 1, Ordering::Relaxed);
        // When many connections are found dead at once, the first one counts.
        let _ = self.generation.compare_exchange(generation, next, order, order);
    }

    async fn connect(&self) -> Result<Connection, Error> {
        match &self.driver {
            Driver::Mysql(connector) => Ok(Connection::Mysql(connector.connect().await?.into())),
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(connector) => Ok(Connection::Sqlite(connector.connect().await?.into())),
            Driver::Failing(error) => Err(error()),
        }
    }
}

/// A connection and when it was last used.
pub(super) struct Pooled {
    connection: Connection,
    idle_since: IdleSince,
    /// The connector's generation when this was made.
    generation: u64,
}

impl Manager for Connector {
    type Type = Pooled;
    type Error = Error;

    async fn create(&self) -> Result<Pooled, Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        // Boxed: it is large and rarely needed, and would make the future of every request as large.
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
            Err(_) => timed_out(),
        };
        self.invalidate(pooled.generation);
        Err(error.into())
    }
}

/// A connection taken from the pool.
///
/// Dropping it releases it to the pool; in a transaction it is rolled back first, and in the middle of a statement it is
/// discarded.
pub(super) struct Leased {
    object: Option<Object<Connector>>,
    state: State,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    InFlight,
}

impl Leased {
    pub(super) fn bind(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        self.pooled()?.connection.bind(values)
    }

    /// Runs a statement with the values that were bound.
    pub(super) async fn run<T: Outcome>(&mut self, statement: &'static Statement) -> Result<T, Error> {
        let before = std::mem::replace(&mut self.state, State::InFlight);
        let connection = &mut self.pooled()?.connection;
        let result = T::run(connection, statement.sql(connection.dialect())).await;
        self.settle(result, before)
    }

    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.state = State::InFlight;
        let connection = &mut self.pooled()?.connection;
        let begin = match connection.dialect() {
            Dialect::Mysql => "begin",
            // Takes the write lock at once: upgrading a read lock later may fail without waiting.
            Dialect::Sqlite => "begin immediate",
        };
        let result = connection.command(begin).await;
        self.settle(result, State::InTransaction)
    }

    /// Ends a transaction by `commit` or `rollback`.
    pub(super) async fn end(&mut self, command: &'static str) -> Result<(), Error> {
        self.state = State::InFlight;
        let result = self.pooled()?.connection.command(command).await;
        self.settle(result, State::Idle)
    }

    /// Sets the state after a statement, and invalidates the connections that its error says are broken.
    fn settle<T>(&mut self, result: Result<T, sqlx::Error>, state: State) -> Result<T, Error> {
        let error = match result {
            Ok(value) => {
                self.state = state;
                return Ok(value);
            }
            Err(error) => error,
        };
        let pooled = self.pooled()?;
        let generation = pooled.generation;
        let (error, invalidation) = pooled.connection.classify(error);
        match invalidation {
            Invalidation::None => self.state = state,
            Invalidation::This => {}
            Invalidation::All => {
                if let Some(pool) = self.object.as_ref().and_then(Object::pool) {
                    pool.manager().invalidate(generation);
                }
            }
        }
        Err(error)
    }

    fn pooled(&mut self) -> Result<&mut Pooled, Error> {
        self.object.as_deref_mut().ok_or_else(|| Error::Internal("the connection is gone".into()))
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        match (self.state, Handle::try_current()) {
            (State::Idle, _) => object.idle_since = IdleSince::now(),
            // The request that began the transaction was dropped, such as when its client hung up.
            (State::InTransaction, Ok(runtime)) => {
                let permit = self._permit.take();
                let mut leased = Self { object: Some(object), state: State::InTransaction, _permit: permit };
                runtime.spawn(async move { timeout(ROLLBACK_LIMIT, leased.end("rollback")).await });
            }
            (State::InTransaction, Err(_)) | (State::InFlight, _) => drop(Object::take(object)),
        }
    }
}
