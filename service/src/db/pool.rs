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
use super::error::{Damage, Error, Outage};
use super::mysql;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::statement::{Access, Dialect, Statement, Value};
use crate::clock::IdleSince;

/// How long a request waits for a free connection. Past that it is answered 503 and not queued any longer.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// How long making a connection may take, with a secret fetched anew on the way.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Past this idle time a connection is pinged before it is used: a frozen Lambda sandbox, a restarted server or a
/// firewall may have closed it unnoticed.
const PING_AFTER: Duration = Duration::from_secs(5);
/// How long the ping of an idle connection may take.
const PING_LIMIT: Duration = Duration::from_millis(500);
/// How long a transaction that nobody waits for any more may take to be rolled back.
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
    /// One pool for everything, a quarter of which writes leave to reads: while writers wait for a locked row, others
    /// are still served.
    pub(super) fn shared(connector: Connector, size: usize) -> Result<Self, Error> {
        let pool = pool(connector, size)?;
        let permits = Arc::new(Semaphore::new((size - size / 4).max(1)));
        Ok(Self { readers: pool.clone(), writers: pool, write_permits: permits })
    }

    /// A pool for reads beside one connection for all writes.
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
        // A file's connections cost next to nothing, and a database in memory is its connection.
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
    /// Never connects: where tests inject the faults that no real database can be made to have.
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
    pub(super) const fn failing(fault: fn() -> Error) -> Self {
        Self { driver: Driver::Failing(fault), generation: AtomicU64::new(0) }
    }

    /// Invalidates a connection that broke and all that were made before it, those in use as well: a statement that is
    /// sent again must not meet the next dead one.
    fn invalidate(&self, generation: u64) {
        let (next, order) = (generation + 1, Ordering::Relaxed);
        // Of many that find their connections dead at once, one counts.
        let _ = self.generation.compare_exchange(generation, next, order, order);
    }

    async fn connect(&self) -> Result<Connection, Error> {
        match &self.driver {
            Driver::Mysql(connector) => Ok(Connection::Mysql(connector.connect().await?.into())),
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(connector) => Ok(Connection::Sqlite(connector.connect().await?.into())),
            Driver::Failing(fault) => Err(fault()),
        }
    }
}

/// A connection and when it was last used.
pub(super) struct Pooled {
    connection: Connection,
    idle_since: IdleSince,
    /// The connector's when this was made.
    generation: u64,
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
        // One after another, the pings of many dead connections would keep a request waiting for seconds.
        if pooled.generation != self.generation.load(Ordering::Relaxed) {
            return Err(RecycleError::message("invalidated with a connection that was found dead"));
        }
        // A file in this process cannot go away unnoticed.
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
/// Dropped at rest it goes back; in a transaction it is rolled back first, and in the middle of a statement it is
/// closed.
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
            // Takes the lock for writing at once: one that is taken later may be refused without a wait.
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

    /// Draws from the result of a statement what it says about connections.
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
        let (error, damage) = pooled.connection.classify(error);
        match damage {
            Damage::None => self.state = state,
            Damage::This => {}
            Damage::All => {
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
            // Whoever began the transaction is not there any more to end it, such as a client that hung up.
            (State::InTransaction, Ok(runtime)) => {
                let permit = self._permit.take();
                let mut leased = Self { object: Some(object), state: State::InTransaction, _permit: permit };
                runtime.spawn(async move { timeout(ROLLBACK_LIMIT, leased.end("rollback")).await });
            }
            (State::InTransaction, Err(_)) | (State::InFlight, _) => drop(Object::take(object)),
        }
    }
}
