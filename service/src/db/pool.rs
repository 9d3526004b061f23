//! The pool of connections, the same for both databases.
//!
//! It is `deadpool`, because that of sqlx pings at every release, which is a round trip on each request, and loses the
//! connection's place when the ping meets a dead socket (launchbadge/sqlx#4349).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Metrics, Pool, PoolError, QueueMode, TimeoutType, Timeouts};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connector::{Connector, Pooled};
use super::error::{Error, Outage};
use super::in_flight::finish;
use super::leased::Leased;
use super::statement::{Access, Dialect};
use crate::clock::monotonic;
use crate::metrics;

/// The pool time-out: how long a request waits for a free connection before it is answered 503.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// The connect time-out, which includes fetching the secret again.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How many connections there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PoolState {
    pub(crate) open: usize,
    pub(crate) idle: usize,
    pub(crate) max: usize,
}

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

    /// Takes a connection from the pool, or makes one. One that is being made for a caller who goes away is for the next.
    ///
    /// A retry queues again: those who wait for a row that somebody has locked must not keep the connections from all others.
    pub(super) async fn lease(&self, access: Access, deadline: Instant) -> Result<Leased, Error> {
        let (pool, permit) = match access {
            Access::Read => (&self.readers, None),
            Access::Write => (&self.writers, Some(self.write_permit().await?)),
        };
        let pool = pool.clone();
        let object = finish(deadline, async move { waited_for(pool.get()).await }).await?;
        Ok(Leased::new(object.map_err(pool_error)?, permit))
    }

    async fn write_permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = Arc::clone(&self.write_permits).try_acquire_owned() {
            return Ok(permit);
        }
        let permit = waited_for(Arc::clone(&self.write_permits).acquire_owned());
        match timeout(WAIT_LIMIT, permit).await {
            Ok(permit) => permit.map_err(|closed| Error::Internal(closed.into())),
            Err(_) => Err(busy()),
        }
    }

    /// How many connections there are.
    pub(super) fn state(&self) -> PoolState {
        // Of a shared pool both are the same.
        let is_shared = std::ptr::eq(self.readers.manager(), self.writers.manager());
        let pools = [&self.readers, &self.writers].into_iter().take(if is_shared { 1 } else { 2 });
        pools.map(Pool::status).fold(PoolState::default(), |state, pool| PoolState {
            open: state.open + pool.size,
            idle: state.idle + pool.available,
            max: state.max + pool.max_size,
        })
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

pin_project! {
    /// A future whose wait is counted, if its outcome is not there at once. Only then is the clock read.
    struct WaitedFor<F> {
        #[pin]
        future: F,
        wait: Option<Wait>,
    }
}

const fn waited_for<F>(future: F) -> WaitedFor<F> {
    WaitedFor { future, wait: None }
}

impl<F: Future> Future for WaitedFor<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let outcome = this.future.poll(context);
        if outcome.is_pending() {
            this.wait.get_or_insert_with(|| Wait(monotonic()));
        }
        outcome
    }
}

/// A wait for a connection, which is counted when it ends, also if it is given up.
struct Wait(Instant);

impl Drop for Wait {
    fn drop(&mut self) {
        metrics::CONNECTION_WAITS.count();
        metrics::CONNECTION_WAIT_TIME.add(self.0.elapsed());
    }
}

fn busy() -> Error {
    metrics::CONNECTION_REFUSALS.count();
    Error::unavailable(Outage::Busy, "no connection came free in time")
}
